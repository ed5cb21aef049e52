import { describe, expect, it } from 'vitest';
import type { CredentialId, EpochMs } from '../../../lib/domain/types.ts';
import { DAY_MS, givenPolicy, givenProfile } from '../../given-policy.ts';
import { company } from './company.ts';

const onLeave = { action: 'transfer', overlapMs: 1, regretMs: DAY_MS } as const;
const profiles = {
  p: givenProfile({ onLeave, onMove: 'transfer' }),
  q: givenProfile({ onLeave, onMove: 'transfer', eligible: { roles: ['R', 'Q'] } }),
};

/** Ann (1), whose manager is Bob (2), whose manager is Dan (4). Bob may have `q` alone. */
async function world() {
  const made = company(givenPolicy({ profiles }));
  await made.joins('hr:1', { manager: '2', roles: ['R'] });
  await made.joins('hr:2', { manager: '4', roles: ['Q'] });
  await made.joins('hr:4');
  const leave = async () => {
    await made.fact('Left', 'hr:1');
    await made.work('hr:1');
  };
  const heirOf = async (id: CredentialId) => {
    const state = await made.state(id);
    return state.status === 'active' ? state.replacement?.heir?.to?.id : state.status;
  };
  return { ...made, leave, heirOf };
}

describe('what one page hands over', () => {
  it('goes to whoever may have each of them, not all to the heir of the first', async () => {
    const { issue, leave, heirOf, idOf } = await world();
    const ids = [await issue('hr:1', 'q'), await issue('hr:1', 'p'), await issue('hr:1', 'q')];
    await leave();
    const [bob, dan] = [await idOf('hr:2'), await idOf('hr:4')];
    expect(await Promise.all(ids.map(heirOf))).toEqual([bob, dan, bob]);
  });

  /** On its way to Dan, after those who refused it. */
  const refusedBy = async (here: Awaited<ReturnType<typeof world>>, id: CredentialId, ...refs: readonly string[]) => {
    const dan = await here.owner('hr:4');
    const refused = await Promise.all(refs.map(here.idOf));
    const to = { id: dan.id, key: dan.key, epoch: dan.epoch };
    const heir = { to, rung: 'manager', cause: 'refused', leave: undefined, line: await here.idOf('hr:1'), refused } as const;
    const terms = { atMs: here.now(), overlapMs: 0, deadlineMs: (here.now() + DAY_MS) as EpochMs, regretMs: DAY_MS };
    await here.append(id, [{ type: 'ReplacementStarted', ...terms, heir }]);
  };

  it('is not offered again to who refused it, and to who refused another it is', async () => {
    const here = await world();
    const ids = [await here.issue('hr:1', 'q'), await here.issue('hr:1', 'q')];
    await refusedBy(here, ids[0] as CredentialId, 'hr:2');
    await here.leave();
    const [bob, dan] = [await here.idOf('hr:2'), await here.idOf('hr:4')];
    expect(await Promise.all(ids.map(here.heirOf))).toEqual([dan, bob]);
    expect(await here.state(ids[0] as CredentialId)).toMatchObject({ replacement: { heir: { refused: [bob], cause: 'owner-left' } } });
    expect(await here.lastCause(ids[0] as CredentialId)).toBe(
      'owner-left; passed over hr:2 as manager: refused it, or is who it is taken from',
    );
  });

  it('is offered to all where nobody was asked before', async () => {
    const here = await world();
    const id = await here.issue('hr:1', 'q');
    await here.append(id, [
      {
        type: 'ReplacementStarted',
        atMs: here.now(),
        overlapMs: 0,
        deadlineMs: (here.now() + DAY_MS) as EpochMs,
        regretMs: 0,
        heir: undefined,
      },
    ]);
    await here.leave();
    expect(await here.heirOf(id)).toBe(await here.idOf('hr:2'));
    expect(await here.state(id)).toMatchObject({ replacement: { heir: { refused: [] } } });
  });
});

describe('the cause of what a removal does', () => {
  it.each([
    ['suspend', 'owner-left'],
    ['reapprove', 'owner-moved'],
  ] as const)('%s is the removal, and nothing else', async (act, cause) => {
    const made = company(
      givenPolicy({ profiles: { p: givenProfile({ onLeave: { action: 'suspend', regretMs: 1 }, onMove: 'reapprove' }) } }),
    );
    await made.joins('hr:1');
    const id = await made.issue('hr:1');
    await (act === 'suspend' ? made.fact('Left', 'hr:1') : made.fact('Moved', 'hr:1', { roles: ['OTHER'] }));
    await made.work('hr:1');
    expect(await made.lastCause(id)).toBe(cause);
  });
});
