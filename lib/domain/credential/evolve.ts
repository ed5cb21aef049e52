import { ROTATE_AGAIN_AFTER_MS } from '../timing.ts';
import { latest, plusMs, unreachable } from '../types.ts';
import type { CredentialEvent } from './events.ts';
import {
  handedOver,
  heirChanged,
  heirLost,
  replacementStarted,
  resumptionStarted,
  suspensionDenied,
  suspensionLifted,
  suspensionStarted,
} from './evolve-life.ts';
import { answered, byKey, changed, created, disabled, failed, promoted, recovered, retiring, started } from './evolve-versions.ts';
import { expiryOf } from './expiry.ts';
import { type Active, type Credential, isLiving, type Provisioning, type RevocationStage, type Revoking, type Version } from './state.ts';

type Event<T extends CredentialEvent['type']> = Extract<CredentialEvent, { type: T }>;

/** The state after `event`. Throws where a history can't be: an event that `decide` would not have made. */
export function evolve(state: Credential | undefined, event: CredentialEvent): Credential {
  if (event.type === 'CredentialRequested') return requested(state, event);
  if (!state) throw new Error(`history: ${event.type} before CredentialRequested`);
  switch (event.type) {
    case 'StepStarted':
      return started(state, event);
    case 'StepFailed':
      return failed(state, event);
    case 'DenyFailed': {
      const { blocked, secretClosedAtMs } = event;
      return state.status === 'suspended' && secretClosedAtMs !== undefined
        ? { ...state, blocked, secretClosedAtMs }
        : { ...state, blocked };
    }
    case 'AccountEnsured':
      return state.status === 'provisioning' ? { ...answered(state), hasAccount: true } : answered(state);
    case 'SecretEnsured':
      return state.status === 'provisioning' ? { ...answered(state), hasSecret: true } : answered(state);
    case 'VersionCreated':
      return created(state, event);
    case 'VersionStored':
      return changed(answered(state), event.attempt, (version) =>
        version.phase === 'created'
          ? { phase: 'stored', attempt: version.attempt, keyId: version.keyId, tries: 0, verifyAtMs: event.verifyAtMs }
          : version,
      );
    case 'VersionNotYetUsable':
      return changed(answered(state), event.attempt, (version) =>
        version.phase === 'stored' ? { ...version, tries: version.tries + 1, verifyAtMs: event.verifyAtMs } : version,
      );
    case 'VersionGivenUp': {
      const next = changed(answered(state), event.attempt, (version) =>
        version.phase === 'attempted' ? version : { phase: 'doomed', attempt: version.attempt, keyId: version.keyId },
      );
      return isLiving(next) ? { ...next, rotateAtMs: plusMs(event.atMs, ROTATE_AGAIN_AFTER_MS) } : next;
    }
    case 'VersionVerified':
      return changed(answered(state), event.attempt, (version) =>
        version.phase === 'stored'
          ? { phase: 'verified', attempt: version.attempt, keyId: version.keyId, verifiedAtMs: event.atMs }
          : version,
      );
    case 'VersionPromoted':
      return promoted(state, event);
    case 'RotationRequested':
      return state.status === 'active' ? { ...state, rotateAtMs: event.atMs } : state;
    case 'LookRequested':
      return state.status === 'active' ? { ...state, lookAgainAtMs: event.atMs } : state;
    case 'RetirementAllowed':
      return retiring(state, event.keyId, (version) => ({ ...version, allowed: true }));
    case 'RetirementPostponed':
      return retiring(state, event.keyId, (version) => ({ ...version, checkAtMs: event.checkAtMs }));
    case 'VersionDisabled':
      return disabled(state, event);
    case 'UndoRequested':
      return byKey(state, event.keyId, ({ attempt, keyId }) =>
        attempt ? { phase: 'restoring', attempt, keyId, enableAtMs: event.atMs, settledAtMs: event.settledAtMs } : undefined,
      );
    case 'VersionRestored': {
      const { checkAtMs, hardLimitAtMs, againAtMs } = event;
      return byKey(answered(state), event.keyId, (version) => {
        if (version.phase !== 'restoring') return undefined;
        if (againAtMs !== undefined) return { ...version, enableAtMs: againAtMs };
        return { phase: 'retiring', attempt: version.attempt, keyId: version.keyId, checkAtMs, hardLimitAtMs, allowed: false };
      });
    }
    case 'SuspensionStarted':
      return suspensionStarted(state, event);
    case 'ResumptionStarted':
      return resumptionStarted(state, event);
    case 'SuspensionLifted':
      return suspensionLifted(answered(state), event);
    case 'ReplacementStarted':
      return replacementStarted(state, event);
    case 'HeirChosen':
      return heirChanged(state, event, (heir) => ({ ...heir, to: event.to, rung: event.rung }));
    case 'HeirLost':
      return heirLost(state, event);
    case 'OwnerTagged':
      return { ...answered(state), taggedFor: event.ownerId };
    case 'CredentialHandedOver':
      return handedOver(state, event);
    case 'SuccessionAccepted':
      return state.succession ? { ...state, succession: { ...state.succession, acceptedAtMs: event.atMs } } : state;
    case 'SuccessionEscalated':
      return state.succession ? { ...state, succession: { ...state.succession, escalatedAtMs: event.atMs } } : state;
    case 'ApprovalRequired':
      return isLiving(state) ? { ...state, approval: { kind: 'pending', sinceMs: event.atMs, deadlineMs: event.deadlineMs } } : state;
    case 'ApprovalGranted': {
      const { by, reason, untilMs } = event;
      return isLiving(state) ? { ...state, approval: { kind: 'granted', by, reason, untilMs } } : state;
    }
    case 'ExpiryApproaching':
      return state.expiry ? { ...state, expiry: { ...state.expiry, warned: event.warning } } : state;
    case 'ExpiryRenewed': {
      const renewed = { ...state, expiry: expiryOf(event.atMs, event.ttlMs) };
      return renewed.status === 'active' ? { ...renewed, rotateAtMs: event.atMs } : renewed;
    }
    case 'CredentialActivated':
      return activated(state, event);
    case 'AttemptsRecovered':
      return recovered(state, event);
    case 'VersionDeleted':
      return {
        ...answered(state),
        versions: state.versions.filter((version) => version.phase === 'attempted' || version.keyId !== event.keyId),
      };
    case 'RevocationStarted':
      return revocationStarted(state, event);
    case 'AccessDenied':
      if (state.status === 'suspended') return suspensionDenied(state, event);
      return state.status === 'revoking' && state.stage === 'deny' && event.startedAtMs >= state.denyAtMs
        ? { ...state, stage: 'disable-all', blocked: state.blocked?.step === 'deny' ? undefined : state.blocked }
        : state;
    case 'KeysDisabled':
      return keysDisabled(state, event);
    case 'SecretWithdrawn':
      return { ...answered(revoking(state, event)), stage: 'remove-account' };
    case 'AccountRemoved':
      return { ...answered(revoking(state, event)), stage: 'confirm-absence' };
    case 'PresenceFound':
      return {
        ...answered(revoking(state, event)),
        stage: 'deny',
        denyAtMs: event.atMs,
        cutOffAtMs: undefined,
        confirmAgainAtMs: undefined,
        blocked: event.blocked,
      };
    case 'AbsenceSeen':
      return { ...answered(revoking(state, event)), confirmAgainAtMs: event.confirmAgainAtMs };
    case 'CredentialRevoked': {
      const { status: _status, cause: _cause, sinceMs: _sinceMs, deadlineMs: _deadlineMs, ...rest } = answered(revoking(state, event));
      const { stage: _stage, denyAtMs: _denyAtMs, cutOffAtMs: _cutOffAtMs, ...proof } = rest;
      const { removableAtMs: _removableAtMs, confirmAgainAtMs: _confirmAgainAtMs, ...common } = proof;
      return { ...common, status: 'revoked', versions: [], receipt: event.receipt };
    }
    default:
      return unreachable(event, 'evolve');
  }
}

function revoking(state: Credential, event: CredentialEvent): Revoking {
  if (state.status !== 'revoking') throw new Error(`history: ${event.type} while ${state.status}`);
  return state;
}

function requested(state: Credential | undefined, event: Event<'CredentialRequested'>): Provisioning {
  if (state) throw new Error(`history: ${event.type} on a credential that exists`);
  const { type: _type, ttlMs, ...asked } = event;
  return {
    ...asked,
    expiry: ttlMs === undefined ? undefined : expiryOf(event.requestedAtMs, ttlMs),
    status: 'provisioning',
    hasAccount: false,
    hasSecret: false,
    versions: [],
    attempts: [],
    attemptedAtMs: [],
    fence: 0,
    lease: undefined,
    inFlight: undefined,
    lostUntilMs: undefined,
    blocked: undefined,
    givingBackUntilMs: undefined,
    taggedFor: event.holder.id,
    succession: undefined,
    lookAgainAtMs: undefined,
  };
}

function activated(state: Credential, event: Event<'CredentialActivated'>): Credential {
  if (state.status !== 'provisioning') return answered(state); // a revocation that came in between stands
  const { hasAccount: _hasAccount, hasSecret: _hasSecret, deadlineMs: _deadlineMs, ...rest } = answered(state);
  const nothing = { approval: undefined, replacement: undefined };
  const times = { activeSinceMs: event.atMs, rotateAtMs: plusMs(event.atMs, state.rotation.everyMs) };
  return { ...rest, ...nothing, ...times, status: 'active' } satisfies Active;
}

function revocationStarted(state: Credential, event: Event<'RevocationStarted'>): Revoking {
  if (state.status === 'revoking' || state.status === 'revoked') throw new Error(`history: ${event.type} while ${state.status}`);
  const { id, holder, grant, rotation, requestedAtMs, expiry, versions, attempts, attemptedAtMs } = state;
  const { fence, lease, inFlight, givingBackUntilMs, taggedFor, succession } = state;
  const lostUntilMs = event.settledAtMs === undefined ? state.lostUntilMs : latest(state.lostUntilMs, event.settledAtMs);
  return {
    ...{ id, holder, grant, rotation, requestedAtMs, expiry, versions, attempts, attemptedAtMs },
    ...{ fence, lease, inFlight, lostUntilMs, givingBackUntilMs, taggedFor, succession },
    status: 'revoking',
    cause: event.cause,
    sinceMs: event.atMs,
    deadlineMs: event.deadlineMs,
    stage: 'deny',
    denyAtMs: event.atMs,
    blocked: undefined,
    cutOffAtMs: undefined,
    removableAtMs: undefined,
    confirmAgainAtMs: undefined,
  };
}

function keysDisabled(state: Credential, event: Event<'KeysDisabled'>): Revoking {
  const next = answered(revoking(state, event));
  const found = event.unknown.map((keyId): Version => ({ phase: 'doomed', attempt: undefined, keyId }));
  const versions = [...next.versions, ...found];
  const { removableAtMs } = event;
  // A key may be enabled, or the deny taken off, by a call that is still out: both once more when it can't land any later.
  if (latest(next.givingBackUntilMs) > event.atMs && next.givingBackUntilMs !== undefined)
    return { ...next, stage: 'deny', denyAtMs: next.givingBackUntilMs, removableAtMs, versions };
  const stage: RevocationStage = 'withdraw-secret';
  return { ...next, stage, cutOffAtMs: next.cutOffAtMs ?? event.atMs, removableAtMs, versions };
}
