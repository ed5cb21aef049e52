import { describe, expect, it } from 'vitest';
import { followPolicy, notePolicy } from '../../../lib/application/follow-policy.ts';
import { listBatches, releaseBatch } from '../../../lib/application/release-batch.ts';
import { workOnOwner } from '../../../lib/application/work-owner.ts';
import type { Policy } from '../../../lib/domain/policy.ts';
import type { EpochMs } from '../../../lib/domain/types.ts';
import { givenPolicy, givenProfile } from '../../given-policy.ts';
import { as, company } from './company.ts';

const one = { owners: 1, credentials: 10 };
const plenty = { owners: 100, credentials: 1_000 };
const source = { kind: 'bus', accountable: 'hr:10', principals: ['arn:aws:iam::1:role/feeds/hr-export'], maxSequenceJump: 1_000 } as const;

/** One leaver a day passes; the second, third and fourth are held. */
async function world(change: Partial<Policy> = {}) {
  const guard = { hour: one, day: plenty, week: plenty, forCauseAnHour: 1, escalateAfterMs: 3_600_000 };
  const made = company(givenPolicy({ guard, sources: { hr: source, crm: { ...source, accountable: 'crm:1' } }, ...change }));
  for (const subject of ['hr:1', 'hr:2', 'hr:3', 'hr:10', 'hr:20', 'hr:21', 'crm:1']) await made.joins(subject);
  const credentials = { 1: await made.issue('hr:1'), 2: await made.issue('hr:2'), 3: await made.issue('hr:3') };
  const leave = async (ref: string): Promise<void> => {
    await made.fact('Left', ref);
    await made.work(ref);
  };
  await leave('hr:1');
  await leave('hr:2');
  const list = (caller = steward) => listBatches(made.ports)(caller, caller.arn);
  const held = async () => {
    const answer = await list();
    if (!answer.ok || !answer.held) throw new Error('nothing is held');
    return answer.held;
  };
  const release = (caller = steward, seal?: string, ports = made.ports, arn = caller.arn) =>
    held()
      .then((batch) => batch.seal)
      .catch(() => 'none')
      .then((current) => releaseBatch(ports)(caller, arn, seal ?? current, 'looked at it'));
  return { ...made, credentials, leave, list, held, release };
}

const steward = as('hr:20', ['steward']);

describe('what is held', () => {
  it('is listed with owners, why, and what would follow for each credential', async () => {
    const { held, now, idOf, credentials } = await world({
      profiles: { p: givenProfile({ onLeave: { action: 'suspend', regretMs: 1 } }) },
    });
    const batch = await held();
    expect(batch).toMatchObject({ sinceMs: now(), escalatesAtMs: now() + 3_600_000, overdue: false });
    expect(batch.members).toMatchObject([
      { member: { ownerId: await idOf('hr:2'), of: 'leave', source: 'hr' }, owner: { status: 'left' }, due: [{ act: 'suspend' }] },
    ]);
    expect(batch.members.flatMap(({ due }) => due.map(({ credential }) => credential.id))).toEqual([credentials[2]]);
  });

  it('nothing, where nothing is', async () => {
    const made = company();
    expect(await listBatches(made.ports)(steward, '')).toMatchObject({ ok: true, held: undefined, released: [] });
  });

  it.each([
    ['a steward', steward, true],
    ['an auditor', as('hr:20', ['audit']), true],
    ['an operator', as('hr:20', ['operate', 'approve', 'request']), false],
  ] as const)('is shown to %s: %s', async (_name, caller, ok) => expect(await (await world()).list(caller)).toMatchObject({ ok }));

  it('takes no access away until then', async () => {
    const { credentials, state } = await world();
    expect([(await state(credentials[1])).status, (await state(credentials[2])).status]).toEqual(['revoking', 'active']);
  });
});

describe('the seal', () => {
  it('stays while nothing changes, whatever is looked at', async () => {
    const { held, work } = await world();
    const { seal } = await held();
    await work('hr:2');
    expect((await held()).seal).toBe(seal);
  });

  it('changes with every member', async () => {
    const { held, leave } = await world();
    const { seal } = await held();
    await leave('hr:3');
    expect((await held()).seal).not.toBe(seal);
  });

  it('changes with the policy, which says what follows', async () => {
    const { held, ports } = await world();
    const other = await listBatches({ ...ports, policyDigest: 'another' })(steward, '');
    expect(other.ok && other.held?.seal).not.toBe((await held()).seal);
  });
});

describe('a release', () => {
  it('by a second person lets the owners go on at once', async () => {
    const { release, wake, idOf, work, credentials, state, ledger } = await world();
    wake.messages.length = 0;
    expect(await release()).toMatchObject({ ok: true, owners: 1, release: { by: await idOf('hr:20'), reason: 'looked at it' } });
    expect(wake.messages).toMatchObject([{ queue: 'owner', id: await idOf('hr:2') }]);
    await work('hr:2');
    expect((await state(credentials[2])).status).toBe('revoking');
    const causes = (await ledger.events(await idOf('hr:2'))).filter(({ type }) => type === 'RemovalAdmitted').map(({ cause }) => cause);
    expect(causes).toEqual([expect.stringMatching(/^released by own_\S+ on the seal [0-9a-f]{24}: looked at it$/)]);
  });

  it('of a seal that changed is refused, and told the new one', async () => {
    const { release, held, leave, credentials, state } = await world();
    const { seal } = await held();
    await leave('hr:3');
    const now = (await held()).seal;
    expect(await release(steward, seal)).toEqual({ ok: false, why: 'seal-changed', field: 'seal', value: seal, allowed: [now] });
    expect((await state(credentials[2])).status).toBe('active');
    expect(await release(steward, now)).toMatchObject({ ok: true, owners: 2 });
  });

  it('of a batch that somebody joins in that moment is refused', async () => {
    const made = await world();
    const { seal } = await made.held();
    const { heldIn } = made.ledger;
    let looked = 0;
    const ledger = {
      ...made.ledger,
      heldIn: async (batch: number) => {
        const members = await heldIn(batch);
        looked += 1;
        if (looked === 1) await made.leave('hr:3'); // after the look, before the close
        return members;
      },
    };
    expect(await releaseBatch({ ...made.ports, ledger })(steward, '', seal, 'x')).toMatchObject({ why: 'seal-changed' });
  });

  it('twice is one: the second wakes the owners again', async () => {
    const { release, held, wake, list } = await world();
    const { seal } = await held();
    const first = await release(steward, seal);
    wake.messages.length = 0;
    expect(await release(as('hr:21', ['steward']), seal)).toEqual(first);
    expect(wake.messages).toHaveLength(1);
    expect(await list()).toMatchObject({ held: undefined, released: [{ seal }] });
  });

  it('of nothing is refused', async () => {
    const made = company();
    await made.joins('hr:20');
    expect(await releaseBatch(made.ports)(steward, '', 'a'.repeat(24), 'x')).toMatchObject({ why: 'nothing-held' });
  });

  it('does not let go what comes later', async () => {
    const { release, leave, credentials, state, held } = await world();
    await release();
    await leave('hr:3');
    expect((await state(credentials[3])).status).toBe('active');
    expect((await held()).members).toHaveLength(1);
  });

  it.each([
    ['who may look, and no more', as('hr:20', ['audit', 'approve', 'operate']), 'right-missing', /^arn/],
    ['somebody no source has told of', as('hr:99', ['steward']), 'caller-not-active', 'hr:99'],
    ['somebody who is in it', as('hr:2', ['steward']), 'caller-not-active', 'hr:2'],
    ['who acts for somebody in it', as('hr:20', ['steward'], ['hr:2']), 'own-batch', /^hr:20 is in it/],
    ['who answers for its source', as('hr:10', ['steward']), 'own-batch', /^hr:10 answers for the source hr/],
    ['the same by another name', as('10@example.com', ['steward']), 'own-batch', /answers for the source hr/],
    ['who acts for who answers for it', as('hr:20', ['steward'], ['hr:10']), 'own-batch', /answers for the source hr/],
  ] as const)('by %s is refused: %s', async (_name, caller, why, value) => {
    const { release, state, credentials } = await world();
    const refused = await release(caller);
    expect(refused).toMatchObject({ ok: false, why, value: typeof value === 'string' ? value : expect.stringMatching(value) });
    expect((await state(credentials[2])).status).toBe('active');
  });

  it('by the role that says the source’s facts is refused, whoever it stands for', async () => {
    const { release } = await world();
    const arn = 'arn:aws:sts::1:assumed-role/hr-export/nightly';
    expect(await release(steward, undefined, undefined, arn)).toMatchObject({
      why: 'own-batch',
      value: `${arn} says facts of the source hr`,
    });
  });

  it('by who answers for a source that is not in it is none of theirs', async () => {
    const { release } = await world();
    expect(await release(as('crm:1', ['steward']))).toMatchObject({ ok: true });
  });

  it('of movers by one of them is refused', async () => {
    const { release, fact, work, issue, held } = await world();
    await issue('hr:21');
    await fact('Moved', 'hr:21', { roles: ['OTHER'] });
    await work('hr:21');
    expect((await held()).members.map(({ member }) => member.of).sort()).toEqual(['leave', 'move']);
    expect(await release(as('hr:21', ['steward']))).toMatchObject({
      why: 'own-batch',
      value: 'hr:21 is in it, or acts for somebody who is',
    });
  });
});

describe('a batch that a change of the policy made', () => {
  /** The stack observed; then somebody deploys a policy that enforces. */
  const enforced = async (accountable: string) => {
    const made = await world({ mode: 'observe', accountable: { policy: accountable } });
    const policy = { ...made.ports.policy, mode: 'enforce' } as const;
    const ports = { ...made.ports, policy, policyDigest: 'another' };
    await notePolicy(ports)();
    await followPolicy({ ...ports, kinds: ['aws-iam-user'] })((made.now() + 1_000_000) as EpochMs);
    for (const ref of ['hr:1', 'hr:2', 'hr:3']) await workOnOwner(ports)(await made.idOf(ref), (made.now() + 1_000_000) as EpochMs);
    const batch = await listBatches(ports)(steward, '');
    if (!batch.ok || !batch.held) throw new Error('nothing is held');
    const { seal, members } = batch.held;
    return {
      causes: members.map(({ member }) => member.cause),
      release: (by = steward) => releaseBatch(ports)(by, by.arn, seal, 'x'),
    };
  };

  it('is not released by who answers for the policy', async () => {
    const { causes, release } = await enforced('hr:20');
    expect(causes).toEqual(['policy-changed']);
    expect(await release()).toMatchObject({ why: 'own-batch', value: expect.stringMatching(/^hr:20 answers for the policy/) });
  });

  it('nor by who answers for the source that said who left, but by anybody else', async () => {
    const { release } = await enforced('hr:21');
    expect(await release(as('hr:10', ['steward']))).toMatchObject({ why: 'own-batch' });
    expect(await release()).toMatchObject({ ok: true });
  });
});

describe('a batch that is held for too long', () => {
  it('escalates once, and says so until it is released', async () => {
    const { work, later, held, ledger, idOf, release } = await world();
    expect(await work('hr:2')).toBe('held');
    later(3_600_000);
    expect([await work('hr:2'), await work('hr:2'), (await held()).overdue]).toEqual(['escalated', 'escalated', true]);
    const told = (await ledger.events(await idOf('hr:2'))).filter(({ type }) => type === 'HoldEscalated');
    expect(told).toHaveLength(1);
    await release();
    expect(await work('hr:2')).not.toBe('escalated');
  });
});
