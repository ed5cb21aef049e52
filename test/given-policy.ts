import type { Policy, Profile } from '../lib/domain/policy.ts';
import { DEFAULT_TIMING } from '../lib/domain/timing.ts';

export const DAY_MS = 86_400_000;

/** A profile of role `R` and environment `e` that revokes at a leave and a move; `change` says what is else. */
export const givenProfile = (change: Partial<Profile> = {}): Profile => ({
  connector: 'aws-iam-user',
  accountable: 'hr:1',
  whyNotRole: 'a test',
  grants: [],
  eligible: { roles: ['R'] },
  environments: ['e'],
  onLeave: { action: 'revoke' },
  onMove: 'revoke',
  renewal: 'owner',
  rotation: { everyMs: 90 * DAY_MS, overlapMs: DAY_MS, hardLimitMs: 7 * DAY_MS, regretMs: 7 * DAY_MS, stillInUse: 'extend' },
  ...change,
});

/** An enforcing policy with one source, one profile, and limits no test reaches by accident. */
export const givenPolicy = (change: Partial<Policy> = {}): Policy => {
  const plenty = { owners: 1_000, credentials: 3_000 };
  return {
    version: 1,
    mode: 'enforce',
    accountable: { policy: 'hr:1' },
    sources: { hr: { kind: 'bus', accountable: 'hr:1', principals: ['self'], maxSequenceJump: 1_000_000 } },
    profiles: { p: givenProfile() },
    callers: [],
    succession: ['named', 'manager', 'team', 'steward'],
    acceptWithinMs: 7 * DAY_MS,
    reapproval: { withinMs: 7 * DAY_MS, forMs: 90 * DAY_MS },
    guard: { hour: plenty, day: plenty, week: plenty, forCauseAnHour: 1_000, escalateAfterMs: 14_400_000 },
    sweeps: { orphans: { mode: 'observe', act: 'report', graceMs: 0, maxActs: 1 } },
    timing: DEFAULT_TIMING,
    ...change,
  };
};
