import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fake, startFake } from './fake.ts';

const FRESH = 'AKIAFRESH';
const NEVER = '<R><UserName>u</UserName><AccessKeyLastUsed><Region>N/A</Region><ServiceName>N/A</ServiceName></AccessKeyLastUsed></R>';

let fake: Fake;
beforeEach(async () => {
  fake = await startFake(({ body }) => {
    if (body.includes('Action=CreateAccessKey')) return { body: `<AccessKeyId>${FRESH}</AccessKeyId>` };
    if (body.includes('Action=GetAccessKeyLastUsed')) return { body: NEVER };
    if (body.includes('Action=DeleteUser')) return { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' };
    if (body.includes('Action=GetUser')) return { status: 403, body: '<Error><Code>InvalidClientTokenId</Code></Error>' };
    return {};
  });
});
afterEach(() => fake.stop());

describe('a fresh access key', () => {
  const signer = () => /Credential=([^/]+)/.exec(fake.seen.at(-1)?.headers.authorization ?? '')?.[1];

  it('looks unknown to the services until its propagation is over', async () => {
    await fake.iam('CreateAccessKey', { UserName: 'u' });
    fake.clock.now += 2_999;
    await fake.secrets('GetSecretValue', {}, FRESH);
    expect(signer()).toBe('AKIA0000000000000000');
    fake.clock.now += 1;
    await fake.secrets('GetSecretValue', {}, FRESH);
    expect(signer()).toBe(FRESH);
  });

  it('looks unknown in a presigned URL as well', async () => {
    await fake.iam('CreateAccessKey', { UserName: 'u' });
    const query = new URLSearchParams({ 'X-Amz-Credential': `${FRESH}/20300101/eu-west-1/s3/aws4_request` });
    await fake.send(`/bucket/key?${query}`);
    expect(fake.seen.at(-1)?.url).not.toContain(FRESH);
    expect((await fake.control('GET', 'counts')).json).toMatchObject({ 's3:GET /bucket/key': { [FRESH]: 1 } });
  });

  it('leaves the keys that were there before alone', async () => {
    await fake.iam('CreateAccessKey', { UserName: 'u' });
    await fake.iam('ListUsers', {}, 'AKIAOLD');
    expect(signer()).toBe('AKIAOLD');
  });
});

describe('the last use of a key', () => {
  const lastUse = async () => (await fake.iam('GetAccessKeyLastUsed', { AccessKeyId: 'AKIAOLD' })).body;

  it('is never at first', async () => {
    expect(await lastUse()).toBe(NEVER);
  });

  it('is noted once per lag, with service and region', async () => {
    await fake.secrets('GetSecretValue', {}, 'AKIAOLD');
    fake.clock.now += 899_999;
    await fake.iam('ListUsers', {}, 'AKIAOLD');
    expect(await lastUse()).toContain(
      '<LastUsedDate>2030-01-01T00:00:00Z</LastUsedDate><ServiceName>secretsmanager</ServiceName><Region>us-east-1</Region>',
    );
    fake.clock.now += 1;
    await fake.iam('ListUsers', {}, 'AKIAOLD');
    expect(await lastUse()).toContain('<LastUsedDate>2030-01-01T00:15:00Z</LastUsedDate><ServiceName>iam</ServiceName>');
  });

  it('counts a call that a policy refuses, but not one whose key is refused', async () => {
    await fake.iam('GetUser', {}, 'AKIAOLD');
    expect(await lastUse()).toBe(NEVER);
    await fake.iam('DeleteUser', {}, 'AKIAOLD');
    expect(await lastUse()).toContain('<ServiceName>iam</ServiceName>');
  });

  it('goes with the key', async () => {
    await fake.iam('ListUsers', {}, 'AKIAOLD');
    await fake.iam('DeleteAccessKey', { AccessKeyId: 'AKIAOLD' });
    expect(await lastUse()).toBe(NEVER);
  });
});
