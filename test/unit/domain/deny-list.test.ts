import { describe, expect, it } from 'vitest';
import { killDocument } from '../../../lib/contract/kill-policy.ts';
import {
  answered,
  begun,
  type DenyLease,
  type DenyList,
  type DenyOutcome,
  denyListDueAtMs,
  fillOf,
  isOff,
  KILL_CAPACITY,
  killListId,
  listed,
  newDenyList,
  nextDenyStep,
  unlisted,
} from '../../../lib/domain/deny-list.ts';
import { retryBackoffMs } from '../../../lib/domain/timing.ts';
import { at } from './given.ts';

const SETTLE_MS = 60_000;
const LEASE_MS = 20_000;
const empty = newDenyList(killListId('1'), '1', KILL_CAPACITY);
const on = (list: DenyList, ...keys: readonly string[]) => keys.reduce((all, key) => listed(all, key, at(0)), list);
const must = (list: DenyList | undefined): DenyList => {
  if (!list) throw new Error('a stale fence');
  return list;
};
const act = (list: DenyList, nowMs: number, outcome: DenyOutcome): DenyList => {
  const step = outcome.of === 'refused' ? 'render' : outcome.of;
  const held = begun(list, step, at(nowMs), SETTLE_MS);
  return must(answered(held, held.fence, outcome, at(nowMs)));
};
const render = (list: DenyList, nowMs: number, ...keys: readonly string[]): DenyList => act(list, nowMs, { of: 'render', keys });
const does = (list: DenyList, nowMs: number): string => nextDenyStep(list, at(nowMs)).do;

describe('a deny list', () => {
  it('is rendered whole, then tidied up, then looked at every quarter of an hour while it denies anybody', () => {
    const two = on(empty, 'a', 'b');
    expect(nextDenyStep(two, at(0))).toEqual({ do: 'render', keys: ['a', 'b'] });
    const rendered = render(two, 1, 'a', 'b');
    expect(rendered.entries.map(({ inEffectAtMs }) => inEffectAtMs)).toEqual([1, 1]);
    expect(does(rendered, 1)).toBe('prune');
    const tidy = act(rendered, 2, { of: 'prune' });
    expect(denyListDueAtMs(tidy, at(2))).toBe(1 + 900_000);
    expect(does(tidy, 900_001)).toBe('check');
    expect(does(act(tidy, 900_001, { of: 'check', keys: [] }), 900_001)).toBe('render'); // somebody else put another version in force
  });

  it('rests when nobody is on it', () => {
    const gone = act(render(unlisted(on(empty, 'a'), 'a'), 0), 0, { of: 'prune' });
    expect([does(gone, 1), denyListDueAtMs(gone, at(1))]).toEqual(['rest', undefined]);
    expect(isOff(gone, 'a')).toBe(true);
  });

  it('waits for a render that is out, and not for what only looks or tidies up', () => {
    const rendering = begun(on(empty, 'a'), 'render', at(0), SETTLE_MS);
    expect(nextDenyStep(on(rendering, 'b'), at(1))).toEqual({ do: 'wait', untilMs: LEASE_MS });
    const pruning = begun(render(on(empty, 'a'), 0, 'a'), 'prune', at(0), SETTLE_MS);
    expect(does(on(pruning, 'b'), 1)).toBe('render');
    expect(answered(begun(on(pruning, 'b'), 'render', at(1), SETTLE_MS), pruning.fence, { of: 'prune' }, at(2))).toBeUndefined();
  });

  it('knows that who is taken off and added again before that is rendered is denied all the time', () => {
    const rendered = act(render(on(empty, 'a'), 1, 'a'), 1, { of: 'prune' });
    const again = listed(unlisted(rendered, 'a'), 'a', at(9));
    expect([does(again, 9), again.entries]).toEqual(['wait', [{ key: 'a', sinceMs: 9, inEffectAtMs: 9, untilMs: undefined }]]);
  });

  it('does not take an answer for the list as it is by now', () => {
    const rendering = on(begun(on(empty, 'a'), 'render', at(0), SETTLE_MS), 'b');
    const after = must(answered(rendering, rendering.fence, { of: 'render', keys: ['a'] }, at(5)));
    expect(nextDenyStep(after, at(5))).toEqual({ do: 'render', keys: ['a', 'b'] });
    expect(after.entries.map(({ inEffectAtMs }) => inEffectAtMs)).toEqual([5, undefined]);
  });

  it('after a lost answer renders anew, and looks when that call can land no later; nobody is off it before', () => {
    const lost = begun(on(empty, 'a'), 'render', at(0), SETTLE_MS);
    const again = render(unlisted(lost, 'a'), LEASE_MS);
    expect(isOff(again, 'a')).toBe(false);
    const tidy = act(again, LEASE_MS, { of: 'prune' });
    expect(nextDenyStep(tidy, at(LEASE_MS))).toEqual({ do: 'wait', untilMs: LEASE_MS + SETTLE_MS });
    const landed = act(tidy, LEASE_MS + SETTLE_MS, { of: 'check', keys: ['a'] });
    expect(does(landed, LEASE_MS + SETTLE_MS)).toBe('render');
    expect(isOff(act(tidy, LEASE_MS + SETTLE_MS, { of: 'check', keys: [] }), 'a')).toBe(true);
  });

  it('does not believe what it said before a call without an answer', () => {
    const lost = begun(on(render(on(empty, 'a'), 0, 'a'), 'b'), 'render', at(1), SETTLE_MS);
    expect(nextDenyStep(unlisted(lost, 'b'), at(1 + LEASE_MS))).toEqual({ do: 'render', keys: ['a'] });
  });

  it('backs off from refusals up to a minute, and a new kill waits for none of it', () => {
    let refused = on(empty, 'a');
    for (let n = 0; n < 10; n += 1) refused = act(refused, 0, { of: 'refused', code: 'later' });
    expect(nextDenyStep(refused, at(0))).toEqual({ do: 'wait', untilMs: 60_000 });
    expect(does(on(refused, 'b'), 0)).toBe('render');
  });

  it('has room for 150 owners, who come before sessions; what finds none waits, and is said to be pending', () => {
    const session = listed(empty, 'cred_01A', at(0), at(1_000));
    const many = Array.from({ length: 150 }, (_, n) => `00000000-0000-4000-8000-${`${n}`.padStart(12, '0')}`);
    const full = on(session, ...many);
    const next = nextDenyStep(full, at(0));
    expect(next).toEqual({ do: 'render', keys: expect.arrayContaining([many[0] ?? '']) });
    const keys = next.do === 'render' ? next.keys : [];
    expect(keys.length).toBeGreaterThanOrEqual(146);
    expect(keys).not.toContain('cred_01A');
    expect(JSON.stringify(killDocument(keys)).length).toBeLessThanOrEqual(6_144);
    expect(fillOf(full)).toBeGreaterThan(100);
    expect(render(full, 1, ...keys).entries.find(({ key }) => key === 'cred_01A')?.inEffectAtMs).toBeUndefined();
  });

  it('lets go of sessions by itself when the longest of them is over', () => {
    const rendered = act(render(listed(empty, 'cred_01A', at(0), at(5_000)), 0, 'cred_01A'), 0, { of: 'prune' });
    expect(nextDenyStep(rendered, at(1))).toEqual({ do: 'wait', untilMs: 5_000 });
    expect(nextDenyStep(rendered, at(5_000))).toEqual({ do: 'render', keys: [] });
    expect(render(rendered, 5_000).entries).toEqual([]);
  });
});

describe('an entry', () => {
  it('that comes again is one, from then on, and stays in effect', () => {
    const rendered = render(on(empty, 'a', 'b'), 1, 'a', 'b');
    expect(listed(rendered, 'a', at(9), at(90)).entries).toEqual([
      { key: 'b', sinceMs: 0, inEffectAtMs: 1, untilMs: undefined },
      { key: 'a', sinceMs: 9, inEffectAtMs: 1, untilMs: 90 },
    ]);
  });

  it.each<[string, DenyList, boolean]>([
    ['was never on it', empty, false], // nobody knows what the provider says
    ['is denied', render(on(empty, 'a'), 1, 'a'), false],
    ['is taken off the list, and not yet at the provider', unlisted(render(on(empty, 'a'), 1, 'a'), 'a'), false],
    ['is on the list, and denied no longer', render(on(empty, 'a'), 1), false],
    ['may be brought back by a call that is out', { ...render(empty, 1), lostUntilMs: at(5) }, false],
    ['may be brought back by the one that renders', { ...render(empty, 1), lease: { fence: 9, step: 'render', untilMs: at(5) } }, false],
    ['is denied no longer', render(on(empty, 'b'), 1, 'b'), true],
    ['is denied no longer, which somebody looks at', begun(render(empty, 1), 'check', at(2), SETTLE_MS), true],
  ])('that %s is off accordingly', (_what, list, expected) => expect(isOff(list, 'a')).toBe(expected));

  const room = (list: DenyList) => {
    const next = nextDenyStep(list, at(0));
    return next.do === 'render' ? next.keys : [];
  };
  it.each<[string, number, readonly string[]]>([
    ['fits to the character', 8, ['a', 'b']],
    ['does not fit by one', 7, ['a']],
    ['that is the first does not', 3, []],
  ])('of four characters %s', (_what, capacity, expected) => expect(room(on({ ...empty, capacity }, 'a', 'b'))).toEqual(expected));
  it('that is too large leaves its room to a smaller one', () => expect(room(on({ ...empty, capacity: 6 }, 'a', 'bbb'))).toEqual(['a']));

  it('takes three characters besides its key, and with a time a statement of its own', () => {
    expect(fillOf(on({ ...empty, capacity: 200 }, 'aaaaa', 'bb'))).toBe(7); // 8 + 5 = 13 of 200
    expect(fillOf(on({ ...empty, capacity: 200 }, 'c@1'))).toBe(93); // 3 + 3 + 180 = 186 of 200
  });

  it('that found no room, and is over, is waited for no longer', () => {
    const narrow = on({ ...empty, capacity: 4 }, 'a');
    const tidy = act(render(listed(narrow, 'cred_01A', at(0), at(5)), 0, 'a'), 0, { of: 'prune' });
    expect(nextDenyStep(tidy, at(4))).toEqual({ do: 'wait', untilMs: 5 });
    expect(nextDenyStep(tidy, at(5))).toEqual({ do: 'wait', untilMs: 900_000 });
  });
});

describe('a lease of the list', () => {
  it('counts up, and is for twenty seconds', () =>
    expect(begun(begun(empty, 'render', at(0), SETTLE_MS), 'check', at(5), SETTLE_MS)).toMatchObject({
      ...{ fence: 2, lease: { fence: 2, step: 'check', untilMs: 5 + LEASE_MS } },
    }));

  it.each<[string, DenyLease['step'], object]>([
    ['a render: its call may land yet, and leave a version behind', 'render', { lostUntilMs: LEASE_MS + SETTLE_MS, pruneOwed: true }],
    ['a look: nothing', 'check', { lostUntilMs: undefined, pruneOwed: false }],
  ])('taken over from %s', (_what, step, expected) =>
    expect(begun(begun(empty, step, at(0), SETTLE_MS), 'check', at(LEASE_MS), SETTLE_MS)).toMatchObject(expected),
  );

  it('taken over twice waits for the later call; what has to be tidied up stays so', () => {
    const thrice = [0, LEASE_MS, 2 * LEASE_MS].reduce((list, ms) => begun(list, 'render', at(ms), SETTLE_MS), empty);
    expect(thrice.lostUntilMs).toBe(2 * LEASE_MS + SETTLE_MS);
    expect(begun({ ...empty, pruneOwed: true }, 'check', at(0), SETTLE_MS).pruneOwed).toBe(true);
  });

  it('that nobody holds has no answer', () => expect(answered(empty, 0, { of: 'prune' }, at(0))).toBeUndefined());
});

describe('an answer', () => {
  it.each([
    [4, 5],
    [5, undefined],
  ])('of a look at %i says nothing of a call that may land until 5', (nowMs, lostUntilMs) =>
    expect(act({ ...empty, lostUntilMs: at(5) }, nowMs, { of: 'check', keys: ['a'] })).toMatchObject({
      ...{ rendered: ['a'], renderedAtMs: nowMs, lostUntilMs, lease: undefined },
    }),
  );

  it('of a look says since when who is denied, and who is not', () => {
    const rendered = render(on(empty, 'a', 'b'), 1, 'a');
    const seen = act(rendered, 7, { of: 'check', keys: ['b'] });
    expect(seen.entries.map(({ inEffectAtMs }) => inEffectAtMs)).toEqual([undefined, 7]);
  });

  it('that is a refusal is counted from the first', () => {
    const twice = act(act(on(empty, 'a'), 3, { of: 'refused', code: 'x' }), 9, { of: 'refused', code: 'y' });
    const nextTryAtMs = 9 + retryBackoffMs(2, empty.id);
    expect(twice.blocked).toEqual({ code: 'y', sinceMs: 3, tries: 2, nextTryAtMs });
    expect([nextTryAtMs - 1, nextTryAtMs].map((ms) => does(twice, ms))).toEqual(['wait', 'render']);
    expect(render(twice, nextTryAtMs, 'a').blocked).toBeUndefined();
  });

  it('that is owed is due at once', () => expect(denyListDueAtMs(on(empty, 'a'), at(7))).toBe(7));
});
