import { describe, expect, it } from 'vitest';
import { useApi } from './api.ts';

const api = useApi();
const ID = 'cred_00000000000000000000000001';
const key = (keyId: string, phase: string) => ({ keyId, phase });
const shown = (change: object = {}) => ({
  body: { id: ID, status: 'active', secretName: `nhi/p/${ID}`, keys: [key('AKIA1', 'current')], ...change },
});
const reason = ['--reason', 'a test'];

describe('nhi credential', () => {
  it.each([
    ['rotate', [], 'rotate'],
    ['rotate', ['--now'], 'replace'],
    ['undo', [], 'undo'],
    ['suspend', [], 'suspend'],
    ['resume', [], 'resume'],
    ['revoke', [], 'revoke'],
    ['transfer', ['--to', 'hr:2'], 'transfer'],
    ['accept', [], 'accept'],
    ['refuse', [], 'refuse'],
    ['approve', [], 'approve'],
  ])('%s %j asks for %s, with the reason', async (name, more, verb) => {
    api.answer(shown());
    const { code, out } = await api.nhi('credential', name, ID, ...reason, ...more);
    expect([code, out]).toEqual([0, expect.stringContaining(ID)]);
    const to = more[0] === '--to' ? { to: 'hr:2' } : {};
    expect(api.asked).toEqual([{ method: 'POST', path: `/v1/credentials/${ID}/${verb}`, body: { reason: 'a test', ...to } }]);
  });

  it.each([
    ['rotate', [], /--reason/],
    ['transfer', reason, /--to/],
    ['accept', [...reason, '--to', 'hr:2'], /unknown option '--to'/],
    ['approve', [...reason, '--wait'], /unknown option '--wait'/],
    ['rotat', [], /Did you mean rotate\?/],
  ])('%s %j is wrong use, and asks nobody', async (name, more, told) => {
    const { code, err } = await api.nhi('credential', name, ID, ...more);
    expect([code, api.asked]).toEqual([2, []]);
    expect(err).toMatch(told);
    expect(err).toContain('--help tells what there is');
  });

  it('prints JSON where it is asked to', async () => {
    api.answer(shown());
    const { out } = await api.nhi('credential', 'suspend', ID, ...reason, '--json');
    expect(JSON.parse(out)).toEqual(shown().body);
  });

  it.each([
    [403, 4],
    [404, 1],
    [409, 1],
  ])('an answer of %i is exit code %i, with value and rule', async (status, code) => {
    const errors = [{ field: 'id', value: ID, rule: 'cannot rotate: revoked on 2026-05-02T10:00:00.000Z (owner-left)' }];
    api.answer({ status, body: { title: 'The credential is revoked', errors } });
    const answer = await api.nhi('credential', 'rotate', ID, ...reason);
    expect(answer.code).toBe(code);
    expect(answer.err).toBe(
      `The credential is revoked (${status})\n  id: ${ID}: cannot rotate: revoked on 2026-05-02T10:00:00.000Z (owner-left)`,
    );
  });

  it('no answer is exit code 3, and says whose', async () => {
    const { code, err } = await api.nhi('credential', 'undo', ID, ...reason, '--api', 'http://127.0.0.1:1');
    expect([code, err]).toEqual([3, expect.stringContaining('No answer from http://127.0.0.1:1')]);
  });

  it('what is no URL is told', async () => {
    const { code, err } = await api.nhi('credential', 'undo', ID, ...reason, '--api', 'nowhere');
    expect([code, err]).toEqual([2, expect.stringContaining("--api: 'nowhere' is no URL")]);
  });
});

describe('--wait', () => {
  it.each([
    ['rotate', [], shown({ keys: [key('AKIA2', 'current'), key('AKIA1', 'retiring')] })],
    ['rotate', ['--now'], shown()],
    ['undo', [], shown()],
    ['suspend', [], shown({ status: 'suspended', suspension: { accessRemovedAt: 'now' } })],
    ['resume', [], shown()],
    ['revoke', [], shown({ status: 'revoked' })],
  ])('of %s %j asks until it is there', async (name, more, there) => {
    const notYet = shown({
      status: 'suspended',
      suspension: {},
      replacement: {},
      keys: [key('AKIA1', 'current'), key('AKIA0', 'restoring')],
    });
    api.answer(notYet, there);
    const { code } = await api.nhi('credential', name, ID, ...reason, '--wait', ...more);
    expect([code, api.asked.map(({ method, path }) => `${method} ${path}`)]).toEqual([
      0,
      [`POST /v1/credentials/${ID}/${more[0] ? 'replace' : name}`, `GET /v1/credentials/${ID}`],
    ]);
  });

  it('of a rotation does not take the old key for the new one', async () => {
    api.answer(shown(), shown(), shown({ keys: [key('AKIA2', 'current')] }));
    await api.nhi('credential', 'rotate', ID, ...reason, '--wait');
    expect(api.asked).toHaveLength(3);
  }, 10_000);

  it('revoke --now waits for the access to be gone, not for the receipt', async () => {
    api.answer(shown({ status: 'revoking' }), shown({ status: 'revoking', accessRemovedAt: 'now' }));
    const { code, out } = await api.nhi('credential', 'revoke', ID, ...reason, '--now');
    expect([code, api.asked.length, out]).toEqual([0, 2, expect.stringContaining('accessRemovedAt')]);
  });

  it('ends where it can’t get there any more', async () => {
    api.answer(shown({ status: 'suspended' }), shown({ status: 'revoked' }));
    const { code, err } = await api.nhi('credential', 'resume', ID, ...reason, '--wait');
    expect([code, err]).toEqual([1, expect.stringContaining(`${ID} was revoked before that; \`nhi credential show ${ID}\``)]);
  });
});

describe('nhi credential show', () => {
  it('prints what is under way and the whole timeline', async () => {
    const events = [
      {
        ...{ at: '2026-05-01T00:00:00.000Z', type: 'ReplacementStarted', detail: 'to hr:2 (manager)' },
        ...{ cause: 'owner-left; passed over hr:3 as named: not-eligible: OTHER', actor: { kind: 'system', id: 'offboard' } },
      },
    ];
    const succession = { from: 'hr:1', to: 'hr:2', acceptedAt: null, refusedBy: ['hr:4', 'hr:5'] };
    api.answer(shown({ passedOver: 'hr:3 as named: not-eligible: OTHER', succession, events }));
    const { out } = await api.nhi('credential', 'show', ID);
    expect(out).toContain('from=hr:1 to=hr:2 acceptedAt=none refusedBy=hr:4, hr:5');
    expect(out).toMatch(/passedOver +hr:3 as named: not-eligible: OTHER/);
    expect(out).toMatch(
      /2026-05-01T00:00:00.000Z +ReplacementStarted +to hr:2 \(manager\) +owner-left; passed over hr:3 .* +system offboard/,
    );
  });
});
