import { retryBackoffMs } from './timing.ts';
import { type DenyListId, type EpochMs, latest, plusMs } from './types.ts';

/**
 * What one policy at a provider is to deny, whatever the number of credentials: killed owners by their tag, and what was assumed with
 * credentials that ended by its source identity. Rendered whole from this record, so two that are added at the same moment can't
 * overwrite each other, and one call is enough.
 */
export interface DenyList {
  readonly id: DenyListId;
  readonly account: string;
  /** Killed owners come first, each kind in order of arrival; those beyond the capacity wait for room, with a deny per credential alone. */
  readonly entries: readonly DenyEntry[];
  /** In characters. */
  readonly capacity: number;
  /** What the policy says, as the provider answered last; `undefined`: that is not certain. */
  readonly rendered: readonly string[] | undefined;
  readonly renderedAtMs: EpochMs;
  readonly fence: number;
  readonly lease: DenyLease | undefined;
  /** An answer was lost: until then that call may land, over whatever was rendered meanwhile. */
  readonly lostUntilMs: EpochMs | undefined;
  /** Older versions of the policy may be left at the provider. */
  readonly pruneOwed: boolean;
  readonly blocked: { readonly code: string; readonly sinceMs: EpochMs; readonly tries: number; readonly nextTryAtMs: EpochMs } | undefined;
}

export interface DenyEntry {
  /** An owner key; `cred_…`: every session of that credential; `cred_…@<ISO time>`: those begun before. */
  readonly key: string;
  readonly sinceMs: EpochMs;
  /** When the provider confirmed it; `undefined`: pending. */
  readonly inEffectAtMs: EpochMs | undefined;
  /** It leaves by itself then; `undefined`: it is taken off. */
  readonly untilMs: EpochMs | undefined;
}

export interface DenyLease {
  readonly fence: number;
  readonly step: 'render' | 'check' | 'prune';
  readonly untilMs: EpochMs;
}

/** A policy holds 6,144 characters without blanks, its frame among them: about 150 owner keys. */
export const KILL_CAPACITY = 5_700;
/** The longest a role's session may last; one that assumes another role from there lasts no longer than an hour at a time. */
export const LONGEST_SESSION_MS = 43_200_000;
/** One call, and what is around it; short, since the next kill waits for it where a worker died. */
const LEASE_MS = 20_000;
/** Somebody else, or a deployment, may have put another version in force: while anything is denied it is looked at this often. */
const RECHECK_MS = 900_000;
/** Who waits for a kill waits for no longer. */
const LONGEST_BACKOFF_MS = 60_000;

export const killListId = (account: string): DenyListId => `deny_${account}_owners` as DenyListId;

export const newDenyList = (id: DenyListId, account: string, capacity: number): DenyList => ({
  ...{ id, account, capacity, entries: [], rendered: undefined, renderedAtMs: 0 as EpochMs },
  ...{ fence: 0, lease: undefined, lostUntilMs: undefined, pruneOwed: false, blocked: undefined },
});

/** Adds, or adds anew: `sinceMs` is that of the last time. A refusal that held the list back holds it no longer. */
export function listed(list: DenyList, key: string, sinceMs: EpochMs, untilMs?: EpochMs): DenyList {
  const before = list.entries.find((entry) => entry.key === key);
  const isDenied = list.rendered?.includes(key) === true; // taken off, and added again before that was rendered
  const entry: DenyEntry = { key, sinceMs, inEffectAtMs: before?.inEffectAtMs ?? (isDenied ? sinceMs : undefined), untilMs };
  return { ...list, entries: [...list.entries.filter((one) => one !== before), entry], blocked: undefined };
}

export const unlisted = (list: DenyList, key: string): DenyList => ({
  ...list,
  entries: list.entries.filter((entry) => entry.key !== key),
});

/** Whether the provider denies it no longer, and no call is out that could bring the deny back. */
export const isOff = ({ entries, rendered, lostUntilMs, lease }: DenyList, key: string): boolean =>
  rendered !== undefined &&
  !rendered.includes(key) &&
  lostUntilMs === undefined &&
  lease?.step !== 'render' &&
  !entries.some((entry) => entry.key === key);

function wanted({ entries, capacity }: DenyList, nowMs: EpochMs): readonly string[] {
  const live = entries.filter(({ untilMs }) => untilMs === undefined || nowMs < untilMs);
  const inOrder = [...live.filter(({ untilMs }) => untilMs === undefined), ...live.filter(({ untilMs }) => untilMs !== undefined)];
  let room = capacity;
  return inOrder.flatMap(({ key }) => {
    room -= sizeOf(key);
    return room >= 0 ? [key] : [];
  });
}

/** A session with a time has a statement of its own. */
const sizeOf = (key: string): number => key.length + 3 + (key.includes('@') ? 180 : 0);

/** How much of the policy's room is asked for, in percent. */
export const fillOf = ({ entries, capacity }: DenyList): number =>
  Math.round((100 * entries.reduce((sum, { key }) => sum + sizeOf(key), 0)) / capacity);

export type DenyStep =
  | { readonly do: 'rest' }
  | { readonly do: 'wait'; readonly untilMs: EpochMs }
  | { readonly do: 'render'; readonly keys: readonly string[] }
  | { readonly do: 'check' | 'prune' };

/** What the list wants done at `nowMs`: first what denies, then what makes sure of it, then what tidies up. */
export function nextDenyStep(list: DenyList, nowMs: EpochMs): DenyStep {
  const { lease, blocked, rendered, lostUntilMs, entries } = list;
  const keys = wanted(list, nowMs);
  const owed = !rendered || !isSame(rendered, keys);
  // Two renders at once could land in the wrong order; what only looks or tidies up is not waited for.
  if (lease && nowMs < lease.untilMs && !(owed && lease.step !== 'render')) return { do: 'wait', untilMs: lease.untilMs };
  if (blocked && nowMs < blocked.nextTryAtMs) return { do: 'wait', untilMs: blocked.nextTryAtMs };
  if (owed) return { do: 'render', keys };
  const checkAtMs = lostUntilMs ?? (keys.length ? plusMs(list.renderedAtMs, RECHECK_MS) : undefined);
  if (checkAtMs !== undefined && nowMs >= checkAtMs) return { do: 'check' };
  if (list.pruneOwed) return { do: 'prune' };
  const ahead = [checkAtMs, ...entries.map(({ untilMs }) => untilMs)].flatMap((at) => at ?? []).filter((at) => at > nowMs);
  return ahead.length ? { do: 'wait', untilMs: Math.min(...ahead) as EpochMs } : { do: 'rest' };
}

export function denyListDueAtMs(list: DenyList, nowMs: EpochMs): EpochMs | undefined {
  const next = nextDenyStep(list, nowMs);
  if (next.do === 'rest') return undefined;
  return next.do === 'wait' ? next.untilMs : nowMs;
}

/** Takes the lease. A render whose lease is taken over got no answer. */
export function begun(list: DenyList, step: DenyLease['step'], nowMs: EpochMs, settleMs: number): DenyList {
  const lost = list.lease?.step === 'render' ? plusMs(list.lease.untilMs, settleMs) : undefined;
  const fence = list.fence + 1;
  return {
    ...list,
    fence,
    lease: { fence, step, untilMs: plusMs(nowMs, LEASE_MS) },
    lostUntilMs: lost === undefined ? list.lostUntilMs : latest(lost, list.lostUntilMs),
    rendered: step === 'render' ? undefined : list.rendered,
    pruneOwed: list.pruneOwed || lost !== undefined,
  };
}

export type DenyOutcome =
  | { readonly of: 'render'; readonly keys: readonly string[] }
  | { readonly of: 'check'; readonly keys: readonly string[] }
  | { readonly of: 'prune' }
  | { readonly of: 'refused'; readonly code: string };

/** The list after what a step found; `undefined`: another worker holds it by now, and the outcome records nothing. */
export function answered(list: DenyList, fence: number, outcome: DenyOutcome, nowMs: EpochMs): DenyList | undefined {
  if (list.lease?.fence !== fence) return undefined;
  const free: DenyList = { ...list, lease: undefined, blocked: undefined };
  switch (outcome.of) {
    case 'render': {
      const entries = inEffect(list.entries, outcome.keys, nowMs).filter(({ untilMs }) => untilMs === undefined || nowMs < untilMs);
      return { ...free, entries, rendered: outcome.keys, renderedAtMs: nowMs, pruneOwed: true };
    }
    case 'check': {
      const settled = list.lostUntilMs !== undefined && nowMs >= list.lostUntilMs;
      const entries = inEffect(list.entries, outcome.keys, nowMs);
      return { ...free, entries, rendered: outcome.keys, renderedAtMs: nowMs, lostUntilMs: settled ? undefined : list.lostUntilMs };
    }
    case 'prune':
      return { ...free, pruneOwed: false };
    case 'refused': {
      const tries = (list.blocked?.tries ?? 0) + 1;
      const nextTryAtMs = plusMs(nowMs, Math.min(LONGEST_BACKOFF_MS, retryBackoffMs(tries, list.id)));
      return { ...free, blocked: { code: outcome.code, sinceMs: list.blocked?.sinceMs ?? nowMs, tries, nextTryAtMs } };
    }
  }
}

const inEffect = (entries: readonly DenyEntry[], keys: readonly string[], nowMs: EpochMs): readonly DenyEntry[] =>
  entries.map((entry) => ({ ...entry, inEffectAtMs: keys.includes(entry.key) ? (entry.inEffectAtMs ?? nowMs) : undefined }));

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((key) => b.includes(key));
