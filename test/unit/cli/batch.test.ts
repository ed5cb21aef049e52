import { describe, expect, it } from 'vitest';
import { useApi } from './api.ts';

const api = useApi();
const SEAL = 'ab'.repeat(12);
const held = {
  ...{
    seal: SEAL,
    heldSince: '2026-06-01T00:00:00.000Z',
    escalatesAt: '2026-06-01T04:00:00.000Z',
    overdue: true,
    owners: 2,
    credentials: 2,
  },
  members: [
    {
      ...{ owner: 'hr:1', email: 'a@example.com', cause: 'leave (normal)', heldAt: '2026-06-01T00:00:00.000Z' },
      credentials: [
        { id: 'cred_1', profile: 'p', act: 'revoke' },
        { id: 'cred_2', profile: 'p', act: 'transfer' },
      ],
    },
    { owner: 'hr:2', email: 'b@example.com', cause: 'move (moved)', heldAt: '2026-06-01T00:00:01.000Z', credentials: [] },
  ],
};
const released = [{ seal: 'cd', by: 'hr:9', reason: 'a real reorganisation', at: '2026-05-01T00:00:00.000Z' }];

describe('nhi batch', () => {
  it('list shows each owner, why, what would follow, and how to let it go', async () => {
    api.answer({ body: { held, released } });
    const { code, out } = await api.nhi('batch', 'list');
    expect(code).toBe(0);
    expect(out).toContain('2 owners with 2 credentials are held since 2026-06-01T00:00:00.000Z; OVERDUE from 2026-06-01T04:00:00.000Z on');
    expect(out).toMatch(
      /hr:1 +a@example.com +leave \(normal\) +\S+ +cred_1 +revoke\n +cred_2 +transfer\nhr:2 +b@example.com +move \(moved\)/,
    );
    expect(out).toContain(`nhi batch release ${SEAL} --reason`);
    expect(out).toContain('released 2026-05-01T00:00:00.000Z by hr:9: a real reorganisation (seal cd)');
  });

  it('list says so where nothing is held, and prints JSON', async () => {
    api.answer({ body: { held: null, released: [] } }, { body: { held: null, released: [] } });
    expect((await api.nhi('batch', 'list')).out).toBe('Nothing is held.');
    expect((await api.nhi('batch', 'list', '--json')).out).toContain('"held": null');
  });

  it('release names the seal and the reason', async () => {
    api.answer({ body: { seal: SEAL, by: 'own_1', owners: 2 } });
    expect(await api.nhi('batch', 'release', SEAL, '--reason', 'looked at it')).toMatchObject({ code: 0 });
    expect(api.asked).toEqual([{ method: 'POST', path: `/v1/batches/${SEAL}/release`, body: { reason: 'looked at it' } }]);
  });

  it('release of a seal that changed tells the new one', async () => {
    const errors = [{ field: 'seal', value: SEAL, rule: 'must be cdcd' }];
    api.answer({ status: 409, body: { title: 'The batch is not what was looked at any more', errors } });
    expect(await api.nhi('batch', 'release', SEAL, '--reason', 'x')).toMatchObject({
      code: 1,
      err: expect.stringContaining('must be cdcd'),
    });
  });
});

describe('nhi owner show', () => {
  it('says that a removal is held, and where to look', async () => {
    const offboarding = { cause: 'normal', held: { batch: 1, since: '2026-06-01T00:00:00.000Z', escalated: false }, pass: 1 };
    api.answer({ body: { id: 'own_1', status: 'left', offboarding, credentials: [], more: false } });
    const { out } = await api.nhi('owner', 'show', 'hr:1');
    expect(out).toContain('cause=normal held=(batch=1 since=2026-06-01T00:00:00.000Z escalated=false) pass=1');
    expect(out).toMatch(/Held by the guard since 2026-06-01T00:00:00.000Z: .*`nhi batch list`/);
  });
});

describe('findings', () => {
  const finding = (kind: string, status: string, wouldHave = 'none') => ({
    ...{ kind, subject: `${kind}-${status}`, status, wouldHave, detail: 'd', firstSeenAt: 'f', lastSeenAt: 'l' },
  });
  const findings = [
    finding('stray-user', 'open'),
    finding('unmanaged', 'resolved'),
    finding('leaver', 'open', 'transfer'),
    finding('mover', 'open', 'reapprove'),
    finding('not-entitled', 'open', 'revoke'),
  ];
  it.each([
    [
      ['finding', 'list'],
      ['stray-user', 'leaver', 'mover', 'not-entitled'],
    ],
    [
      ['finding', 'list', '--all'],
      ['stray-user', 'unmanaged', 'leaver', 'mover', 'not-entitled'],
    ],
    [
      ['report', 'orphans'],
      ['stray-user', 'leaver', 'mover', 'not-entitled'],
    ],
    [
      ['report', 'would-have'],
      ['leaver', 'mover', 'not-entitled'],
    ],
  ])('%j shows %j', async (args, kinds) => {
    api.answer({ body: { findings } });
    const { out } = await api.nhi(...args, '--json');
    expect(JSON.parse(out).findings.map(({ kind }: { kind: string }) => kind)).toEqual(kinds);
  });
});
