import type { Rotation } from '../policy.ts';
import type { AttemptId, CredentialId, EpochMs, KeyId, OwnerId, OwnerKey } from '../types.ts';
import type { ConnectorKind } from './capabilities.ts';
import type { Expiry } from './expiry.ts';
import type { Receipt, RevocationCause } from './receipt.ts';

/** Who answers for a credential, and in which of their lives it was given. */
export interface Holder {
  readonly id: OwnerId;
  readonly key: OwnerKey;
  readonly epoch: number;
}

/** What was asked for; never changes. */
export interface Grant {
  readonly profile: string;
  readonly connector: ConnectorKind;
  /** Provider account, e.g. `123456789012`. */
  readonly account: string;
  /** The name of the credential at its provider, e.g. `nhi-cred_01…`; never reused. */
  readonly accountName: string;
  readonly secretName: string;
  readonly purpose: string;
  readonly environment: string;
  /** ARNs of the principals that may read the secret; nobody else may. */
  readonly consumers: readonly string[];
  /** Of an API token. */
  readonly token?: TokenTerms;
  /** Roles that its keys may assume, with the credential as source identity. */
  readonly mayAssume?: readonly string[];
}

/** What an API token is good for. */
export interface TokenTerms {
  /** What it may be used for, e.g. `orders:read`. */
  readonly scopes: readonly string[];
  /** Whether it works on after a plain leave of its owner until it is replaced, since somebody takes it over; otherwise it ends with the leave. */
  readonly outlivesLeave: boolean;
  /** Shown once to whoever asks for it, and kept nowhere; in its secret, where absent. */
  readonly delivery?: 'once';
}

/**
 * One key of a credential.
 * `attempted`: recorded, the call may be out. `created`: the key exists, its value may not be stored.
 * `stored`: staged AWSPENDING. `verified`: seen to work. `current`: staged AWSCURRENT.
 * `retiring`: no longer current, still working; `allowed` once it is proven, or decided, that nobody needs it.
 * `disabled`: waits out its regret time. `restoring`: is enabled again at `enableAtMs`, and once more where an earlier call may disable it until `settledAtMs`. `doomed`: to be deleted at once, since nobody ever had it.
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
  | {
      readonly phase: 'restoring';
      readonly attempt: AttemptId;
      readonly keyId: KeyId;
      readonly enableAtMs: EpochMs;
      readonly settledAtMs: EpochMs;
    }
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
  | 'enable-version'
  | 'delete-version'
  | 'retag'
  | 'lift'
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
  /** Parts of it that are done, where it has many: it goes on after them. */
  readonly done?: number;
  readonly sinceMs: EpochMs;
  readonly tries: number;
  readonly nextTryAtMs: EpochMs;
}

/** `owner-left`: and nobody could take it over. `not-replaced`: somebody knew a key who may no longer, and no new one came to life in time. */
export type SuspensionCause = 'requested' | 'killed' | 'owner-left' | 'owner-moved' | 'policy-changed' | 'orphaned' | 'not-replaced';
export type HandoverCause =
  | 'owner-left'
  | 'owner-left-for-cause'
  | 'owner-moved'
  | 'policy-changed'
  | 'requested'
  | 'refused'
  | 'not-accepted';
/** Which rung of the succession an heir stands on; `chosen`: somebody named them in a command. */
export type Rung = 'named' | 'manager' | 'team' | 'steward' | 'chosen';

/** Who takes a credential over, once nobody who may no longer knows a key that works. */
export interface Heir {
  /** `undefined`: the one that was meant is gone; the next pass over what the leaver holds names another. */
  readonly to: Holder | undefined;
  readonly rung: Rung;
  readonly cause: HandoverCause;
  /** The leave this belongs to, as its number; `undefined`: no leave. */
  readonly leave: number | undefined;
  /** Whose succession it is; a refusal goes on from here. */
  readonly line: OwnerId;
  readonly refused: readonly OwnerId[];
}

/** An heir as they are named: somebody. */
export type NamedHeir = Heir & { readonly to: Holder };

/** Every version known when it began is replaced and disabled, whoever still uses it: somebody knew it who may no longer. */
export interface Replacement {
  readonly known: readonly AttemptId[];
  /** How long a replaced key works on beside the new one. */
  readonly overlapMs: number;
  readonly sinceMs: EpochMs;
  /** Not cut off by then, the credential is suspended. */
  readonly deadlineMs: EpochMs;
  /** From its suspension to its end. */
  readonly regretMs: number;
  /** When the provider had confirmed the last of them disabled. */
  readonly cutOffAtMs: EpochMs | undefined;
  readonly heir: Heir | undefined;
}

/** The last time a credential changed hands. */
interface Succession {
  readonly from: Holder;
  readonly rung: Rung;
  readonly cause: HandoverCause;
  readonly line: OwnerId;
  readonly refused: readonly OwnerId[];
  readonly cutOffAtMs: EpochMs;
  readonly atMs: EpochMs;
  /** Whether the heir has said that they answer for it. */
  readonly acceptedAtMs: EpochMs | undefined;
  /** Not accepted by then, it goes on; escalated, where nobody further on could take it. */
  readonly acceptByMs: EpochMs | undefined;
  readonly escalatedAtMs: EpochMs | undefined;
}

/** An owner whose role no longer entitles to the credential keeps it until somebody else has looked at it. */
type Approval =
  | { readonly kind: 'pending'; readonly sinceMs: EpochMs; readonly deadlineMs: EpochMs }
  | { readonly kind: 'granted'; readonly by: OwnerId; readonly reason: string; readonly untilMs: EpochMs };

interface Common {
  readonly id: CredentialId;
  readonly holder: Holder;
  readonly grant: Grant;
  readonly rotation: Rotation;
  readonly requestedAtMs: EpochMs;
  /** `undefined`: it lives until something else ends it. */
  readonly expiry: Expiry | undefined;
  readonly versions: readonly Version[];
  /** The last attempts ever made, newest last: a staging label on one of them is no drift, even after it was given up. */
  readonly attempts: readonly AttemptId[];
  /** When the last of them were begun, to within a lease, newest last; as many as commands may make a day. */
  readonly attemptedAtMs: readonly EpochMs[];
  /** Counts up with every lease; an outcome under an older one records nothing. */
  readonly fence: number;
  readonly lease: Lease | undefined;
  /** A call that can't be repeated is out under this fence, and may land until then. */
  readonly inFlight: { readonly fence: number; readonly settledAtMs: EpochMs } | undefined;
  /** An answer was lost; what the call did is certain only from then on. The receipt waits for it. */
  readonly lostUntilMs: EpochMs | undefined;
  readonly blocked: Blocked | undefined;
  /** A call that gives access back may land until then; whatever takes access away does so once more afterwards. */
  readonly givingBackUntilMs: EpochMs | undefined;
  /** Whose owner tag the provider has; `undefined` while that is not certain. */
  readonly taggedFor: OwnerId | undefined;
  readonly succession: Succession | undefined;
}

export interface Provisioning extends Common {
  readonly status: 'provisioning';
  readonly hasAccount: boolean;
  readonly hasSecret: boolean;
  readonly deadlineMs: EpochMs;
  /** After a recovery the provider is looked at once more, not before this. */
  readonly lookAgainAtMs: EpochMs | undefined;
}

interface Living extends Common {
  readonly activeSinceMs: EpochMs;
  /** When the next rotation begins. */
  readonly rotateAtMs: EpochMs;
  readonly lookAgainAtMs: EpochMs | undefined;
  readonly approval: Approval | undefined;
  /** Of a suspended one, without an heir: a key that leaked is replaced when it is resumed. */
  readonly replacement: Replacement | undefined;
}

export interface Active extends Living {
  readonly status: 'active';
}

/** Denied, and nothing else: it can be resumed as it was. */
export interface Suspended extends Living {
  readonly status: 'suspended';
  readonly why: SuspensionCause;
  readonly sinceMs: EpochMs;
  /** When the deny is put in place (again); `undefined`: it is, and nothing is out that could take it off. */
  readonly denyAtMs: EpochMs | undefined;
  /** When the provider first confirmed it. */
  readonly deniedAtMs: EpochMs | undefined;
  /** When nobody has resumed it by then, it is revoked. */
  readonly ends: { readonly atMs: EpochMs; readonly cause: RevocationCause } | undefined;
  /** Being resumed: the deny is taken off then, since no deny that was begun before can land any later. */
  readonly liftAtMs: EpochMs | undefined;
  /** The lease under which it is taken off; an answer under any other resumes nothing. */
  readonly lifting: number | undefined;
  /** The kill of its owner that it was last denied for, whatever it was suspended for before. */
  readonly killedAtMs: EpochMs | undefined;
  /** The provider could not be told, so nobody but us reads the secret: pending its control plane. */
  readonly secretClosedAtMs: EpochMs | undefined;
}

/** What is left to do, in this order; access is gone after the first two. */
export type RevocationStage = 'deny' | 'disable-all' | 'withdraw-secret' | 'remove-account' | 'confirm-absence';

export interface Revoking extends Common {
  readonly status: 'revoking';
  readonly cause: RevocationCause;
  readonly sinceMs: EpochMs;
  readonly deadlineMs: EpochMs;
  readonly stage: RevocationStage;
  /** A deny that began before does not count: something may have been out that took it off. */
  readonly denyAtMs: EpochMs;
  /** When the provider had confirmed that no key works any more: deny in place and every key inactive. */
  readonly cutOffAtMs: EpochMs | undefined;
  /** The deny goes with the account, so not before a listing shows whatever a call made whose answer was lost. */
  readonly removableAtMs: EpochMs | undefined;
  /** Absence seen once, while an earlier answer was lost: seen again, not before this, it is believed. */
  readonly confirmAgainAtMs: EpochMs | undefined;
}

interface Revoked extends Common {
  readonly status: 'revoked';
  readonly receipt: Receipt;
}

export type Credential = Provisioning | Active | Suspended | Revoking | Revoked;

export const isLiving = (state: Credential): state is Active | Suspended => state.status === 'active' || state.status === 'suspended';

/** Nobody ever had that key. */
export const isDoomed = ({ versions }: Credential, keyId: KeyId): boolean =>
  versions.some((version) => version.phase === 'doomed' && version.keyId === keyId);

/** One of ours that no version stands for any more, or only one that is about to go. */
export const isGivenUp = ({ versions, attempts }: Credential, attempt: AttemptId): boolean =>
  attempts.includes(attempt) && !versions.some((version) => version.attempt === attempt && version.phase !== 'doomed');

export const keyIdsOf = (versions: readonly Version[]): readonly KeyId[] =>
  versions.flatMap((version) => (version.phase === 'attempted' ? [] : [version.keyId]));
