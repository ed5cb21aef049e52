import { type EpochMs, type FeedId, plusMs, unreachable } from '../types.ts';
import type { Change } from './compare.ts';
import type { Trouble } from './trouble.ts';

/** One version of an object in the bucket: it never changes. */
export interface ObjectRef {
  readonly key: string;
  readonly version: string;
}

export interface SnapshotRef extends ObjectRef {
  readonly takenAtMs: EpochMs;
}

/** How far the snapshots of one source are applied. */
export type Feed = Common &
  (
    | { readonly status: 'ready' }
    /** Facts of this snapshot may be out: whatever comes, it is finished first, or who changed in it alone would stay as it says. */
    | { readonly status: 'saying'; readonly saying: SnapshotRef; readonly sinceMs: EpochMs }
  );

interface Common {
  readonly id: FeedId;
  readonly source: string;
  /** The last good snapshot, and what is known by it, as it was kept. */
  readonly good: { readonly snapshot: SnapshotRef; readonly kept: ObjectRef } | undefined;
  /** That no other came in time has been told. */
  readonly silent: boolean;
}

export type FeedEvent =
  | { readonly type: 'SnapshotAdmitted'; readonly source: string; readonly snapshot: SnapshotRef; readonly atMs: EpochMs }
  | {
      readonly type: 'SnapshotApplied';
      readonly source: string;
      readonly snapshot: SnapshotRef;
      readonly kept: ObjectRef;
      readonly counts: Readonly<Record<Change['type'], number>>;
      readonly rejected: number;
    }
  /** Nothing of it was said, or, where it was being said, nothing more is. */
  | { readonly type: 'SnapshotHeld'; readonly source: string; readonly snapshot: SnapshotRef; readonly trouble: readonly Trouble['why'][] }
  /** None came that is good, for longer than the policy bears, since this one. */
  | { readonly type: 'FeedSilent'; readonly source: string; readonly snapshot: SnapshotRef };

/** An import that has not ended by then was cut off: longer than its function may run. */
const CUT_OFF_AFTER_MS = 960_000;

/** What a feed wants when no snapshot comes: the last one said to its end, or that somebody hears of the silence. `undefined`: nothing. */
export function feedDue(
  state: Feed,
  silentAfterMs: number | undefined,
): { readonly do: 'finish' | 'tell-silence'; readonly atMs: EpochMs } | undefined {
  if (state.status === 'saying') return { do: 'finish', atMs: plusMs(state.sinceMs, CUT_OFF_AFTER_MS) };
  if (!state.good || state.silent || silentAfterMs === undefined) return undefined;
  return { do: 'tell-silence', atMs: plusMs(state.good.snapshot.takenAtMs, silentAfterMs) };
}

export const feedId = (source: string): FeedId => `feed_${source}` as FeedId;

export const sameObject = (a: ObjectRef | undefined, b: ObjectRef): boolean => a?.key === b.key && a.version === b.version;

/** The state after `event`. Throws where a history can't be. */
export function evolveFeed(state: Feed | undefined, event: FeedEvent): Feed {
  const { source } = event;
  const { id, good, silent } = state ?? { id: feedId(source), good: undefined, silent: false };
  switch (event.type) {
    case 'SnapshotAdmitted':
      if (state?.status === 'saying') throw new Error('history: SnapshotAdmitted while another is said');
      return { id, source, good, silent, status: 'saying', saying: event.snapshot, sinceMs: event.atMs };
    case 'SnapshotApplied':
      if (state?.status !== 'saying') throw new Error('history: SnapshotApplied before SnapshotAdmitted');
      return { id, source, good: { snapshot: event.snapshot, kept: event.kept }, silent: false, status: 'ready' };
    case 'SnapshotHeld':
      return state?.status === 'saying' && !sameObject(state.saying, event.snapshot)
        ? state
        : { id, source, good, silent, status: 'ready' };
    case 'FeedSilent':
      if (!state) throw new Error('history: FeedSilent before any snapshot');
      return { ...state, silent: true };
    default:
      return unreachable(event, 'evolveFeed');
  }
}
