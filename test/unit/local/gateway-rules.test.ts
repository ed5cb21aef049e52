import { afterEach, describe, expect, it } from 'vitest';
import { type Fake, type Reply, startFake } from './fake.ts';

let fake: Fake | undefined;
afterEach(() => fake?.stop());

const users = (names: readonly string[]): Reply => {
  const members = names.map((name) => `<member><UserName>${name}</UserName><Tags><member><Key>k</Key></member></Tags></member>`);
  return { body: `<R><Users>${members.join('')}</Users><IsTruncated>false</IsTruncated></R>` };
};
const namesIn = (xml: string) => [...xml.matchAll(/<UserName>(.*?)<\/UserName>/g)].map(([, name]) => name);
const markerIn = (xml: string) => /<Marker>(.*?)<\/Marker>/.exec(xml)?.[1];

describe('lists of IAM', () => {
  it('come a page at a time, and a change between two pages skips nothing', async () => {
    let all = ['d', 'a', 'c', 'b', 'e'];
    fake = await startFake(() => users(all));
    const first = await fake.iam('ListUsers', { MaxItems: '2' });
    expect(namesIn(first.body)).toEqual(['a', 'b']);
    expect(first.body).toContain('<IsTruncated>true</IsTruncated>');
    all = all.filter((name) => name !== 'a' && name !== 'b');
    const second = await fake.iam('ListUsers', { MaxItems: '2', Marker: markerIn(first.body) ?? '' });
    expect(namesIn(second.body)).toEqual(['c', 'd']);
    const third = await fake.iam('ListUsers', { MaxItems: '2', Marker: markerIn(second.body) ?? '' });
    expect(namesIn(third.body)).toEqual(['e']);
    expect(third.body).toContain('<IsTruncated>false</IsTruncated>');
    expect(markerIn(third.body)).toBeUndefined();
  });

  it('give a hundred unless told otherwise', async () => {
    fake = await startFake(() => users(Array.from({ length: 101 }, (_, index) => `u${String(index).padStart(3, '0')}`)));
    const { body } = await fake.iam('ListUsers');
    expect(namesIn(body)).toHaveLength(100);
    expect(markerIn(body)).toBeDefined();
  });

  it('come as they are when they fit', async () => {
    fake = await startFake(() => users(['b', 'a']));
    expect(namesIn((await fake.iam('ListUsers', { MaxItems: '2' })).body)).toEqual(['b', 'a']);
  });

  it.each(['0', '1001', 'many'])('refuse MaxItems %s', async (MaxItems) => {
    fake = await startFake(() => users([]));
    const { status, body } = await fake.iam('ListUsers', { MaxItems });
    expect(status).toBe(400);
    expect(body).toContain('<Code>ValidationError</Code>');
    expect(fake.seen).toHaveLength(0);
  });

  it('page plain text too', async () => {
    const body = '<R><PolicyNames><member>b</member><member>a</member></PolicyNames><IsTruncated>false</IsTruncated></R>';
    fake = await startFake(() => ({ body }));
    const page = await fake.iam('ListUserPolicies', { UserName: 'u', MaxItems: '1' });
    expect(page.body).toContain('<PolicyNames><member>a</member></PolicyNames>');
  });
});

describe('tokens of Secrets Manager', () => {
  it.each([
    ['CreateSecret', 31, 400],
    ['CreateSecret', 32, 200],
    ['PutSecretValue', 64, 200],
    ['PutSecretValue', 65, 400],
    ['RotateSecret', 1, 400],
  ])('%s with %i characters: %i', async (operation, length, status) => {
    fake = await startFake();
    const answer = await fake.secrets(operation, { ClientRequestToken: 'x'.repeat(length) });
    expect(answer.status).toBe(status);
    if (status === 400) expect(JSON.parse(answer.body)).toMatchObject({ __type: 'InvalidParameterException' });
    expect(fake.seen).toHaveLength(status === 200 ? 1 : 0);
  });

  it('may be left out, and are nobody else’s business', async () => {
    fake = await startFake();
    expect((await fake.secrets('CreateSecret', { Name: 'n' })).status).toBe(200);
    expect((await fake.secrets('TagResource', { ClientRequestToken: 'short' })).status).toBe(200);
  });
});

describe('what passes through', () => {
  it('keeps host, body and headers, and the length that HEAD tells', async () => {
    fake = await startFake(({ method }) => ({ headers: { 'x-kept': 'yes', ...(method === 'HEAD' && { 'content-length': 1234 }) } }));
    const big = 'x'.repeat(3_000_000);
    const put = await fake.send('/bucket/key', { host: 'bucket.example:1', 'x-amz-meta-a': 'b', expect: '100-continue' }, big, 'PUT');
    expect(put.headers['x-kept']).toBe('yes');
    expect(fake.seen[0]).toMatchObject({ method: 'PUT', url: '/bucket/key', headers: { host: 'bucket.example:1', 'x-amz-meta-a': 'b' } });
    expect(fake.seen[0]?.headers['expect']).toBeUndefined();
    expect(fake.seen[0]?.body).toBe(big);
    expect((await fake.send('/bucket/key', {}, '', 'HEAD')).headers['content-length']).toBe('1234');
  });

  it('is refused as unavailable, in the words of the protocol, while the emulator is not up', async () => {
    fake = await startFake();
    const { startGateway } = await import('../../../local/gateway/server.ts');
    const early = await startGateway({ port: 0, propagationMs: 0, lastUsedLagMs: 0 });
    const answer = await fetch(`http://127.0.0.1:${early.port}/`, { method: 'POST', headers: { 'x-amz-target': 'a.B' } });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ __type: 'ServiceUnavailable' });
    await early.close();
  });

  it('a taken port is told in one sentence', async () => {
    fake = await startFake();
    const { startGateway } = await import('../../../local/gateway/server.ts');
    const taken = startGateway({ port: fake.gateway.port, propagationMs: 0, lastUsedLagMs: 0 });
    await expect(taken).rejects.toThrow(`Port ${fake.gateway.port} is taken`);
  });
});
