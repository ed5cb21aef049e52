import { describe, expect, it, vi } from 'vitest';
import { api } from '../../../functions/api/api.ts';
import type { HttpEvent } from '../../../functions/api/http.ts';
import { log } from '../../../functions/shared/log.ts';
import type { CallerRule, Policy } from '../../../lib/domain/policy.ts';
import { givenPolicy } from '../../given-policy.ts';
import { company } from '../application/company.ts';

const rule = (role: string, may: CallerRule['may']): CallerRule => ({
  ...{ match: { arn: `arn:aws:sts::1:assumed-role/${role}/{name}` }, owner: 'hr:{name}', may, for: [] },
});
const callers = [rule('person', ['request']), rule('operator', ['operate']), rule('auditor', ['audit']), rule('steward', ['steward'])];

/** The whole API over a ledger in memory, called as API Gateway calls it. */
async function world(change: Partial<Policy> = {}) {
  const made = company(givenPolicy({ callers, ...change }));
  for (const subject of ['hr:1', 'hr:2', 'hr:9']) await made.joins(subject);
  const handler = api({ ...made.ports, account: '1' });
  const call = async (who: string, method: 'GET' | 'POST', path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const [rawPath = '', query] = path.split('?');
    const event = {
      ...{ version: '2.0', routeKey: '$default', rawPath, headers },
      queryStringParameters: query ? Object.fromEntries(new URLSearchParams(query)) : undefined,
      requestContext: { http: { method, path: rawPath }, authorizer: { iam: { userArn: `arn:aws:sts::1:assumed-role/${who}` } } },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    } as unknown as HttpEvent;
    const answer = await handler(event, {} as never);
    return { status: answer.statusCode, type: answer.headers?.['content-type'], json: JSON.parse(answer.body ?? '') };
  };
  return { ...made, call };
}

const reason = { reason: 'a test' };
const wanted = { profile: 'p', purpose: 'nightly', environment: 'e' };
const SEAL = 'ab'.repeat(12);

describe('every route', () => {
  it.each([
    ['POST', '/v1/credentials', wanted],
    ['GET', '/v1/credentials', undefined],
    ['GET', '/v1/credentials/ID', undefined],
    ...['revoke', 'rotate', 'replace', 'suspend', 'resume', 'undo', 'accept', 'refuse', 'approve'].map(
      (verb) => ['POST', `/v1/credentials/ID/${verb}`, reason] as const,
    ),
    ['POST', '/v1/credentials/ID/transfer', { ...reason, to: 'hr:2' }],
    ['GET', '/v1/owners/hr%3A1', undefined],
    ['POST', '/v1/owners/hr%3A1/kill', reason],
    ['POST', '/v1/owners/hr%3A1/unkill', reason],
    ['GET', '/v1/findings', undefined],
    ['GET', '/v1/batches', undefined],
    ['POST', `/v1/batches/${SEAL}/release`, reason],
  ] as const)('%s %s is there, and refuses who is nobody', async (method, path, body) => {
    const { call, issue } = await world();
    const answer = await call('stranger/1', method, path.replace('ID', await issue('hr:1')), body);
    expect(answer).toMatchObject({ status: 403, type: 'application/problem+json', json: { code: 'unmapped-caller' } });
  });

  it('that takes a body says what is wrong with it, by field', async () => {
    const { call, issue } = await world();
    const path = `/v1/credentials/${await issue('hr:1')}`;
    const refused = async (verb: string, body: unknown) => (await call('person/1', 'POST', `${path}/${verb}`, body)).json.errors;
    expect(await refused('rotate', 'not json')).toEqual([{ field: '(body)', value: 'not json', rule: 'is no JSON' }]);
    expect(await refused('rotate', {})).toMatchObject([{ field: 'reason', value: '(absent)' }]);
    expect(await refused('rotate', { ...reason, to: 'hr:2' })).toMatchObject([{ rule: 'Unrecognized key: "to"' }]);
    expect(await refused('transfer', reason)).toMatchObject([{ field: 'to', value: '(absent)' }]);
  });

  it.each([
    ['/v1/credentials/nonsense', 'id'],
    ['/v1/credentials?after=nonsense', 'after'],
  ])('GET %s names the field that can’t be', async (path, field) => {
    const { call } = await world();
    expect(await call('auditor/9', 'GET', path)).toMatchObject({ status: 400, json: { errors: [{ field, value: 'nonsense' }] } });
  });

  it('a seal that is none is told', async () => {
    const { call } = await world();
    const answer = await call('steward/9', 'POST', '/v1/batches/none/release', reason);
    expect(answer).toMatchObject({ status: 400, json: { errors: [{ field: 'seal', value: 'none' }] } });
  });

  it('a path that can’t be decoded is nobody’s', async () => {
    const { call } = await world();
    expect(await call('auditor/9', 'GET', '/v1/owners/%E0%A4%A')).toMatchObject({ status: 404 });
  });

  it('that is none is told as such', async () => {
    const { call } = await world();
    expect(await call('auditor/9', 'GET', '/v1/nothing')).toMatchObject({ status: 404, json: { code: 'no-such-route' } });
  });
});

describe('a request, a change, a look', () => {
  it('runs from end to end', async () => {
    const { call } = await world();
    const made = await call('person/1', 'POST', '/v1/credentials', wanted, { 'idempotency-key': 'k' });
    expect(made).toMatchObject({ status: 201, json: { status: 'provisioning' } });
    expect(await call('person/1', 'POST', '/v1/credentials', wanted, { 'idempotency-key': 'k' })).toMatchObject({
      status: 200,
      json: { id: made.json.id },
    });
    expect(await call('person/1', 'POST', `/v1/credentials/${made.json.id}/revoke`, reason)).toMatchObject({ status: 202 });
    expect(await call('person/1', 'GET', `/v1/credentials/${made.json.id}`)).toMatchObject({
      status: 200,
      json: { ownerRef: 'hr:1', events: [{ type: 'CredentialRequested' }, { type: 'RevocationStarted', cause: 'a test' }] },
    });
    expect(await call('person/1', 'GET', '/v1/owners/hr%3A1')).toMatchObject({
      status: 200,
      json: { credentials: [{ id: made.json.id }] },
    });
    expect(await call('person/2', 'GET', `/v1/credentials/${made.json.id}`)).toMatchObject({ status: 404 });
  });

  it('that its state does not allow is told with the state', async () => {
    const { call, issue, now } = await world();
    const id = await issue('hr:1');
    await call('operator/9', 'POST', `/v1/credentials/${id}/revoke`, reason);
    expect(await call('operator/9', 'POST', `/v1/credentials/${id}/rotate`, reason)).toMatchObject({
      status: 409,
      json: {
        code: 'already-ending',
        errors: [{ field: 'id', value: id, rule: `cannot rotate: being revoked since ${new Date(now()).toISOString()} (requested)` }],
      },
    });
  });
});

describe('what the guard holds', () => {
  const none = { owners: 0, credentials: 0 };
  const guard = { hour: none, day: none, week: none, forCauseAnHour: 1, escalateAfterMs: 1 };

  it('is listed, and released by a second person on its seal', async () => {
    const { call, fact, work, issue } = await world({ guard });
    await issue('hr:1');
    await fact('Left', 'hr:1');
    await work('hr:1');
    const { json } = await call('auditor/9', 'GET', '/v1/batches');
    expect(json).toMatchObject({ held: { owners: 1, members: [{ owner: 'hr:1', cause: 'leave (normal)' }] }, released: [] });
    const release = (who: string, seal: string) => call(who, 'POST', `/v1/batches/${seal}/release`, reason);
    expect(await release('auditor/9', json.held.seal)).toMatchObject({ status: 403, json: { code: 'right-missing' } });
    expect(await release('steward/9', SEAL)).toMatchObject({
      status: 409,
      json: { code: 'seal-changed', errors: [{ value: SEAL, rule: `must be ${json.held.seal}` }] },
    });
    expect(await release('steward/9', json.held.seal)).toMatchObject({ status: 200, json: { owners: 1, reason: 'a test' } });
    expect((await call('auditor/9', 'GET', '/v1/batches')).json).toMatchObject({
      held: null,
      released: [{ by: 'hr:9', reason: 'a test' }],
    });
  });
});

describe('what breaks', () => {
  it('is told in one word, and logged', async () => {
    const { call, ledger } = await world();
    const logged = vi.spyOn(log, 'error').mockImplementation(() => undefined);
    Object.assign(ledger, { findings: () => Promise.reject(new Error('table nhi is gone')) });
    const answer = await call('auditor/9', 'GET', '/v1/findings');
    expect(answer).toMatchObject({ status: 500, json: { code: 'internal', errors: [] } });
    expect(JSON.stringify(answer)).not.toContain('table nhi');
    expect(logged.mock.calls).toMatchObject([['request failed', { error: { message: 'table nhi is gone' } }]]);
    logged.mockRestore();
  });
});
