import type { EpochMs, OwnerId, OwnerKey } from '../types.ts';

interface OwnerAttributes {
  readonly email: string;
  readonly roles: readonly string[];
  readonly team?: string;
  /** The manager's external id in the same source. */
  readonly manager?: string;
  /** IANA zone, e.g. `Europe/Vienna`. */
  readonly zone?: string;
  /** Who takes over what a leaver held: an external id in the same source. */
  readonly successor?: string;
}

export type LeaveCause = 'normal' | 'for-cause';

/** What a source says of an owner. Facts of one source are ordered by `sequence` alone: they arrive late, twice and in any order. */
export interface OwnerFact {
  readonly type: 'Joined' | 'Moved' | 'Left' | 'Returned';
  readonly id: string;
  readonly source: string;
  /** External id in that source. */
  readonly subject: string;
  readonly sequence: number;
  readonly occurredAtMs: EpochMs;
  readonly effectiveAtMs: EpochMs;
  readonly cause: LeaveCause;
  readonly attributes: OwnerAttributes;
}

/**
 * Whether what is to be taken away may be. `wanted`: the guard has not been asked. `admitted`: counted, and not too much.
 * `held`: too much for one window, until somebody releases the batch it is in. `observed`: the stack or the source only observes; it
 * rests until another policy is in force.
 */
export type Admission =
  /** `policyChanged`: it was only observed before, and the policy is why it is wanted now. */
  | { readonly is: 'wanted' | 'admitted'; readonly policyChanged?: true }
  /** `under`: digest of the policy that then was in force. */
  | { readonly is: 'observed'; readonly under: string }
  | { readonly is: 'held'; readonly batch: number; readonly sinceMs: EpochMs; readonly escalated: boolean };

export type ReviewCause = 'moved' | 'policy-changed';

/** What takes access away from many at once, where something upstream is wrong. */
export type Removal = 'leave' | 'move';

/** A leave that is being carried out: passes over what the owner holds, until one finds nothing left to do. */
export interface Offboarding {
  readonly cause: LeaveCause;
  readonly admission: Admission;
  /** Credentials given in an earlier life than this end. */
  readonly epochBelow: number;
  readonly occurredAtMs: EpochMs;
  readonly receivedAtMs: EpochMs;
  readonly pass: number;
  /** Where the pass goes on; `undefined`: at its beginning. */
  readonly cursor: string | undefined;
  readonly tally: PassTally;
  readonly nextAtMs: EpochMs;
}

/** A change of roles, or of the policy, that is being followed up: passes over what the owner holds, until one finds nothing that is too much. */
export interface Review {
  readonly cause: ReviewCause;
  readonly admission: Admission;
  readonly occurredAtMs: EpochMs;
  readonly receivedAtMs: EpochMs;
  readonly pass: number;
  readonly cursor: string | undefined;
  /** Credentials this pass ended, or found not to be gone yet. */
  readonly ended: number;
  readonly nextAtMs: EpochMs;
}

/** Everything the owner holds is cut off at once, reversibly, until somebody lifts it. Not a status: whoever is killed may leave as well. */
interface Killed {
  readonly atMs: EpochMs;
  readonly by: OwnerId;
  readonly reason: string;
  /** `false`: more kills than one person may order in an hour; somebody else has to confirm it. */
  readonly confirmed: boolean;
}

/**
 * A kill, or its lifting, that is being carried out. `deny`: passes over what the owner holds, until each credential carries its own deny.
 * `unlist`: lifted; waits until the provider no longer denies the owner as such. `resume`: passes that bring back what the kill suspended.
 */
export interface KillWork {
  readonly phase: 'deny' | 'unlist' | 'resume';
  readonly pass: number;
  readonly cursor: string | undefined;
  /** Credentials of this pass that are not there yet. */
  readonly unfinished: number;
  /** The last whole pass found nothing left to do. */
  readonly clean: boolean;
  readonly nextAtMs: EpochMs;
}

/** The mismatch window of one move, measured as that of a leave is. */
interface Reviewed {
  readonly occurredAtMs: EpochMs;
  readonly receivedAtMs: EpochMs;
  readonly doneAtMs: EpochMs;
}

/** What one pass saw so far, over credentials given before the leave. */
export interface PassTally {
  readonly credentials: number;
  /** Revocations this pass began, and credentials not revoked yet. */
  readonly unfinished: number;
  readonly cutOffAtMs: EpochMs | undefined;
  readonly completeAtMs: EpochMs | undefined;
}

/** The mismatch window of one leave, measured: `sourceLag` = received - occurred, `ourLag` = cut off - received. */
export interface Convergence {
  readonly epoch: number;
  readonly cause: LeaveCause;
  readonly credentials: number;
  readonly occurredAtMs: EpochMs;
  readonly receivedAtMs: EpochMs;
  /** The last version the leaver knew was denied or disabled, as the provider confirmed. */
  readonly cutOffAtMs: EpochMs;
  /** Everything is passed on, suspended until its end, or revoked with its receipt. */
  readonly completeAtMs: EpochMs;
}

interface Common {
  readonly id: OwnerId;
  readonly key: OwnerKey;
  readonly source: string;
  readonly subject: string;
  readonly attributes: OwnerAttributes;
  /** Sequence of the fact the attributes come from. */
  readonly sequence: number;
  /** Sequence of the fact the status comes from. */
  readonly statusSequence: number;
  /**
   * The number of the owner's life: the sequence of the last leave that counted, 0 before the first.
   * A maximum, so every order of the same facts gives the same number; a counter would not.
   */
  readonly epoch: number;
  readonly offboarding: Offboarding | undefined;
  readonly converged: Convergence | undefined;
  readonly review: Review | undefined;
  readonly reviewed: Reviewed | undefined;
  readonly killed: Killed | undefined;
  readonly killWork: KillWork | undefined;
}

export type Owner =
  | (Common & { readonly status: 'active' })
  | (Common & {
      readonly status: 'leaving';
      readonly leaveAtMs: EpochMs;
      readonly occurredAtMs: EpochMs;
      readonly receivedAtMs: EpochMs;
      readonly cause: LeaveCause;
    })
  | (Common & { readonly status: 'left' });

export type OwnerEvent =
  | {
      readonly type: 'OwnerRegistered';
      readonly id: OwnerId;
      readonly key: OwnerKey;
      readonly source: string;
      readonly subject: string;
      readonly attributes: OwnerAttributes;
    }
  | {
      readonly type: 'OwnerJoined' | 'OwnerMoved' | 'OwnerReturned';
      readonly sequence: number;
      readonly attributes: OwnerAttributes | undefined;
      readonly occurredAtMs: EpochMs;
      readonly receivedAtMs: EpochMs;
    }
  | {
      readonly type: 'OwnerLeaveScheduled';
      readonly sequence: number;
      readonly attributes: OwnerAttributes | undefined;
      readonly cause: LeaveCause;
      readonly leaveAtMs: EpochMs;
      readonly occurredAtMs: EpochMs;
      readonly receivedAtMs: EpochMs;
    }
  /** `stillActive`: a later fact is known that the owner is back; the leave only ends what was given before it. */
  | {
      readonly type: 'OwnerLeft';
      readonly sequence: number;
      readonly attributes: OwnerAttributes | undefined;
      readonly cause: LeaveCause;
      readonly occurredAtMs: EpochMs;
      readonly receivedAtMs: EpochMs;
      readonly stillActive: boolean;
    }
  | { readonly type: 'RemovalAdmitted'; readonly of: Removal; readonly credentials: number; readonly atMs: EpochMs }
  | { readonly type: 'RemovalHeld'; readonly of: Removal; readonly batch: number; readonly credentials: number; readonly atMs: EpochMs }
  /** Held for longer than the policy bears: leavers in it still have access. */
  | { readonly type: 'HoldEscalated'; readonly of: Removal; readonly atMs: EpochMs }
  /** The stack or the source only observes: nothing was taken away. */
  | { readonly type: 'RemovalObserved'; readonly of: Removal; readonly credentials: number; readonly under: string }
  /** What was only observed is asked for again, under another policy. */
  | { readonly type: 'RemovalReconsidered'; readonly of: Removal; readonly atMs: EpochMs }
  /** By the policy as it now is, the owner holds what they could not ask for. */
  | { readonly type: 'ReviewOrdered'; readonly atMs: EpochMs }
  | { readonly type: 'OffboardingPageDone'; readonly cursor: string; readonly tally: PassTally; readonly atMs: EpochMs }
  | { readonly type: 'OffboardingPassDone'; readonly nextAtMs: EpochMs }
  | { readonly type: 'OwnerOffboarded'; readonly convergence: Convergence }
  | { readonly type: 'ReviewPageDone'; readonly cursor: string; readonly ended: number; readonly atMs: EpochMs }
  | { readonly type: 'ReviewPassDone'; readonly nextAtMs: EpochMs }
  | { readonly type: 'OwnerReviewed'; readonly atMs: EpochMs }
  | { readonly type: 'OwnerKilled'; readonly by: OwnerId; readonly reason: string; readonly confirmed: boolean; readonly atMs: EpochMs }
  | { readonly type: 'KillConfirmed'; readonly by: OwnerId; readonly atMs: EpochMs }
  | { readonly type: 'KillPageDone'; readonly cursor: string; readonly unfinished: number; readonly atMs: EpochMs }
  | { readonly type: 'KillPassDone'; readonly nextAtMs: EpochMs; readonly clean?: true }
  /** Each credential carries its own deny: the owner leaves the list that a provider denies by. */
  | { readonly type: 'KillCompleted'; readonly atMs: EpochMs }
  | { readonly type: 'LiftRequested'; readonly by: OwnerId; readonly reason: string; readonly atMs: EpochMs }
  /** The provider denies the owner as such no longer; what was suspended comes back one by one. */
  | { readonly type: 'KillLifted'; readonly atMs: EpochMs }
  | { readonly type: 'OwnerRestored'; readonly atMs: EpochMs };
