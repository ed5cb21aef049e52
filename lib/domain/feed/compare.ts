import type { FeedRules } from '../policy.ts';
import { newRoster } from './roster.ts';
import type { FeedRow, Reject } from './row.ts';
import type { Trouble } from './trouble.ts';

/** What one line of a snapshot turned out to be. `cut`: the file ends in the middle of it. `broken`: from here on it can't be read. */
export type FeedLine =
  | { readonly is: 'row'; readonly line: number; readonly row: FeedRow }
  | { readonly is: 'reject'; readonly reject: Reject }
  | { readonly is: 'cut'; readonly line: number }
  | { readonly is: 'broken'; readonly line: number; readonly rule: string };

/** A snapshot that can be read again from its beginning, so that a million rows need not be held. */
export type Snapshot = () => AsyncIterable<FeedLine>;

export type Change =
  | { readonly type: 'Joined' | 'Moved' | 'Returned'; readonly row: FeedRow }
  /** `vanished`: no row says so, there is none any more. */
  | { readonly type: 'Left'; readonly row: FeedRow; readonly vanished: boolean };

export interface Comparison {
  readonly rows: number;
  readonly before: number;
  readonly rejects: readonly Reject[];
  /** More than are listed. */
  readonly rejected: number;
  /** Whose row is gone, and who are not taken for gone: a line without an id may be theirs. */
  readonly withheld: number;
  /** Lines with a manager whom the snapshot does not have; applied all the same. */
  readonly unknownManagers: readonly { readonly line: number; readonly manager: string }[];
  readonly counts: Readonly<Record<Change['type'], number>>;
  readonly trouble: readonly Trouble[];
  /** Reads both snapshots again. Empty while there is trouble. */
  changes(): AsyncGenerator<Change>;
  /** What is known once these changes are said: what the next snapshot has to be compared with. A line that can't be read leaves its person as they were. */
  known(): AsyncGenerator<FeedRow>;
}

/** More are counted, and not listed. */
const LISTED = 1_000;
/** With fewer people than this one leaver is already many per cent. */
const FEW_LEAVERS = 5;

/** What became of a subject: 0 or more is the fingerprint of the last snapshot while the next has not been seen to have them, then one of these. */
const SAME = -1;
const NEW = -2;
const CHANGED_WAS_ACTIVE = -3;
const CHANGED_WAS_NOT = -4;
const REJECTED = -5;
/** In the last snapshot on a line that could not be read: taken for active, with content that equals nothing. */
const ILLEGIBLE = 2 ** 53 - 1;

/** Compares a snapshot with the last good one. A few bytes a person are kept, whatever a row holds. */
export async function compareSnapshots(last: Snapshot | undefined, next: Snapshot, rules: FeedRules): Promise<Comparison> {
  const people = newRoster();
  const markOf = (id: string): number | undefined => {
    const place = people.find(id);
    return place < 0 ? undefined : people.markAt(place);
  };
  const put = (id: string, mark: number): void => {
    const place = people.find(id);
    if (place < 0) people.add(id, mark);
    else people.setMark(place, mark);
  };
  const trouble: Trouble[] = [];

  if (last)
    for await (const line of last()) {
      if (line.is === 'row') put(line.row.subject, fingerprint(line.row));
      else if (line.is !== 'reject') trouble.push({ why: 'last-unreadable', line: line.line });
      else if (line.reject.subject !== undefined) put(line.reject.subject, ILLEGIBLE);
    }
  const before = people.size();

  const rejects: Reject[] = [];
  let rejected = 0;
  let nameless = 0;
  const duplicates: number[] = [];
  const managers = newRoster();
  const counts = { Joined: 0, Moved: 0, Returned: 0, Left: 0 };
  let rows = 0;
  let known = 0;
  for await (const line of next()) {
    if (line.is === 'cut') trouble.push({ why: 'cut-off', line: line.line });
    else if (line.is === 'broken') trouble.push({ why: 'unreadable', line: line.line, rule: line.rule });
    else if (line.is === 'reject') {
      rejected += 1;
      if (rejects.length < LISTED) rejects.push(line.reject);
      const { subject, line: at } = line.reject;
      const mark = subject === undefined ? undefined : markOf(subject);
      if (subject === undefined) nameless += 1;
      else if (mark !== undefined && mark < 0) duplicates.push(at);
      else put(subject, REJECTED); // we don't know what is the case, so nothing is
      if (mark !== undefined && mark >= 0) known += 1;
    } else {
      const { subject, active, manager } = line.row;
      rows += 1;
      if (manager !== undefined && managers.find(manager) < 0) managers.add(manager, line.line);
      const mark = markOf(subject);
      if (mark === undefined) {
        people.add(subject, NEW);
        if (active) counts.Joined += 1;
      } else if (mark < 0) duplicates.push(line.line);
      else {
        known += 1;
        const same = fingerprint(line.row) === mark;
        const wasActive = isActive(mark);
        put(subject, same ? SAME : wasActive ? CHANGED_WAS_ACTIVE : CHANGED_WAS_NOT);
        if (!same && (wasActive || active)) counts[wasActive ? (active ? 'Moved' : 'Left') : 'Returned'] += 1;
      }
    }
  }
  let vanished = 0;
  for (let place = 0; place < before; place += 1) if (isGone(people.markAt(place))) vanished += 1;
  const withheld = nameless > 0 ? vanished : 0;
  counts.Left += vanished - withheld;

  // Of a file that was not read to its end there is nothing else to say.
  if (trouble.length === 0) {
    const maxLeavers = Math.max(FEW_LEAVERS, (before * rules.maxLeaversPercent) / 100);
    if (rows === 0) trouble.push({ why: 'empty' });
    if (duplicates.length > 0) trouble.push({ why: 'duplicate-ids', lines: duplicates.slice(0, LISTED) });
    if (known < before * (1 - rules.maxShrinkPercent / 100))
      trouble.push({ why: 'shrunk', before, now: known, maxPercent: rules.maxShrinkPercent });
    if (counts.Left > maxLeavers)
      trouble.push({ why: 'too-many-leavers', leavers: counts.Left, of: before, maxPercent: rules.maxLeaversPercent });
  }

  const unknownManagers: { readonly line: number; readonly manager: string }[] = [];
  for (let place = 0; place < managers.size() && unknownManagers.length < LISTED; place += 1) {
    const manager = managers.idAt(place);
    if ((markOf(manager) ?? 0) >= 0) unknownManagers.push({ line: managers.markAt(place), manager });
  }

  async function* changes(): AsyncGenerator<Change> {
    if (trouble.length > 0) return;
    for await (const line of next()) {
      if (line.is !== 'row') continue;
      const { row } = line;
      const mark = markOf(row.subject);
      if (mark === NEW && row.active) yield { type: 'Joined', row };
      if (mark === CHANGED_WAS_NOT && row.active) yield { type: 'Returned', row };
      if (mark === CHANGED_WAS_ACTIVE) yield row.active ? { type: 'Moved', row } : { type: 'Left', row, vanished: false };
    }
    if (!last || vanished === withheld) return;
    for await (const line of last()) {
      const row = line.is === 'row' ? line.row : line.is === 'reject' ? namedOnly(line.reject) : undefined;
      if (row && isGone(markOf(row.subject))) yield { type: 'Left', row, vanished: true };
    }
  }

  async function* knownAfter(): AsyncGenerator<FeedRow> {
    for await (const line of next()) if (line.is === 'row') yield line.row;
    if (last && rejected > 0)
      for await (const line of last()) {
        if (line.is !== 'row') continue;
        const mark = markOf(line.row.subject);
        if (mark === REJECTED || (withheld > 0 && isGone(mark))) yield line.row;
      }
  }
  return { rows, before, rejects, rejected, withheld, unknownManagers, counts, trouble, changes, known: knownAfter };
}

/** Never of one of the marks below 0. */
const isActive = (print: number): boolean => print % 2 === 1;
/** Active in the last snapshot, and not in the next. */
const isGone = (mark: number | undefined): boolean => mark !== undefined && isActive(mark);

const namedOnly = ({ subject }: Reject): FeedRow | undefined =>
  subject === undefined
    ? undefined
    : { subject, active: true, leftOn: undefined, email: '', roles: [], team: undefined, manager: undefined };

/** 52 bits of what a row says, odd while active. Two contents of one person that agree by chance: one in 4 · 10^15. */
function fingerprint({ active, leftOn, email, roles, team, manager }: FeedRow): number {
  const text = `${email}\n${leftOn ?? ''}\n${manager ?? ''}\n${team?.replaceAll('\n', '\r') ?? ''}\n${roles.join(';')}`;
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
