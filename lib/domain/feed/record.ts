import { type EpochMs, type FeedId, unreachable } from '../types.ts';
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
    | { readonly status: 'saying'; readonly saying: SnapshotRef }
  );

interface Common {
  readonly id: FeedId;
  readonly source: string;
  /** The last good snapshot, and what is known by it, as it was kept. */
  readonly good: { readonly snapshot: SnapshotRef; readonly kept: ObjectRef } | undefined;
}

export type FeedEvent =
  | { readonly type: 'SnapshotAdmitted'; readonly source: string; readonly snapshot: SnapshotRef }
  | {
      readonly type: 'SnapshotApplied';
      readonly source: string;
      readonly snapshot: SnapshotRef;
      readonly kept: ObjectRef;
      readonly counts: Readonly<Record<Change['type'], number>>;
      readonly rejected: number;
    }
  /** Nothing of it was said, or, where it was being said, nothing more is. */
  | { readonly type: 'SnapshotHeld'; readonly source: string; readonly snapshot: SnapshotRef; readonly trouble: readonly Trouble['why'][] };

export const feedId = (source: string): FeedId => `feed_${source}` as FeedId;

export const sameObject = (a: ObjectRef | undefined, b: ObjectRef): boolean => a?.key === b.key && a.version === b.version;

/** The state after `event`. Throws where a history can't be. */
export function evolveFeed(state: Feed | undefined, event: FeedEvent): Feed {
  const { source } = event;
  const { id, good } = state ?? { id: feedId(source), good: undefined };
  switch (event.type) {
    case 'SnapshotAdmitted':
      if (state?.status === 'saying') throw new Error('history: SnapshotAdmitted while another is said');
      return { id, source, good, status: 'saying', saying: event.snapshot };
    case 'SnapshotApplied':
      if (state?.status !== 'saying') throw new Error('history: SnapshotApplied before SnapshotAdmitted');
      return { id, source, good: { snapshot: event.snapshot, kept: event.kept }, status: 'ready' };
    case 'SnapshotHeld':
      return state?.status === 'saying' && !sameObject(state.saying, event.snapshot) ? state : { id, source, good, status: 'ready' };
    default:
      return unreachable(event, 'evolveFeed');
  }
}
