import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FaultRule } from '../../../local/gateway/faults.ts';
import { type Fake, startFake } from './fake.ts';

let fake: Fake;
beforeEach(async () => {
  fake = await startFake();
});
afterEach(() => fake.stop());

const arm = (...rules: readonly FaultRule[]) => fake.control('POST', 'faults', rules);

describe('faults', () => {
  it('error: refused without effect, as often as told', async () => {
    await arm({ match: 'iam:Create.*', kind: 'error', times: 2, status: 409, code: 'LimitExceeded' });
    for (const _ of [1, 2]) {
      const { status, body } = await fake.iam('CreateUser');
      expect(status).toBe(409);
      expect(body).toContain('<Code>LimitExceeded</Code>');
    }
    expect(fake.seen).toHaveLength(0);
    expect((await fake.iam('CreateUser')).status).toBe(200);
  });

  it('throttle: in the words of each protocol', async () => {
    await arm({ match: '.*', kind: 'throttle', times: 4 });
    expect((await fake.iam('ListUsers')).body).toContain('<Code>Throttling</Code>');
    expect((await fake.secrets('ListSecrets', {})).headers['x-amzn-errortype']).toBe('ThrottlingException');
    const s3 = await fake.send('/b', fake.signed('test', 's3'));
    expect([s3.status, s3.body]).toEqual([503, expect.stringContaining('<Code>SlowDown</Code>')]);
    expect((await fake.send('/functions', fake.signed('test', 'lambda'))).status).toBe(429);
    expect(fake.seen).toHaveLength(0);
  });

  it('drop: no answer and no effect', async () => {
    await arm({ match: 'iam:CreateUser', kind: 'drop' });
    await expect(fake.iam('CreateUser')).rejects.toThrow();
    expect(fake.seen).toHaveLength(0);
  });

  it('drop-after: no answer, but the effect', async () => {
    await arm({ match: 'iam:CreateUser', kind: 'drop-after' });
    await expect(fake.iam('CreateUser')).rejects.toThrow();
    expect(fake.seen).toHaveLength(1);
  });

  it('delay: the effect comes late', async () => {
    await arm({ match: 'iam:CreateUser', kind: 'delay', ms: 60 });
    const answer = fake.iam('CreateUser');
    const early = await fake.iam('ListUsers');
    expect([early.status, fake.seen.length]).toEqual([200, 1]);
    expect([(await answer).status, fake.seen.length]).toEqual([200, 2]);
  });

  it('duplicate: the effect comes twice', async () => {
    await arm({ match: 'iam:CreateUser', kind: 'duplicate' });
    expect((await fake.iam('CreateUser')).status).toBe(200);
    expect(fake.seen).toHaveLength(2);
    expect((await fake.control('GET', 'counts')).json).toEqual({ 'iam:CreateUser': { test: 1 } });
  });

  it('meet one caller only where one is named, and tell when they fired', async () => {
    await arm({ match: 'iam:CreateUser', kind: 'error', caller: 'AKIAVICTIM' });
    expect((await fake.iam('CreateUser')).status).toBe(200);
    expect((await fake.iam('CreateUser', {}, 'AKIAVICTIM')).status).toBe(500);
    const fired = [{ call: 'iam:CreateUser', kind: 'error', caller: 'AKIAVICTIM', at: fake.clock.now }];
    expect((await fake.control('GET', 'fired')).json).toEqual(fired);
  });

  it('match the whole name, not a part', async () => {
    await arm({ match: 'CreateUser|iam:Create', kind: 'error' });
    expect((await fake.iam('CreateUser')).status).toBe(200);
  });

  it.each([
    [[{ match: 'iam:CreateUser', kind: 'explode' }], 'kind is not one of'],
    [[{ match: '(', kind: 'drop' }], 'match is not a regular expression'],
    [[{ kind: 'drop' }], 'match is missing'],
    [[{ match: 'x', kind: 'drop', time: 2 }], 'time means nothing'],
    [[{ match: 'x', kind: 'drop', times: '2' }], 'times is not a whole number'],
    [{ match: 'x' }, 'a list of faults is needed'],
  ])('%j is refused: %s', async (rules, why) => {
    const { status, json } = await fake.control('POST', 'faults', rules);
    expect([status, json.message]).toEqual([400, expect.stringContaining(why)]);
  });
});

describe('counts', () => {
  it('count every call by operation and key, faults included', async () => {
    await arm({ match: 'iam:CreateUser', kind: 'throttle' });
    await fake.iam('CreateUser');
    await fake.iam('CreateUser');
    await fake.iam('CreateUser', {}, 'AKIAOTHER');
    await fake.secrets('GetSecretValue', {});
    await fake.send('/2015-03-31/functions/8d5957c1-2b7c-4d6e/code', fake.signed('test', 'lambda'));
    await fake.send('/health');
    expect((await fake.control('GET', 'counts')).json).toEqual({
      'iam:CreateUser': { test: 2, AKIAOTHER: 1 },
      'secretsmanager:GetSecretValue': { test: 1 },
      'lambda:GET /2015-03-31/functions/*/code': { test: 1 },
      'none:GET /health': { anonymous: 1 },
    });
  });

  it('know operations of the CBOR protocol', async () => {
    await fake.send('/service/GraniteServiceVersion20100801/operation/PutMetricData', fake.signed('test', 'monitoring'), 'x');
    expect((await fake.control('GET', 'counts')).json).toEqual({ 'monitoring:PutMetricData': { test: 1 } });
  });
});

describe('control', () => {
  it('never reaches the emulator and is not counted', async () => {
    await fake.control('GET', 'counts');
    await fake.control('POST', 'faults', []);
    expect((await fake.control('GET', 'nonsense')).status).toBe(404);
    expect([(await fake.control('GET', 'counts')).json, fake.seen]).toEqual([{}, []]);
  });

  it('does not listen to a web page, which can send neither our Host nor our content type', async () => {
    const json = { 'content-type': 'application/json' };
    expect((await fake.send('/_nhi/counts', { host: 'evil.example' })).status).toBe(403);
    expect((await fake.send('/_nhi/counts', { host: '127.0.0.1.evil.example' })).status).toBe(403);
    expect((await fake.send('/_nhi/faults', { 'content-type': 'text/plain' }, '[]')).status).toBe(415);
    expect((await fake.send('/_nhi/faults', { ...json, host: 'localhost:1' }, '[]')).status).toBe(200);
  });

  it('reset forgets counts and faults; the resources only when told', async () => {
    await arm({ match: '.*', kind: 'error' });
    await fake.iam('CreateUser');
    await fake.control('POST', 'reset', {});
    expect((await fake.control('GET', 'counts')).json).toEqual({});
    expect((await fake.control('GET', 'fired')).json).toEqual([]);
    expect(fake.seen).toHaveLength(0);
    expect((await fake.control('POST', 'reset', { resources: true })).status).toBe(200);
    expect(fake.seen[0]).toMatchObject({ method: 'POST', url: '/_ministack/reset' });
  });
});
