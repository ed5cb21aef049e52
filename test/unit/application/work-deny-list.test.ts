import { describe, expect, it } from 'vitest';
import { memoryLedger } from '../../../lib/adapters/memory/ledger.ts';
import { memoryWake } from '../../../lib/adapters/memory/wake.ts';
import { type DenyPolicy, workOnDenyList } from '../../../lib/application/work-deny-list.ts';
import { type DenyList, killListId, listed, newDenyList } from '../../../lib/domain/deny-list.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import { DEFAULT_TIMING } from '../../../lib/domain/timing.ts';
import { type DenyListId, type EpochMs, plusMs } from '../../../lib/domain/types.ts';

const START = 1_800_000_000_000 as EpochMs;
const LEASE_MS = 20_000;
const ID = killListId('1');
const CONFLICT = new Fault('ledger-conflict', true, 'another was first');

/** A list with one owner on it, its worker, and the policy at the provider. */
async function given(change: Partial<DenyList> = {}, plant: Partial<DenyPolicy> = {}) {
  let nowMs = START;
  const clock = { now: () => nowMs };
  const ledger = memoryLedger();
  const wake = memoryWake(clock);
  const calls: string[] = [];
  let inForce: readonly string[] = [];
  const real: DenyPolicy = {
    render: async (keys) => {
      inForce = keys;
    },
    rendered: async () => inForce,
    prune: async () => undefined,
  };
  const noted = (name: keyof DenyPolicy) => async (keys: readonly string[]) => {
    calls.push([name, ...(keys ?? [])].join(' '));
    return (plant[name] ?? real[name])(keys, () => true) as Promise<never>;
  };
  const denyPolicy: DenyPolicy = { render: noted('render'), rendered: () => noted('rendered')([]), prune: () => noted('prune')([]) };
  await ledger.putDenyList(0, { ...listed(newDenyList(ID, '1', 5_700), 'ann', START), ...change }, START);
  const ports = { ledger, clock, wake, timing: DEFAULT_TIMING, denyPolicy, requestTimeoutMs: 10_000 };
  const later = (ms: number): void => {
    nowMs = plusMs(nowMs, ms);
  };
  return {
    ...{ ledger, wake, calls, ports, later },
    work: (stopAfterMs = 40_000, more: Partial<typeof ports> = {}, id: DenyListId = ID) =>
      workOnDenyList({ ...ports, ...more })(id, plusMs(nowMs, stopAfterMs)),
    state: async () => (await ledger.denyList(ID))?.state,
    messages: () => wake.messages.map(({ queue, id, visibleAtMs }) => [queue, id, visibleAtMs - nowMs]),
  };
}
const lost = (what: string) => async (): Promise<never> => {
  throw new Fault('provider-unknown', true, what);
};
/** As it is when nothing is left to do. */
const DONE: Partial<DenyList> = { rendered: ['ann'], renderedAtMs: START };

describe('work on a deny list', () => {
  it('denies, tidies up, and comes back by a message to see whether it is still so', async () => {
    const here = await given();
    expect(await here.work()).toMatchObject({ end: 'waiting', state: { rendered: ['ann'], pruneOwed: false, lease: undefined } });
    expect(here.calls).toEqual(['render ann', 'prune']);
    expect(here.messages()).toEqual([['deny-list', ID, 900_000]]);
    here.later(900_000);
    await here.work();
    expect(here.calls.slice(2)).toEqual(['rendered']);
    expect((await here.state())?.entries).toMatchObject([{ key: 'ann', inEffectAtMs: START }]);
  });

  it('that only waits sends nothing: a duplicate ends there', async () => {
    const here = await given(DONE);
    expect(await here.work()).toMatchObject({ end: 'waiting', state: { rendered: ['ann'] } });
    expect([here.calls, here.messages()]).toEqual([[], []]);
  });

  it.each([
    ['that denies nobody any more', { entries: [], rendered: [] }, 'rest'],
    ['that somebody else works on', { lease: { fence: 1, step: 'render', untilMs: plusMs(START, 1) } }, 'waiting'],
  ] as const)('%s does nothing', async (_what, change, end) => {
    const here = await given(change);
    expect(await here.work()).toEqual({ end, state: await here.state() });
    expect(here.calls).toEqual([]);
  });

  it('that is not there is none', async () => {
    const here = await given();
    expect(await here.work(0, {}, 'deny_other' as DenyListId)).toEqual({ end: 'unknown', state: undefined });
  });

  it('what waits for longer than a message can is the sweep’s', async () => {
    const untilMs = plusMs(START, 7_200_000);
    const here = await given({
      ...DONE,
      rendered: [],
      capacity: 0,
      pruneOwed: true,
      entries: [{ key: 'x', sinceMs: START, inEffectAtMs: undefined, untilMs }],
    });
    expect((await here.work()).end).toBe('waiting'); // no room for it: nothing is denied, nothing looked at
    expect([here.calls, here.messages()]).toEqual([['prune'], []]);
  });

  it.each([
    ['at the end of its time', 0, 'out-of-time'],
    ['a moment before', 1, 'waiting'],
  ] as const)('%s: %s', async (_what, stopAfterMs, end) => {
    const here = await given();
    expect(await here.work(stopAfterMs)).toMatchObject({ end, state: { id: ID } });
    if (end === 'out-of-time') expect([here.calls, here.messages()]).toEqual([[], [['deny-list', ID, 0]]]);
  });
});

describe('a render without an answer', () => {
  it('is neither repeated nor believed: it is left to the end of its lease, and looked into', async () => {
    const here = await given({}, { render: lost('CreatePolicyVersion') });
    expect(await here.work()).toMatchObject({ end: 'answer-lost', state: { rendered: undefined, lease: { step: 'render' } } });
    expect(here.calls).toEqual(['render ann']);
    expect(here.messages()).toEqual([['deny-list', ID, LEASE_MS]]);
    expect(await here.state()).toMatchObject({ lease: { step: 'render' }, blocked: undefined });
  });

  it('is not asked for under a lease that is nearly over, since it could land over a newer list', async () => {
    const here = await given();
    const putDenyList: typeof here.ledger.putDenyList = async (...given) => {
      await here.ledger.putDenyList(...given);
      here.later(LEASE_MS - 15_000); // a call may take 10 s, and 5 s are spare
    };
    expect(await here.work(40_000, { ledger: { ...here.ledger, putDenyList } })).toMatchObject({ end: 'answer-lost' });
    expect(here.calls).toEqual([]);
    expect(here.messages()).toEqual([['deny-list', ID, 15_000]]);
    here.later(15_000);
    expect(await here.work()).toMatchObject({ state: { rendered: ['ann'] } });
  });

  it('that took its time is come back to no later for that', async () => {
    const here = await given(
      {},
      {
        render: async () => {
          here.later(5_000);
          return lost('CreatePolicyVersion')();
        },
      },
    );
    await here.work();
    expect(here.messages()).toEqual([['deny-list', ID, LEASE_MS - 5_000]]);
  });
});

describe('a refusal', () => {
  it.each<[string, Partial<DenyList>, Partial<DenyPolicy>, Fault['code']]>([
    [
      'of a render',
      {},
      {
        render: async () => {
          throw new Fault('provider-throttled', true, 'CreatePolicyVersion');
        },
      },
      'provider-throttled',
    ],
    [
      'of a look, be it only lost: looking again does no harm',
      { ...DONE, lostUntilMs: START },
      { rendered: lost('GetPolicyVersion') },
      'provider-unknown',
    ],
    ['of tidying up, likewise', { ...DONE, pruneOwed: true }, { prune: lost('DeletePolicyVersion') }, 'provider-unknown'],
  ])('%s is on record, frees the lease, and is tried again', async (_what, change, plant, code) => {
    const here = await given(change, plant);
    expect((await here.work()).end).toBe('waiting');
    const state = await here.state();
    expect(state).toMatchObject({ lease: undefined, blocked: { code: expect.stringContaining(code), tries: 1 } });
    expect(here.calls).toHaveLength(1);
    expect(here.messages()).toEqual([['deny-list', ID, (state?.blocked?.nextTryAtMs ?? 0) - START]]);
  });

  it('that is a defect is none', async () => {
    const here = await given(
      {},
      {
        render: async () => {
          throw new TypeError('defect');
        },
      },
    );
    await expect(here.work()).rejects.toThrow('defect');
    expect(await here.state()).toMatchObject({ blocked: undefined, lease: { step: 'render' } });
  });
});

describe('two workers', () => {
  it('who begin at the same moment: the slower calls nothing, and reads again', async () => {
    const here = await given();
    let writes = 0;
    const slower = {
      ...here.ledger,
      putDenyList: async () => {
        writes += 1;
        await here.work();
        throw CONFLICT;
      },
    };
    expect((await here.work(40_000, { ledger: slower })).end).toBe('waiting');
    expect([writes, here.calls]).toEqual([1, ['render ann', 'prune']]);
  });

  it('of whom one is too late records nothing: what the other found counts', async () => {
    let first = true;
    const here = await given(
      {},
      {
        render: async () => {
          if (!first) return;
          first = false;
          here.later(LEASE_MS);
          await here.work();
        },
      },
    );
    await here.work();
    expect(here.calls.slice(0, 2)).toEqual(['render ann', 'render ann']);
    expect(await here.state()).toMatchObject({
      fence: 3,
      rendered: ['ann'],
      lostUntilMs: plusMs(START, LEASE_MS + DEFAULT_TIMING.settleMs),
    });
  });

  it('the outcome is put down on the list as it then is', async () => {
    const here = await given(
      {},
      {
        render: async () => {
          const now = await here.ledger.denyList(ID);
          if (now && now.state.entries.length === 1) await here.ledger.putDenyList(now.version, listed(now.state, 'bob', START), START);
        },
      },
    );
    await here.work();
    expect(here.calls).toEqual(['render ann', 'render ann bob', 'prune']);
  });

  it('a ledger that does not answer is no rival', async () => {
    const here = await given();
    const out = {
      ...here.ledger,
      putDenyList: async () => {
        throw new Fault('ledger-unreadable', false, 'out');
      },
    };
    await expect(here.work(40_000, { ledger: out })).rejects.toThrow('out');
    expect(here.calls).toEqual([]);
  });
});
