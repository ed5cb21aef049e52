import { ROTATE_AGAIN_AFTER_MS } from '../timing.ts';
import { type AttemptId, latest, plusMs, unreachable } from '../types.ts';
import type { CredentialEvent } from './events.ts';
import type { Active, Credential, Provisioning, RevocationStage, Revoking, Version } from './state.ts';

/** More than the versions of a secret that can still carry a label; bounds the record. */
const KEPT_ATTEMPTS = 20;

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
    case 'DenyFailed':
      return { ...state, blocked: event.blocked };
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
      return next.status === 'active' ? { ...next, rotateAtMs: plusMs(event.atMs, ROTATE_AGAIN_AFTER_MS) } : next;
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
      return retiring(state, event.keyId, ({ attempt, keyId }) => {
        return { phase: 'disabled', attempt, keyId, deleteAtMs: plusMs(event.atMs, state.rotation.regretMs) };
      });
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
      return state.status === 'revoking' && state.stage === 'deny'
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
        cutOffAtMs: undefined,
        confirmAgainAtMs: undefined,
        blocked: event.blocked,
      };
    case 'AbsenceSeen':
      return { ...answered(revoking(state, event)), confirmAgainAtMs: event.confirmAgainAtMs };
    case 'CredentialRevoked': {
      const { status: _status, cause: _cause, sinceMs: _sinceMs, deadlineMs: _deadlineMs, ...rest } = answered(revoking(state, event));
      const { stage: _stage, cutOffAtMs: _cutOffAtMs, confirmAgainAtMs: _confirmAgainAtMs, ...common } = rest;
      return { ...common, status: 'revoked', versions: [], receipt: event.receipt };
    }
    default:
      return unreachable(event, 'evolve');
  }
}

/** The step has its answer: the lease is free, nothing is out under it, nothing blocks. */
const answered = <T extends Credential>(state: T): T => ({ ...state, lease: undefined, inFlight: undefined, blocked: undefined });

const changed = (state: Credential, attempt: string, change: (version: Version) => Version): Credential => ({
  ...state,
  versions: state.versions.map((version) => (version.attempt === attempt ? change(version) : version)),
});

const retiring = (state: Credential, keyId: string, change: (version: Extract<Version, { phase: 'retiring' }>) => Version): Credential => ({
  ...answered(state),
  versions: state.versions.map((version) => (version.phase === 'retiring' && version.keyId === keyId ? change(version) : version)),
});

function promoted(state: Credential, { attempt: promoted, atMs }: Event<'VersionPromoted'>): Credential {
  const { overlapMs, hardLimitMs, everyMs } = state.rotation;
  const versions = state.versions.map((version): Version => {
    if (version.phase === 'verified' && version.attempt === promoted) return { ...version, phase: 'current' };
    if (version.phase !== 'current' || version.attempt === promoted) return version;
    const { attempt, keyId } = version;
    const times = { checkAtMs: plusMs(atMs, overlapMs), hardLimitAtMs: plusMs(atMs, hardLimitMs) };
    return { phase: 'retiring', attempt, keyId, ...times, allowed: false };
  });
  const next = { ...answered(state), versions };
  return next.status === 'active' ? { ...next, rotateAtMs: plusMs(atMs, everyMs) } : next;
}

function revoking(state: Credential, event: CredentialEvent): Revoking {
  if (state.status !== 'revoking') throw new Error(`history: ${event.type} while ${state.status}`);
  return state;
}

function requested(state: Credential | undefined, event: Event<'CredentialRequested'>): Provisioning {
  if (state) throw new Error(`history: ${event.type} on a credential that exists`);
  const { type: _type, ...asked } = event;
  return {
    ...asked,
    status: 'provisioning',
    hasAccount: false,
    hasSecret: false,
    versions: [],
    attempts: [],
    fence: 0,
    lease: undefined,
    inFlight: undefined,
    lostUntilMs: undefined,
    blocked: undefined,
    lookAgainAtMs: undefined,
  };
}

/** What was out under an earlier lease got no answer, or it would not be there any more: from now on that counts as lost. */
function started(state: Credential, event: Event<'StepStarted'>): Credential {
  const { fence, step, untilMs, settledAtMs, attempt } = event;
  const base: Credential = {
    ...state,
    fence,
    lease: { fence, step, untilMs },
    lostUntilMs: state.inFlight ? latest(state.inFlight.settledAtMs, state.lostUntilMs) : state.lostUntilMs,
    inFlight: settledAtMs === undefined ? undefined : { fence, settledAtMs },
  };
  return attempt && settledAtMs !== undefined
    ? {
        ...base,
        versions: [...state.versions, { phase: 'attempted', attempt, settledAtMs }],
        attempts: kept([...state.attempts, attempt], state.versions),
      }
    : base;
}

/** An attempt whose key is still there is never forgotten, however many came after it: its label is no drift. */
const kept = (attempts: readonly AttemptId[], versions: readonly Version[]): readonly AttemptId[] =>
  attempts.filter((attempt, index) => index >= attempts.length - KEPT_ATTEMPTS || versions.some((version) => version.attempt === attempt));

/** The provider said no to a creation: its attempt made nothing, and is forgotten. */
function failed(state: Credential, event: Event<'StepFailed'>): Credential {
  const refusedCreation = state.lease?.step === 'create-version' && event.blocked.step === 'create-version';
  const versions = refusedCreation
    ? state.versions.filter((version) => version.phase !== 'attempted' || version.settledAtMs !== state.inFlight?.settledAtMs)
    : state.versions;
  const next = { ...answered(state), versions, blocked: event.blocked };
  // As many keys as the provider takes, and we know of fewer: there is one that a lost answer made.
  const owesLook = refusedCreation && event.blocked.code.startsWith('key-quota') && next.status === 'active';
  return owesLook ? { ...next, lookAgainAtMs: event.blocked.nextTryAtMs } : next;
}

/** Storing the value follows under the same lease; in a revocation nothing follows. */
function created(state: Credential, event: Event<'VersionCreated'>): Credential {
  const next = changed(state, event.attempt, (version) =>
    version.phase === 'attempted'
      ? { phase: 'created', attempt: event.attempt, keyId: event.keyId, settledAtMs: version.settledAtMs }
      : version,
  );
  return next.status === 'revoking' ? answered(next) : next;
}

function activated(state: Credential, event: Event<'CredentialActivated'>): Credential {
  if (state.status !== 'provisioning') return answered(state); // a revocation that came in between stands
  const { hasAccount: _hasAccount, hasSecret: _hasSecret, deadlineMs: _deadlineMs, ...rest } = answered(state);
  return { ...rest, status: 'active', activeSinceMs: event.atMs, rotateAtMs: plusMs(event.atMs, state.rotation.everyMs) } satisfies Active;
}

function recovered(state: Credential, event: Event<'AttemptsRecovered'>): Credential {
  const doomed = new Map(event.doomed.map((found) => [found.keyId, found]));
  const settled = state.versions.flatMap((version): readonly Version[] => {
    if (version.attempt && event.absent.includes(version.attempt)) return [];
    const adopted = event.adopted.find((found) => found.attempt === version.attempt);
    if (adopted) return [{ phase: 'stored', attempt: adopted.attempt, keyId: adopted.keyId, tries: 0, verifyAtMs: adopted.verifyAtMs }];
    if (version.phase === 'attempted' || !doomed.has(version.keyId)) return [version];
    doomed.delete(version.keyId);
    return [{ phase: 'doomed', attempt: version.attempt, keyId: version.keyId }];
  });
  const versions = [...settled, ...[...doomed.values()].map((found): Version => ({ phase: 'doomed', ...found }))];
  const next = { ...answered(state), versions };
  return next.status === 'provisioning' || next.status === 'active' ? { ...next, lookAgainAtMs: event.lookAgainAtMs } : next;
}

function revocationStarted(state: Credential, event: Event<'RevocationStarted'>): Revoking {
  if (state.status === 'revoking' || state.status === 'revoked') throw new Error(`history: ${event.type} while ${state.status}`);
  const { id, holder, grant, rotation, requestedAtMs, versions, attempts, fence, lease, inFlight, lostUntilMs } = state;
  return {
    ...{ id, holder, grant, rotation, requestedAtMs, versions, attempts, fence, lease, inFlight, lostUntilMs },
    status: 'revoking',
    cause: event.cause,
    sinceMs: event.atMs,
    deadlineMs: event.deadlineMs,
    stage: 'deny',
    blocked: undefined,
    cutOffAtMs: undefined,
    confirmAgainAtMs: undefined,
  };
}

function keysDisabled(state: Credential, event: Event<'KeysDisabled'>): Revoking {
  const next = answered(revoking(state, event));
  const stage: RevocationStage = 'withdraw-secret';
  const found = event.unknown.map((keyId): Version => ({ phase: 'doomed', attempt: undefined, keyId }));
  return { ...next, stage, cutOffAtMs: next.cutOffAtMs ?? event.atMs, versions: [...next.versions, ...found] };
}
