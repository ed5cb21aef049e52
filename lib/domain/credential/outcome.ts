import { LONGEST_SESSION_MS } from '../deny-list.ts';
import { retryBackoffMs, type Timing, verifyBackoffMs } from '../timing.ts';
import { type AttemptId, type EpochMs, type KeyId, latest, type OwnerId, plusMs, unreachable } from '../types.ts';
import { capabilitiesOf } from './capabilities.ts';
import { accept, type Decision, reject } from './decide.ts';
import type { CredentialEvent } from './events.ts';
import { openUntilMs } from './next-step.ts';
import type { Receipt } from './receipt.ts';
import { type Blocked, type Credential, keyIdsOf, type LeasedStep, type Revoking } from './state.ts';

/** What a step found out. Recorded only under the fence it was started with (`deny` has none), in whatever state the record is by then. */
export type Outcome =
  /** `startedAtMs`: when the record was read that wanted it. */
  | { readonly of: 'deny'; readonly startedAtMs: EpochMs }
  | { readonly of: 'ensure-account' | 'ensure-secret' | 'share' | 'lift' | 'withdraw-secret' }
  | { readonly of: 'retag'; readonly ownerId: OwnerId }
  | { readonly of: 'create-key'; readonly attempt: AttemptId; readonly keyId: KeyId }
  | { readonly of: 'store' | 'promote'; readonly attempt: AttemptId }
  | { readonly of: 'verify'; readonly attempt: AttemptId; readonly usable: boolean }
  /** `keyIds`: every key the provider lists. `stored`: what the secret's versions of our open attempts hold. */
  | {
      readonly of: 'recover';
      readonly keyIds: readonly KeyId[];
      readonly stored: readonly { readonly attempt: AttemptId; readonly keyId: KeyId }[];
    }
  | { readonly of: 'delete-version' | 'disable-version'; readonly keyId: KeyId }
  | { readonly of: 'enable-version'; readonly keyId: KeyId; readonly there: boolean }
  /** When the provider last noted a use of the key that is to retire, and of the one that is current. */
  | {
      readonly of: 'check-use';
      readonly keyId: KeyId;
      readonly oldUsedAtMs: EpochMs | undefined;
      readonly newUsedAtMs: EpochMs | undefined;
    }
  | { readonly of: 'disable-all'; readonly keyIds: readonly KeyId[] }
  | { readonly of: 'remove-account'; readonly removed: boolean }
  | { readonly of: 'confirm-absence'; readonly absent: boolean }
  /** `secretClosed`: of a deny; the second line holds, nobody but us reads the secret. */
  | {
      readonly of: 'refused';
      readonly step: LeasedStep | 'deny';
      readonly code: string;
      readonly secretClosed?: true;
      readonly done?: number;
    };

/** Turns what a step found out into events. */
export function decideOutcome(state: Credential, fence: number, outcome: Outcome, nowMs: EpochMs, timing: Timing): Decision {
  if (outcome.of === 'deny') return denied(state, outcome.startedAtMs, nowMs);
  if (outcome.of === 'refused' && outcome.step === 'deny')
    return accept({
      type: 'DenyFailed',
      blocked: blocked(state, 'deny', outcome.code, nowMs),
      ...(outcome.secretClosed && { secretClosedAtMs: nowMs }),
    });
  if (state.lease?.fence !== fence) return reject('stale-fence');
  switch (outcome.of) {
    case 'ensure-account':
      return accept({ type: 'AccountEnsured', fence });
    case 'ensure-secret':
      return accept({ type: 'SecretEnsured', fence });
    case 'create-key':
      return accept({ type: 'VersionCreated', fence, attempt: outcome.attempt, keyId: outcome.keyId });
    case 'store': {
      const verifyAtMs = plusMs(nowMs, capabilitiesOf(state.grant).usableAfterMs);
      return accept({ type: 'VersionStored', fence, attempt: outcome.attempt, verifyAtMs });
    }
    case 'verify':
      return verified(state, fence, outcome, nowMs);
    case 'promote':
      return accept({ type: 'VersionPromoted', fence, attempt: outcome.attempt, atMs: nowMs });
    case 'share':
      return accept({ type: 'CredentialActivated', fence, atMs: nowMs });
    case 'lift':
      return accept({ type: 'SuspensionLifted', fence, checkAtMs: plusMs(nowMs, state.rotation.overlapMs + timing.usageLagMs) });
    case 'retag':
      return accept({ type: 'OwnerTagged', fence, ownerId: outcome.ownerId });
    case 'enable-version':
      return outcome.there
        ? accept({
            type: 'VersionRestored',
            fence,
            keyId: outcome.keyId,
            ...retiresAgain(state, nowMs),
            ...onceMore(state, outcome.keyId, nowMs),
          })
        : accept({ type: 'VersionDeleted', fence, keyId: outcome.keyId });
    case 'recover':
      return recovered(state, fence, outcome, nowMs, timing);
    case 'delete-version':
      return accept({ type: 'VersionDeleted', fence, keyId: outcome.keyId });
    case 'disable-version':
      return accept({ type: 'VersionDisabled', fence, keyId: outcome.keyId, atMs: nowMs });
    case 'check-use':
      return retirement(state, fence, outcome, nowMs, timing);
    case 'disable-all': {
      const known = keyIdsOf(state.versions);
      const unknown = outcome.keyIds.filter((keyId) => !known.includes(keyId));
      const settledAtMs = latest(openUntilMs(state), state.lostUntilMs);
      const removableAtMs = settledAtMs > 0 ? plusMs(settledAtMs, timing.settleMs) : undefined;
      return accept({ type: 'KeysDisabled', fence, unknown, removableAtMs, atMs: nowMs });
    }
    case 'withdraw-secret':
      return accept({ type: 'SecretWithdrawn', fence });
    case 'remove-account':
      return accept(outcome.removed ? { type: 'AccountRemoved', fence } : present(state, fence, nowMs));
    case 'confirm-absence':
      return outcome.absent ? absent(state, fence, nowMs, timing) : accept(present(state, fence, nowMs));
    case 'refused':
      return accept({ type: 'StepFailed', fence, blocked: blocked(state, outcome.step, outcome.code, nowMs, outcome.done) });
    default:
      return unreachable(outcome, 'decideOutcome');
  }
}

/** A deny that began before the record wanted this one proves nothing. */
function denied(state: Credential, startedAtMs: EpochMs, nowMs: EpochMs): Decision {
  const wanted = state.status === 'suspended' || (state.status === 'revoking' && state.stage === 'deny') ? state.denyAtMs : undefined;
  return wanted !== undefined && startedAtMs >= wanted ? accept({ type: 'AccessDenied', startedAtMs, atMs: nowMs }) : accept();
}

const retiresAgain = ({ rotation, givingBackUntilMs }: Credential, nowMs: EpochMs) => {
  const checkAtMs = latest(plusMs(nowMs, rotation.overlapMs), givingBackUntilMs);
  return { checkAtMs, hardLimitAtMs: latest(plusMs(nowMs, rotation.hardLimitMs), checkAtMs) };
};

function onceMore({ versions }: Credential, keyId: KeyId, nowMs: EpochMs): { readonly againAtMs?: EpochMs } {
  const version = versions.filter((one) => one.phase === 'restoring').find((one) => one.keyId === keyId);
  return version && nowMs < version.settledAtMs ? { againAtMs: version.settledAtMs } : {};
}

function verified(state: Credential, fence: number, { attempt, usable }: Extract<Outcome, { of: 'verify' }>, nowMs: EpochMs): Decision {
  if (usable) return accept({ type: 'VersionVerified', fence, attempt, atMs: nowMs });
  const version = state.versions.filter((known) => known.phase === 'stored').find((known) => known.attempt === attempt);
  const backoffMs = version && verifyBackoffMs(version.tries + 1);
  return backoffMs === undefined
    ? accept({ type: 'VersionGivenUp', fence, attempt, atMs: nowMs })
    : accept({ type: 'VersionNotYetUsable', fence, attempt, verifyAtMs: plusMs(nowMs, backoffMs) });
}

/**
 * Evidence, not age: the new key was used by somebody else than our own verification, which is noted up to `usageLagMs` late and hides
 * what follows it for as long, and the old one was not for as long as the overlap. Without it the hard limit decides, as the profile says.
 */
function retirement(
  state: Credential,
  fence: number,
  { keyId, oldUsedAtMs, newUsedAtMs }: Extract<Outcome, { of: 'check-use' }>,
  nowMs: EpochMs,
  { usageLagMs }: Timing,
): Decision {
  const current = state.versions.find((version) => version.phase === 'current');
  const old = state.versions.filter((version) => version.phase === 'retiring').find((version) => version.keyId === keyId);
  if (!old || current?.phase !== 'current') return accept({ type: 'RetirementPostponed', fence, keyId, checkAtMs: nowMs, overdue: false });
  const { overlapMs, stillInUse } = state.rotation;
  const newIsUsed = newUsedAtMs !== undefined && newUsedAtMs > current.verifiedAtMs + usageLagMs;
  const oldIsSilent = oldUsedAtMs === undefined || nowMs >= oldUsedAtMs + usageLagMs + overlapMs;
  if (newIsUsed && oldIsSilent) return accept({ type: 'RetirementAllowed', fence, keyId, inUse: false });
  const overdue = nowMs >= old.hardLimitAtMs;
  if (overdue && stillInUse === 'disable') return accept({ type: 'RetirementAllowed', fence, keyId, inUse: true });
  const againAtMs = plusMs(nowMs, usageLagMs);
  const checkAtMs = overdue ? againAtMs : (Math.min(againAtMs, old.hardLimitAtMs) as EpochMs);
  return accept({ type: 'RetirementPostponed', fence, keyId, checkAtMs, overdue });
}

/**
 * Adopt or delete. An attempt whose value is stored made its key: adopt. A listed key that no version of ours accounts for: delete.
 * An attempt that shows nowhere, once nothing can land any more: it made nothing. A listing may be stale, so the provider is looked at again.
 */
function recovered(
  state: Credential,
  fence: number,
  { keyIds, stored }: Extract<Outcome, { of: 'recover' }>,
  nowMs: EpochMs,
  { settleMs }: Timing,
): Decision {
  const open = state.versions.flatMap((version) => (version.phase === 'attempted' || version.phase === 'created' ? [version] : []));
  const { adopt } = capabilitiesOf(state.grant);
  const adopted = stored.filter((found) => adopt && open.some((version) => version.attempt === found.attempt));
  const accounted = new Set([...adopted.map((found) => found.keyId), ...keyIdsOf(state.versions)]);
  const lost = open.filter((version) => !adopted.some((found) => found.attempt === version.attempt));
  const doomedKeys = new Set([...keyIdsOf(lost), ...keyIds.filter((keyId) => !accounted.has(keyId))]);
  return accept({
    type: 'AttemptsRecovered',
    fence,
    adopted: adopted.map((found) => ({ ...found, verifyAtMs: nowMs })),
    doomed: [...doomedKeys].map((keyId) => ({
      keyId,
      attempt: lost.find((version) => version.phase === 'created' && version.keyId === keyId)?.attempt,
    })),
    absent: lost.flatMap((version) => (version.phase === 'attempted' ? [version.attempt] : [])),
    lookAgainAtMs: open.length ? plusMs(nowMs, settleMs) : undefined,
  });
}

/** One look is enough unless an answer was lost on the way: then the second, `settleMs` later, counts. */
function absent(state: Credential, fence: number, nowMs: EpochMs, { settleMs }: Timing): Decision {
  if (state.status !== 'revoking') return reject('not-the-next-step');
  const lookedTwice = state.confirmAgainAtMs !== undefined;
  if (state.lostUntilMs !== undefined && !lookedTwice)
    return accept({ type: 'AbsenceSeen', fence, confirmAgainAtMs: plusMs(nowMs, settleMs) });
  return accept({ type: 'CredentialRevoked', fence, receipt: receipt(state, nowMs) });
}

/** From the beginning again, the deny at once; the rest after a pause, since what stands in the way may not be listed yet. */
const present = (state: Credential, fence: number, nowMs: EpochMs): CredentialEvent => ({
  type: 'PresenceFound',
  fence,
  atMs: nowMs,
  blocked: blocked(state, 'remove-account', 'still-present', nowMs),
});

const receipt = ({ cause, sinceMs, cutOffAtMs, versions, grant }: Revoking, nowMs: EpochMs): Receipt => ({
  cause,
  startedAtMs: sinceMs,
  cutOffAtMs: cutOffAtMs ?? nowMs,
  absentAtMs: nowMs,
  keyIds: keyIdsOf(versions),
  mayOutlive: (grant.mayAssume ?? [])
    .filter((role) => role.split(':')[4] !== grant.account)
    .map((role) => ({ role, untilMs: plusMs(cutOffAtMs ?? nowMs, LONGEST_SESSION_MS) })),
});

function blocked(state: Credential, step: LeasedStep | 'deny', code: string, nowMs: EpochMs, done = 0): Blocked {
  const before = state.blocked?.step === step ? state.blocked : undefined;
  const tries = (before?.tries ?? 0) + 1;
  const nextTryAtMs = plusMs(nowMs, retryBackoffMs(tries, state.id));
  return { code, step, sinceMs: before?.sinceMs ?? nowMs, tries, nextTryAtMs, ...(done > 0 && { done }) };
}
