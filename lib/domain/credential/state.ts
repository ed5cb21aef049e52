import type { Rotation } from '../policy.ts';
import type { AttemptId, CredentialId, EpochMs, KeyId, OwnerId, OwnerKey } from '../types.ts';

/** Who answers for a credential, and in which of their lives it was given. */
export interface Holder {
  readonly id: OwnerId;
  readonly key: OwnerKey;
  readonly epoch: number;
}

/** What was asked for; never changes. */
export interface Grant {
  readonly profile: string;
  readonly connector: 'aws-iam-user';
  /** Provider account, e.g. `123456789012`. */
  readonly account: string;
  /** The name of the credential at its provider, e.g. `nhi-cred_01…`; never reused. */
  readonly accountName: string;
  readonly secretName: string;
  readonly purpose: string;
  readonly environment: string;
  /** ARNs of the principals that may read the secret; nobody else may. */
  readonly consumers: readonly string[];
}

/**
 * One key of a credential.
 * `attempted`: recorded, the call may be out. `created`: the key exists, its value may not be stored.
 * `stored`: staged AWSPENDING. `verified`: seen to work. `current`: staged AWSCURRENT.
 * `retiring`: no longer current, still working; `allowed` once it is proven, or decided, that nobody needs it.
 * `disabled`: waits out its regret time. `doomed`: to be deleted at once, since nobody ever had it.
 */
export type Version =
  | { readonly phase: 'attempted'; readonly attempt: AttemptId; readonly settledAtMs: EpochMs }
  | { readonly phase: 'created'; readonly attempt: AttemptId; readonly keyId: KeyId; readonly settledAtMs: EpochMs }
  | { readonly phase: 'stored'; readonly attempt: AttemptId; readonly keyId: KeyId; readonly tries: number; readonly verifyAtMs: EpochMs }
  | { readonly phase: 'verified' | 'current'; readonly attempt: AttemptId; readonly keyId: KeyId; readonly verifiedAtMs: EpochMs }
  | {
      readonly phase: 'retiring';
      readonly attempt: AttemptId;
      readonly keyId: KeyId;
      /** When its use is looked at next. */
      readonly checkAtMs: EpochMs;
      readonly hardLimitAtMs: EpochMs;
      readonly allowed: boolean;
    }
  | { readonly phase: 'disabled'; readonly attempt: AttemptId; readonly keyId: KeyId; readonly deleteAtMs: EpochMs }
  | { readonly phase: 'doomed'; readonly attempt: AttemptId | undefined; readonly keyId: KeyId };

/** Steps a worker may hold a lease for; `deny` needs none. */
export type LeasedStep =
  | 'ensure-account'
  | 'ensure-secret'
  | 'create-version'
  | 'recover'
  | 'verify'
  | 'promote'
  | 'share'
  | 'check-use'
  | 'disable-version'
  | 'delete-version'
  | 'disable-all'
  | 'withdraw-secret'
  | 'remove-account'
  | 'confirm-absence';

export interface Lease {
  readonly fence: number;
  readonly step: LeasedStep;
  readonly untilMs: EpochMs;
}

/** Why a record can't go on; not a status, but an alarm. */
export interface Blocked {
  readonly code: string;
  readonly step: LeasedStep | 'deny';
  readonly sinceMs: EpochMs;
  readonly tries: number;
  readonly nextTryAtMs: EpochMs;
}

export type RevocationCause = 'owner-left' | 'owner-left-for-cause' | 'owner-moved' | 'orphaned' | 'requested' | 'gave-up';

interface Common {
  readonly id: CredentialId;
  readonly holder: Holder;
  readonly grant: Grant;
  readonly rotation: Rotation;
  readonly requestedAtMs: EpochMs;
  readonly versions: readonly Version[];
  /** The last attempts ever made, newest last: a staging label on one of them is no drift, even after it was given up. */
  readonly attempts: readonly AttemptId[];
  /** Counts up with every lease; an outcome under an older one records nothing. */
  readonly fence: number;
  readonly lease: Lease | undefined;
  /** A call that can't be repeated is out under this fence, and may land until then. */
  readonly inFlight: { readonly fence: number; readonly settledAtMs: EpochMs } | undefined;
  /** An answer was lost; what the call did is certain only from then on. The receipt waits for it. */
  readonly lostUntilMs: EpochMs | undefined;
  readonly blocked: Blocked | undefined;
}

export interface Provisioning extends Common {
  readonly status: 'provisioning';
  readonly hasAccount: boolean;
  readonly hasSecret: boolean;
  readonly deadlineMs: EpochMs;
  /** After a recovery the provider is looked at once more, not before this. */
  readonly lookAgainAtMs: EpochMs | undefined;
}

export interface Active extends Common {
  readonly status: 'active';
  readonly activeSinceMs: EpochMs;
  /** When the next rotation begins. */
  readonly rotateAtMs: EpochMs;
  readonly lookAgainAtMs: EpochMs | undefined;
}

/** What is left to do, in this order; access is gone after the first two. */
export type RevocationStage = 'deny' | 'disable-all' | 'withdraw-secret' | 'remove-account' | 'confirm-absence';

export interface Revoking extends Common {
  readonly status: 'revoking';
  readonly cause: RevocationCause;
  readonly sinceMs: EpochMs;
  readonly deadlineMs: EpochMs;
  readonly stage: RevocationStage;
  /** When the provider had confirmed that no key works any more: deny in place and every key inactive. */
  readonly cutOffAtMs: EpochMs | undefined;
  /** Absence seen once, while an earlier answer was lost: seen again, not before this, it is believed. */
  readonly confirmAgainAtMs: EpochMs | undefined;
}

/** Proof that a revocation is complete, written only after the provider confirmed absence. */
export interface Receipt {
  readonly cause: RevocationCause;
  readonly startedAtMs: EpochMs;
  readonly cutOffAtMs: EpochMs;
  readonly absentAtMs: EpochMs;
  readonly keyIds: readonly KeyId[];
}

interface Revoked extends Common {
  readonly status: 'revoked';
  readonly receipt: Receipt;
}

export type Credential = Provisioning | Active | Revoking | Revoked;

export const keyIdsOf = (versions: readonly Version[]): readonly KeyId[] =>
  versions.flatMap((version) => (version.phase === 'attempted' ? [] : [version.keyId]));
