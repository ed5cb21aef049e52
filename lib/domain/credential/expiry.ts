import { type EpochMs, plusMs } from '../types.ts';

/** The time a credential has to live, where its profile limits it; renewed, it begins anew. */
export interface Expiry {
  readonly ttlMs: number;
  readonly atMs: EpochMs;
  /** Warnings given. */
  readonly warned: number;
}

/** How much of its time is left when its owner is warned: of a year 30, 7 and 1 days; of a day 2 h, 28 min and 4 min. */
const WARN_AT = [30 / 365, 7 / 365, 1 / 365] as const;

export const expiryOf = (fromMs: EpochMs, ttlMs: number): Expiry => ({ ttlMs, atMs: plusMs(fromMs, ttlMs), warned: 0 });

/** When the next warning is due; `undefined`: none is left. */
export function warnAtMs({ ttlMs, atMs, warned }: Expiry): EpochMs | undefined {
  const share = WARN_AT[warned];
  return share === undefined ? undefined : plusMs(atMs, -Math.round(ttlMs * share));
}

/** Warnings that are behind by `nowMs`: after a long outage one is said, and not three. */
export const warningsBy = ({ ttlMs, atMs }: Expiry, nowMs: EpochMs): number =>
  WARN_AT.filter((share) => nowMs >= plusMs(atMs, -Math.round(ttlMs * share))).length;
