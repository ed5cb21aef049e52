import { describe, expect, it } from 'vitest';
import { appendOwner } from '../../../lib/application/record.ts';
import { sweepAccount } from '../../../lib/application/sweep-account.ts';
import { givenPolicy } from '../../given-policy.ts';
import { as, company } from './company.ts';

/** A leaver and a mover in a stack that only observes, and a sweep of an account that has no users. */
async function world() {
  const made = company(givenPolicy({ mode: 'observe' }));
  for (const ref of ['hr:1', 'hr:2']) {
    await made.joins(ref);
    await made.issue(ref);
  }
  await made.fact('Left', 'hr:1');
  await made.fact('Moved', 'hr:2', { roles: ['OTHER'] });
  await made.work('hr:1');
  await made.work('hr:2');
  const account = {
    list: async () => ({ users: [], listedAtMs: made.now(), keysAtMs: made.now() }),
    quarantine: async () => false,
    remove: async () => false,
  };
  const sweep = () => sweepAccount({ ...made.ports, account, path: '/nhi/', idOf: () => undefined })();
  const findings = async () =>
    (await made.ledger.findings())
      .filter(({ kind }) => kind === 'leaver' || kind === 'mover')
      .map(({ kind, status, wouldHave }) => `${kind} ${status} ${wouldHave}`)
      .sort();
  return { ...made, sweep, findings };
}

describe('what a leave or a move would have done', () => {
  it('is on record, takes nothing away, and outlives the sweeps', async () => {
    const { sweep, findings, ledger } = await world();
    expect(await findings()).toEqual(['leaver open revoke', 'mover open revoke']);
    await sweep();
    expect(await findings()).toEqual(['leaver open revoke', 'mover open revoke']);
    expect([...ledger.credentials.values()].map(({ state }) => state.status)).toEqual(['active', 'active']);
  });

  it('is resolved when the credential has ended by itself', async () => {
    const { sweep, findings, change, ledger } = await world();
    for (const id of ledger.credentials.keys()) await change(as('hr:9', ['operate']), id, 'revoke');
    await sweep();
    expect(await findings()).toEqual(['leaver resolved none', 'mover resolved none']);
  });

  it('is resolved when the policy came to enforce it', async () => {
    const { sweep, findings, idOf, ledger, ports, now } = await world();
    for (const ref of ['hr:1', 'hr:2'] as const) {
      const of = ref === 'hr:1' ? 'leave' : 'move';
      const id = await idOf(ref);
      await appendOwner(ports, await ledger.owner(id), [{ type: 'RemovalReconsidered', of, atMs: now() }], {
        ...{ actor: { kind: 'system', id: 'policy' }, cause: 'policy changed', correlationId: 'c', policyDigest: 'd' },
      });
    }
    await sweep();
    expect(await findings()).toEqual(['leaver resolved none', 'mover resolved none']);
  });
});
