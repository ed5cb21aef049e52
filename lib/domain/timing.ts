/** The clocks of the protocol, in milliseconds. One place, so that a policy may shorten them and a simulation may count in them. */
export interface Timing {
  /** How long one step holds its record. */
  readonly leaseMs: number;
  /** How long after the end of a lease a call that was out may still land; only then is an absence believed. */
  readonly settleMs: number;
  /** Pause between two passes over what a leaver owns. */
  readonly passGapMs: number;
  /** A provisioning that is not done by then gives up and is revoked. */
  readonly provisionWithinMs: number;
  /** Access must be gone by then after a leave; a record past it raises the alarm. */
  readonly revokeWithinMs: number;
  /** How late a provider notes the use of a key; IAM notes the first use in 15 min. Our own verification counts as one. */
  readonly usageLagMs: number;
}

export const DEFAULT_TIMING: Timing = {
  leaseMs: 90_000,
  settleMs: 60_000,
  passGapMs: 60_000,
  provisionWithinMs: 3_600_000,
  revokeWithinMs: 900_000,
  usageLagMs: 900_000,
};

/** IAM: a fresh key is refused for 3 to 4 s, so an earlier look would be wasted. */
export const FIRST_VERIFY_AFTER_MS = 4_000;
const VERIFY_AGAIN_AFTER_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000] as const;

/** When to look again after `tries` refusals; `undefined`: this key will not come to life. */
export const verifyBackoffMs = (tries: number): number | undefined => VERIFY_AGAIN_AFTER_MS[tries - 1];

/** A rotation whose key never came to life is tried again after this: no hurry, since the old one works. */
export const ROTATE_AGAIN_AFTER_MS = 3_600_000;

/** A token that is shown once is made for whoever waits for it; after this nobody does any more. */
export const REVEAL_WITHIN_MS = 90_000;

/**
 * Commands make no more keys of one credential than so many a day: Secrets Manager keeps about 100 versions of a secret, and prunes none
 * that is younger than 24 h. The rest of those is for what goes on by itself.
 */
export const KEYS_A_DAY = 20;
export const DAY_MS = 86_400_000;

/**
 * Up to 2 s, 4 s, … 15 min, for a step that the provider refused for the `tries`-th time in a row: half of it, and of the other half as much
 * as the id says, so that records that were refused together do not come back together.
 */
export const retryBackoffMs = (tries: number, id: string): number => {
  const longestMs = Math.min(900_000, 1_000 * 2 ** Math.min(tries, 10));
  return Math.round(longestMs * (0.5 + spread(`${id}/${tries}`) / 2));
};

/** From 0 to below 1, the same for the same text (FNV-1a, its last bits mixed into the first). */
function spread(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}
