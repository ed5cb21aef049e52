import { describe, expect, it } from 'vitest';
import {
  evolveFeed,
  type Feed,
  type FeedEvent,
  feedDue,
  feedId,
  type ObjectRef,
  type SnapshotRef,
  sameObject,
} from '../../../lib/domain/feed/record.ts';
import type { EpochMs } from '../../../lib/domain/types.ts';

const of = (n: number): SnapshotRef => ({ key: `feeds/hr/${n}.csv`, version: `v${n}`, takenAtMs: n as EpochMs });
const kept = (n: number): ObjectRef => ({ key: 'kept/hr.csv', version: `k${n}` });
const counts = { Joined: 0, Moved: 0, Left: 0, Returned: 0 };
const admitted = (n: number): FeedEvent => ({ type: 'SnapshotAdmitted', source: 'hr', snapshot: of(n), atMs: (1_000 + n) as EpochMs });
const silent = (n: number): FeedEvent => ({ type: 'FeedSilent', source: 'hr', snapshot: of(n) });
const applied = (n: number): FeedEvent => ({ type: 'SnapshotApplied', source: 'hr', snapshot: of(n), kept: kept(n), counts, rejected: 0 });
const held = (n: number): FeedEvent => ({ type: 'SnapshotHeld', source: 'hr', snapshot: of(n), trouble: ['empty'] });
const history = (...events: readonly FeedEvent[]): Feed | undefined => events.reduce<Feed | undefined>(evolveFeed, undefined);

describe('the record of a feed', () => {
  it.each<[string, readonly FeedEvent[], Partial<Feed>]>([
    ['a snapshot that is being said is not the last good one yet', [admitted(1)], { status: 'saying', good: undefined }],
    ['one that was said is', [admitted(1), applied(1)], { status: 'ready', good: { snapshot: of(1), kept: kept(1) } }],
    ['one that is held changes nothing', [admitted(1), applied(1), held(2)], { status: 'ready', good: { snapshot: of(1), kept: kept(1) } }],
    ['not even for one that is being said', [admitted(1), held(2)], { status: 'saying', saying: of(1) }],
    ['the first, held, leaves none', [held(1)], { status: 'ready', good: undefined }],
    [
      'one that can’t be said to its end is given up',
      [admitted(1), applied(1), admitted(2), held(2)],
      { status: 'ready', good: { snapshot: of(1), kept: kept(1) } },
    ],
  ])('%s', (_name, events, expected) => expect(history(...events)).toMatchObject({ id: feedId('hr'), source: 'hr', ...expected }));

  it.each([
    ['two at once', [admitted(1), admitted(2)]],
    ['an end without a beginning', [applied(1)]],
    ['silence before any', [silent(1)]],
  ])('refuses a history of %s', (_name, events) => expect(() => history(...events)).toThrow('history'));

  it.each<[string, readonly FeedEvent[], number | undefined, ReturnType<typeof feedDue>]>([
    ['to be finished, when its function can run no longer', [admitted(1)], undefined, { do: 'finish', atMs: 961_001 as EpochMs }],
    ['that first, though it is silent too', [admitted(1), applied(1), admitted(2)], 5, { do: 'finish', atMs: 961_002 as EpochMs }],
    ['for nothing, where nobody waits for one', [admitted(1), applied(1)], undefined, undefined],
    ['when none has come in time', [admitted(1), applied(1)], 5, { do: 'tell-silence', atMs: 6 as EpochMs }],
    ['when none that is good has', [admitted(1), applied(1), held(2)], 5, { do: 'tell-silence', atMs: 6 as EpochMs }],
    ['for that once', [admitted(1), applied(1), silent(1)], 5, undefined],
    ['nor because one is held', [admitted(1), applied(1), silent(1), held(2)], 5, undefined],
    [
      'again after the next good one',
      [admitted(1), applied(1), silent(1), admitted(2), applied(2)],
      5,
      { do: 'tell-silence', atMs: 7 as EpochMs },
    ],
    ['for nothing before the first', [held(1)], 5, undefined],
  ])('is due %s', (_what, events, silentAfterMs, due) => {
    const state = history(...events);
    expect(state && feedDue(state, silentAfterMs)).toEqual(due);
  });

  it.each<[string, ObjectRef | undefined, boolean]>([
    ['itself', of(1), true],
    ['another version', { ...of(1), version: 'v2' }, false],
    ['another object of the same version', { ...of(1), key: 'feeds/hr/2.csv' }, false],
    ['none', undefined, false],
  ])('tells an object from %s', (_what, other, same) => expect(sameObject(other, of(1))).toBe(same));
});
