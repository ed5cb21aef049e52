import { canonicalJson } from '../canonical-json.ts';
import type { FeedRules } from '../policy.ts';
import type { FeedRow, Reject } from './row.ts';

/** What one line of a snapshot turned out to be. `cut`: the file ends in the middle of it. */
export type FeedLine =
  | { readonly is: 'row'; readonly line: number; readonly row: FeedRow }
  | { readonly is: 'reject'; readonly reject: Reject }
  | { readonly is: 'cut'; readonly line: number };

/** A snapshot that can be read again from its beginning, so that a million rows need not be held. */
export type Snapshot = () => AsyncIterable<FeedLine>;

export type Change =
  | { readonly type: 'Joined' | 'Moved' | 'Returned'; readonly row: FeedRow }
  /** `vanished`: no row says so, there is none any more. */
  | { readonly type: 'Left'; readonly row: FeedRow; readonly vanished: boolean };

/** Why a snapshot is not acted on. */
export type Trouble =
  | { readonly why: 'empty' }
  | { readonly why: 'cut-off'; readonly line: number }
  | { readonly why: 'shrunk'; readonly before: number; readonly now: number; readonly maxPercent: number }
  | { readonly why: 'too-many-leavers'; readonly leavers: number; readonly of: number; readonly maxPercent: number }
  | { readonly why: 'duplicate-ids'; readonly lines: readonly number[] };

export interface Comparison {
  readonly rows: number;
  readonly before: number;
  readonly rejects: readonly Reject[];
  /** Lines with a manager whom the snapshot does not have; applied all the same. */
  readonly unknownManagers: readonly { readonly line: number; readonly manager: string }[];
  readonly counts: Readonly<Record<Change['type'], number>>;
  readonly trouble: readonly Trouble[];
  /** Reads both snapshots again. Empty while there is trouble. */
  changes(): AsyncGenerator<Change>;
}

/** More are counted, and not listed. */
const LISTED = 1_000;
/** With fewer people than this one leaver is already many per cent. */
const FEW_LEAVERS = 5;

/** What became of a known subject: still its fingerprint while it has not been seen, then one of these. */
const SAME = -1;
const NEW = -2;
const CHANGED_WAS_ACTIVE = -3;
const CHANGED_WAS_NOT = -4;

/** Compares a snapshot with the last good one. One number a person is kept, whatever a row holds. */
export async function compareSnapshots(last: Snapshot | undefined, next: Snapshot, rules: FeedRules): Promise<Comparison> {
  const marks = new Map<string, number>();
  if (last) for await (const line of last()) if (line.is === 'row') marks.set(line.row.subject, fingerprint(line.row));
  const before = marks.size;

  const rejects: Reject[] = [];
  const duplicates: number[] = [];
  const managers = new Map<string, number>();
  const counts = { Joined: 0, Moved: 0, Returned: 0, Left: 0 };
  let rows = 0;
  let cutAt: number | undefined;
  let known = 0;
  for await (const line of next()) {
    if (line.is === 'cut') cutAt = line.line;
    else if (line.is === 'reject') {
      if (rejects.length < LISTED) rejects.push(line.reject);
      const { subject } = line.reject;
      if (subject !== undefined && (marks.get(subject) ?? -1) >= 0) {
        marks.set(subject, SAME); // we don't know what is the case, so nothing is
        known += 1;
      }
    } else {
      const { subject, active, manager } = line.row;
      rows += 1;
      if (manager !== undefined && !managers.has(manager) && managers.size < LISTED) managers.set(manager, line.line);
      const mark = marks.get(subject);
      if (mark !== undefined && mark < 0) duplicates.push(line.line);
      else if (mark === undefined) {
        marks.set(subject, NEW);
        if (active) counts.Joined += 1;
      } else {
        known += 1;
        const print = fingerprint(line.row);
        const wasActive = isActive(mark);
        marks.set(subject, print === mark ? SAME : wasActive ? CHANGED_WAS_ACTIVE : CHANGED_WAS_NOT);
        if (print !== mark && (wasActive || active)) counts[wasActive ? (active ? 'Moved' : 'Left') : 'Returned'] += 1;
      }
    }
  }
  for (const mark of marks.values()) if (mark >= 0 && isActive(mark)) counts.Left += 1;

  const maxLeavers = Math.max(FEW_LEAVERS, (before * rules.maxLeaversPercent) / 100);
  const trouble: Trouble[] = [
    ...(rows === 0 ? [{ why: 'empty' } as const] : []),
    ...(cutAt !== undefined ? [{ why: 'cut-off', line: cutAt } as const] : []),
    ...(duplicates.length > 0 ? [{ why: 'duplicate-ids', lines: duplicates.slice(0, LISTED) } as const] : []),
    ...(known < before * (1 - rules.maxShrinkPercent / 100)
      ? [{ why: 'shrunk', before, now: known, maxPercent: rules.maxShrinkPercent } as const]
      : []),
    ...(counts.Left > maxLeavers
      ? [{ why: 'too-many-leavers', leavers: counts.Left, of: before, maxPercent: rules.maxLeaversPercent } as const]
      : []),
  ];
  const unknownManagers = [...managers].flatMap(([manager, line]) => (marks.has(manager) ? [] : [{ line, manager }]));

  async function* changes(): AsyncGenerator<Change> {
    if (trouble.length > 0) return;
    for await (const line of next()) {
      if (line.is !== 'row') continue;
      const { row } = line;
      const mark = marks.get(row.subject);
      if (mark === NEW && row.active) yield { type: 'Joined', row };
      if (mark === CHANGED_WAS_NOT && row.active) yield { type: 'Returned', row };
      if (mark === CHANGED_WAS_ACTIVE) yield row.active ? { type: 'Moved', row } : { type: 'Left', row, vanished: false };
    }
    if (!last) return;
    for await (const line of last())
      if (line.is === 'row' && line.row.active && (marks.get(line.row.subject) ?? -1) >= 0)
        yield { type: 'Left', row: line.row, vanished: true };
  }
  return { rows, before, rejects, unknownManagers, counts, trouble, changes };
}

const isActive = (print: number): boolean => print % 2 === 1;

/** 52 bits of what a row says, odd while active. Two contents of one person that agree by chance: one in 4 · 10^15. */
function fingerprint({ subject: _subject, active, ...content }: FeedRow): number {
  const text = canonicalJson(content);
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  const print = 4_294_967_296 * (0xf_ffff & low) + (high >>> 0);
  return print - (print % 2) + (active ? 1 : 0);
}
