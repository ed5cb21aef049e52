import type { Rotation } from '../policy.ts';
import type { AttemptId, EpochMs, KeyId } from '../types.ts';
import type { Blocked, Credential, Grant, Holder, LeasedStep, Receipt, RevocationCause } from './state.ts';

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
  | { readonly type: 'RevocationStarted'; readonly cause: RevocationCause; readonly atMs: EpochMs; readonly deadlineMs: EpochMs }
  | { readonly type: 'AccessDenied' }
  | { readonly type: 'DenyFailed'; readonly blocked: Blocked }
  | { readonly type: 'KeysDisabled'; readonly fence: number; readonly unknown: readonly KeyId[]; readonly atMs: EpochMs }
  | { readonly type: 'SecretWithdrawn'; readonly fence: number }
  | { readonly type: 'AccountRemoved'; readonly fence: number }
  /** Something of the credential was still, or again, at the provider. */
  | { readonly type: 'PresenceFound'; readonly fence: number; readonly blocked: Blocked }
  | { readonly type: 'AbsenceSeen'; readonly fence: number; readonly confirmAgainAtMs: EpochMs }
  | { readonly type: 'CredentialRevoked'; readonly fence: number; readonly receipt: Receipt };
