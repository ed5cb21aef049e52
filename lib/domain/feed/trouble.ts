import { CLOCK_SKEW_MS } from '../owner/fact-limits.ts';
import type { EpochMs } from '../types.ts';

/** Why a snapshot is not acted on. */
export type Trouble =
  | { readonly why: 'empty' }
  | { readonly why: 'cut-off'; readonly line: number }
  /** It is no table with the columns that the policy names, or ceases to be one. */
  | { readonly why: 'unreadable'; readonly line: number; readonly rule: string }
  | { readonly why: 'last-unreadable'; readonly line: number }
  | { readonly why: 'shrunk'; readonly before: number; readonly now: number; readonly maxPercent: number }
  | { readonly why: 'too-many-leavers'; readonly leavers: number; readonly of: number; readonly maxPercent: number }
  | { readonly why: 'duplicate-ids'; readonly lines: readonly number[] }
  | { readonly why: 'older'; readonly takenAt: string; readonly lastTakenAt: string }
  | { readonly why: 'from-the-future'; readonly takenAt: string; readonly now: string };

const MINUTE_MS = 60_000;
const LINES = 20;

/** Facts of a snapshot are ordered by its minute: two of one minute could not be told apart. */
export const minuteOf = (takenAtMs: number): number => Math.floor(takenAtMs / MINUTE_MS);

const iso = (ms: number): string => new Date(ms).toISOString();

/** What is wrong with the time of a snapshot, whatever it holds. */
export function untimely(takenAtMs: EpochMs, lastTakenAtMs: EpochMs | undefined, nowMs: EpochMs): readonly Trouble[] {
  if (takenAtMs > nowMs + CLOCK_SKEW_MS) return [{ why: 'from-the-future', takenAt: iso(takenAtMs), now: iso(nowMs) }];
  if (lastTakenAtMs === undefined || minuteOf(takenAtMs) > minuteOf(lastTakenAtMs)) return [];
  return [{ why: 'older', takenAt: iso(takenAtMs), lastTakenAt: iso(lastTakenAtMs) }];
}

/** In words, for whoever has to do something about it. */
export function toldTrouble(trouble: Trouble): string {
  switch (trouble.why) {
    case 'empty':
      return 'it has no row';
    case 'cut-off':
      return `it ends in the middle of line ${trouble.line}`;
    case 'unreadable':
      return `line ${trouble.line}: ${trouble.rule}`;
    case 'last-unreadable':
      return `the last good snapshot can’t be read from line ${trouble.line} on`;
    case 'duplicate-ids':
      return `ids come twice, on line ${trouble.lines.slice(0, LINES).join(', ')}`;
    case 'shrunk':
      return `of ${trouble.before} people it knows ${trouble.now}; more than ${trouble.maxPercent} % may not be missing (maxShrinkPercent)`;
    case 'too-many-leavers':
      return `${trouble.leavers} of ${trouble.of} people would leave; ${trouble.maxPercent} % may (maxLeaversPercent)`;
    case 'older':
      return `it is of ${trouble.takenAt}, not at least a minute later than the last good one, of ${trouble.lastTakenAt}`;
    case 'from-the-future':
      return `it is of ${trouble.takenAt}, and now is ${trouble.now}`;
  }
}
