import type { GuardRules } from './policy.ts';
import { type EpochMs, type OwnerId, plusMs } from './types.ts';

/** One counter of what was taken away in a stretch of time. */
export interface Count {
  /** `kill:<owner id>`: of the kills that one person ordered. */
  readonly window: 'hour' | 'day' | 'week' | 'cause' | `kill:${string}`;
  /** Number of the stretch since 1970. */
  readonly bucket: number;
  readonly addOwners: number;
  readonly addCredentials: number;
  /** With these the counter is full: more is refused. */
  readonly maxOwners: number;
  readonly maxCredentials: number;
  readonly endsAtMs: EpochMs;
}

const HOUR_MS = 3_600_000;
const LENGTH_MS = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS, cause: HOUR_MS } as const;

/**
 * What one owner's removal counts, and against which limits. Fixed stretches, so that a counter is one atomic addition: around the turn of
 * one, up to twice as much may pass; the longer ones bound that. Leaves for cause have a counter of their own.
 */
export function countsOf(rules: GuardRules, forCause: boolean, credentials: number, nowMs: EpochMs): readonly Count[] {
  const count = (window: keyof typeof LENGTH_MS, maxOwners: number, maxCredentials: number): Count =>
    counted(window, LENGTH_MS[window], { addOwners: 1, addCredentials: credentials, maxOwners, maxCredentials }, nowMs);
  if (forCause) return [count('cause', rules.forCauseAnHour, Number.MAX_SAFE_INTEGER)];
  return (['hour', 'day', 'week'] as const).map((window) => count(window, rules[window].owners, rules[window].credentials));
}

/** One more kill by the same person: within the allowance for cause it is theirs to order, beyond it somebody else has to confirm it. */
export const killCount = (rules: GuardRules, by: OwnerId, nowMs: EpochMs): Count =>
  counted(`kill:${by}`, HOUR_MS, { addOwners: 1, addCredentials: 0, maxOwners: rules.forCauseAnHour, maxCredentials: 0 }, nowMs);

function counted(
  window: Count['window'],
  lengthMs: number,
  amounts: Pick<Count, 'addOwners' | 'addCredentials' | 'maxOwners' | 'maxCredentials'>,
  nowMs: EpochMs,
): Count {
  const bucket = Math.floor(nowMs / lengthMs);
  return { window, bucket, ...amounts, endsAtMs: plusMs(0 as EpochMs, (bucket + 1) * lengthMs) };
}
