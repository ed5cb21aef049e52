import { describe, expect, it } from 'vitest';
import {
  evolveFeed,
  type Feed,
  type FeedEvent,
  feedId,
  type ObjectRef,
  type SnapshotRef,
  sameObject,
} from '../../../lib/domain/feed/record.ts';
import type { EpochMs } from '../../../lib/domain/types.ts';

const of = (n: number): SnapshotRef => ({ key: `feeds/hr/${n}.csv`, version: `v${n}`, takenAtMs: n as EpochMs });
const kept = (n: number): ObjectRef => ({ key: 'kept/hr.csv', version: `k${n}` });
const counts = { Joined: 0, Moved: 0, Left: 0, Returned: 0 };
const admitted = (n: number): FeedEvent => ({ type: 'SnapshotAdmitted', source: 'hr', snapshot: of(n) });
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
  ])('refuses a history of %s', (_name, events) => expect(() => history(...events)).toThrow('history'));

  it.each<[string, ObjectRef | undefined, boolean]>([
    ['itself', of(1), true],
    ['another version', { ...of(1), version: 'v2' }, false],
    ['another object of the same version', { ...of(1), key: 'feeds/hr/2.csv' }, false],
    ['none', undefined, false],
  ])('tells an object from %s', (_what, other, same) => expect(sameObject(other, of(1))).toBe(same));
});
