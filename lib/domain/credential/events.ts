import type { Rotation } from '../policy.ts';
import type { AttemptId, EpochMs, KeyId, OwnerId } from '../types.ts';
import type { Receipt, RevocationCause } from './receipt.ts';
import type { Blocked, Credential, Grant, Holder, LeasedStep, NamedHeir, Rung, Suspended, SuspensionCause } from './state.ts';

/** What happened to a credential. Every change of its state is one of these; replaying them gives the state. */
export type CredentialEvent =
  | {
      readonly type: 'CredentialRequested';
      readonly id: Credential['id'];
      readonly holder: Holder;
      readonly grant: Grant;
      readonly rotation: Rotation;
      readonly requestedAtMs: EpochMs;
      readonly deadlineMs: EpochMs;
      /** Absent: its profile does not limit its time. */
      readonly ttlMs?: number;
    }
  /** The lease is taken. `settledAtMs` stands where the call can't be repeated safely; `attempt` where it makes a key. */
  | {
      readonly type: 'StepStarted';
      readonly fence: number;
      readonly step: LeasedStep;
      readonly untilMs: EpochMs;
      readonly settledAtMs?: EpochMs;
      readonly attempt?: AttemptId;
    }
  /** The provider answered no, so the step had no effect. */
  | { readonly type: 'StepFailed'; readonly fence: number; readonly blocked: Blocked }
  | { readonly type: 'AccountEnsured'; readonly fence: number }
  | { readonly type: 'SecretEnsured'; readonly fence: number }
  | { readonly type: 'VersionCreated'; readonly fence: number; readonly attempt: AttemptId; readonly keyId: KeyId }
  | { readonly type: 'VersionStored'; readonly fence: number; readonly attempt: AttemptId; readonly verifyAtMs: EpochMs }
  | { readonly type: 'VersionVerified'; readonly fence: number; readonly attempt: AttemptId; readonly atMs: EpochMs }
  | { readonly type: 'VersionNotYetUsable'; readonly fence: number; readonly attempt: AttemptId; readonly verifyAtMs: EpochMs }
  | {
      readonly type: 'VersionGivenUp';
      readonly fence: number;
      readonly attempt: AttemptId;
      readonly atMs: EpochMs;
    }
  /** The version that was current till now retires. */
  | { readonly type: 'VersionPromoted'; readonly fence: number; readonly attempt: AttemptId; readonly atMs: EpochMs }
  | { readonly type: 'RotationRequested' | 'LookRequested'; readonly atMs: EpochMs }
  /** Proven to be out of use, or, with `inUse`, decided by the profile's hard limit. */
  | { readonly type: 'RetirementAllowed'; readonly fence: number; readonly keyId: KeyId; readonly inUse: boolean }
  /** Not proven yet; `overdue` beyond the hard limit, where the profile says to extend. */
  | {
      readonly type: 'RetirementPostponed';
      readonly fence: number;
      readonly keyId: KeyId;
      readonly checkAtMs: EpochMs;
      readonly overdue: boolean;
    }
  | { readonly type: 'VersionDisabled'; readonly fence: number; readonly keyId: KeyId; readonly atMs: EpochMs }
  | { readonly type: 'CredentialActivated'; readonly fence: number; readonly atMs: EpochMs }
  /** What a look at the provider made of open attempts: adopted, to be deleted, or never there. */
  | {
      readonly type: 'AttemptsRecovered';
      readonly fence: number;
      readonly adopted: readonly { readonly attempt: AttemptId; readonly keyId: KeyId; readonly verifyAtMs: EpochMs }[];
      readonly doomed: readonly { readonly attempt: AttemptId | undefined; readonly keyId: KeyId }[];
      readonly absent: readonly AttemptId[];
      readonly lookAgainAtMs: EpochMs | undefined;
    }
  | { readonly type: 'VersionDeleted'; readonly fence: number; readonly keyId: KeyId }
  /** A disabled key is wanted back within its regret time. */
  | { readonly type: 'UndoRequested'; readonly keyId: KeyId; readonly atMs: EpochMs; readonly settledAtMs: EpochMs }
  | {
      /** `againAtMs`: until then a call that was sent before may disable it, so it is enabled once more. */
      readonly type: 'VersionRestored';
      readonly fence: number;
      readonly keyId: KeyId;
      readonly againAtMs?: EpochMs;
      readonly checkAtMs: EpochMs;
      readonly hardLimitAtMs: EpochMs;
    }
  | {
      readonly type: 'SuspensionStarted';
      readonly why: SuspensionCause;
      readonly atMs: EpochMs;
      readonly ends: Suspended['ends'];
      /** The kill it belongs to. */
      readonly killedAtMs?: EpochMs;
    }
  /** `holder`: the owner as they are now; in a later life, where they left and came back. */
  | { readonly type: 'ResumptionStarted'; readonly holder: Holder; readonly liftAtMs: EpochMs }
  /** `checkAtMs`: before then the silence of an old key proves nothing, since nobody could use it. */
  | { readonly type: 'SuspensionLifted'; readonly fence: number; readonly checkAtMs: EpochMs }
  /** All keys are to be replaced; with `heir`, for somebody else. */
  | {
      readonly type: 'ReplacementStarted';
      readonly atMs: EpochMs;
      readonly overlapMs: number;
      readonly deadlineMs: EpochMs;
      readonly regretMs: number;
      readonly heir: NamedHeir | undefined;
    }
  | { readonly type: 'HeirChosen'; readonly to: Holder; readonly rung: Rung }
  /** The heir is not active in that life any more. */
  | { readonly type: 'HeirLost'; readonly atMs: EpochMs }
  | { readonly type: 'OwnerTagged'; readonly fence: number; readonly ownerId: OwnerId }
  | { readonly type: 'CredentialHandedOver'; readonly to: Holder; readonly atMs: EpochMs; readonly acceptByMs?: EpochMs }
  | { readonly type: 'SuccessionAccepted'; readonly atMs: EpochMs }
  /** Not accepted in time, and nobody further on could take it. */
  | { readonly type: 'SuccessionEscalated'; readonly atMs: EpochMs }
  | { readonly type: 'ApprovalRequired'; readonly atMs: EpochMs; readonly deadlineMs: EpochMs }
  | { readonly type: 'ApprovalGranted'; readonly by: OwnerId; readonly reason: string; readonly untilMs: EpochMs }
  /** `warning`: its number; its owner may renew it until then. */
  | { readonly type: 'ExpiryApproaching'; readonly warning: number; readonly expiresAtMs: EpochMs }
  | { readonly type: 'ExpiryRenewed'; readonly ttlMs: number; readonly atMs: EpochMs }
  /** `settledAtMs`: where the credential is new, what was just made may not be seen until then. */
  | {
      readonly type: 'RevocationStarted';
      readonly cause: RevocationCause;
      readonly atMs: EpochMs;
      readonly deadlineMs: EpochMs;
      readonly settledAtMs?: EpochMs;
    }
  /** `startedAtMs`: when its call began, at the earliest. */
  | { readonly type: 'AccessDenied'; readonly startedAtMs: EpochMs; readonly atMs: EpochMs }
  /** `secretClosedAtMs`: the second line, nobody but us reads the secret any more. */
  | { readonly type: 'DenyFailed'; readonly blocked: Blocked; readonly secretClosedAtMs?: EpochMs }
  | {
      readonly type: 'KeysDisabled';
      readonly fence: number;
      readonly unknown: readonly KeyId[];
      readonly removableAtMs: EpochMs | undefined;
      readonly atMs: EpochMs;
    }
  | { readonly type: 'SecretWithdrawn'; readonly fence: number }
  | { readonly type: 'AccountRemoved'; readonly fence: number }
  /** Something of the credential was still, or again, at the provider. */
  | { readonly type: 'PresenceFound'; readonly fence: number; readonly blocked: Blocked; readonly atMs: EpochMs }
  | { readonly type: 'AbsenceSeen'; readonly fence: number; readonly confirmAgainAtMs: EpochMs }
  | { readonly type: 'CredentialRevoked'; readonly fence: number; readonly receipt: Receipt };
