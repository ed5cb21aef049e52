import { KEYS_A_DAY } from '../timing.ts';
import type { AttemptId } from '../types.ts';
import { latest, plusMs } from '../types.ts';
import { capabilitiesOf } from './capabilities.ts';
import type { CredentialEvent } from './events.ts';
import { cutOffBy, isKnown } from './evolve-life.ts';
import { type Credential, isLiving, type Replacement, type Version } from './state.ts';

/** More than the versions of a secret that can still carry a label; bounds the record. */
const KEPT_ATTEMPTS = 20;

type Event<T extends CredentialEvent['type']> = Extract<CredentialEvent, { type: T }>;

/** The step has its answer: the lease is free, nothing is out under it, nothing blocks. */
export const answered = <T extends Credential>(state: T): T => ({ ...state, lease: undefined, inFlight: undefined, blocked: undefined });

/** It goes on in a suspension, whose answers were on their way before. */
const replacementOf = (state: Credential): Replacement | undefined => (isLiving(state) ? state.replacement : undefined);

export const changed = (state: Credential, attempt: string, change: (version: Version) => Version): Credential => ({
  ...state,
  versions: state.versions.map((version) => (version.attempt === attempt ? change(version) : version)),
});

export const retiring = (
  state: Credential,
  keyId: string,
  change: (version: Extract<Version, { phase: 'retiring' }>) => Version,
): Credential => ({
  ...answered(state),
  versions: state.versions.map((version) => (version.phase === 'retiring' && version.keyId === keyId ? change(version) : version)),
});

type Keyed = Exclude<Version, { phase: 'attempted' }>;

export const byKey = (state: Credential, keyId: string, change: (version: Keyed) => Version | undefined): Credential => ({
  ...state,
  versions: state.versions.map((version) =>
    version.phase !== 'attempted' && version.keyId === keyId ? (change(version) ?? version) : version,
  ),
});

/** One that somebody knew who may no longer is not wanted back, so it has no regret time. */
export function disabled(state: Credential, event: Event<'VersionDisabled'>): Credential {
  const replacement = replacementOf(state);
  const next = retiring(state, event.keyId, (version) => {
    const { attempt, keyId } = version;
    const regretMs = replacement && isKnown(replacement, version) ? 0 : state.rotation.regretMs;
    return { phase: 'disabled', attempt, keyId, deleteAtMs: plusMs(event.atMs, regretMs) };
  });
  return cutOffBy(next, event.atMs);
}

export function promoted(state: Credential, { attempt: promoted, atMs }: Event<'VersionPromoted'>): Credential {
  const { hardLimitMs, everyMs } = state.rotation;
  const replacement = replacementOf(state);
  const stillKnown = replacement?.known.includes(promoted);
  const overlapMs = stillKnown ? 0 : (replacement?.overlapMs ?? state.rotation.overlapMs);
  const versions = state.versions.map((version): Version => {
    if (version.phase === 'verified' && version.attempt === promoted) return { ...version, phase: 'current' };
    if (version.phase !== 'current' || version.attempt === promoted) return version;
    const { attempt, keyId } = version;
    const times = { checkAtMs: plusMs(atMs, overlapMs), hardLimitAtMs: plusMs(atMs, hardLimitMs) };
    return { phase: 'retiring', attempt, keyId, ...times, allowed: false };
  });
  const next = { ...answered(state), versions };
  return isLiving(next) ? { ...next, rotateAtMs: stillKnown ? atMs : plusMs(atMs, everyMs) } : next;
}

/** What was out under an earlier lease got no answer, or it would not be there any more: from now on that counts as lost. */
export function started(state: Credential, event: Event<'StepStarted'>): Credential {
  const { fence, step, untilMs, settledAtMs, attempt } = event;
  const base: Credential = {
    ...state,
    fence,
    lease: { fence, step, untilMs },
    lostUntilMs: state.inFlight ? latest(state.inFlight.settledAtMs, state.lostUntilMs) : state.lostUntilMs,
    inFlight: settledAtMs === undefined ? undefined : { fence, settledAtMs },
    givingBackUntilMs:
      step === 'lift' || step === 'enable-version' ? latest(settledAtMs, state.givingBackUntilMs) : state.givingBackUntilMs,
    taggedFor: step === 'retag' ? undefined : state.taggedFor,
    ...(step === 'lift' && state.status === 'suspended' && { lifting: fence }),
  };
  if (!attempt || settledAtMs === undefined) return base;
  const others = state.versions.filter((version) => version.attempt !== attempt); // one that is made again stands there already
  const versions: readonly Version[] = [...others, { phase: 'attempted', attempt, settledAtMs }];
  if (state.attempts.includes(attempt)) return { ...base, versions };
  const attemptedAtMs = [...state.attemptedAtMs.slice(1 - KEYS_A_DAY), untilMs];
  return { ...base, versions, attempts: kept([...state.attempts, attempt], state.versions), attemptedAtMs };
}

/** An attempt whose key is still there is never forgotten, however many came after it: its label is no drift. */
const kept = (attempts: readonly AttemptId[], versions: readonly Version[]): readonly AttemptId[] =>
  attempts.filter((attempt, index) => index >= attempts.length - KEPT_ATTEMPTS || versions.some((version) => version.attempt === attempt));

/** The provider said no to a creation: its attempt made nothing, and is forgotten; but one that may have been made before is made again. */
export function failed(state: Credential, event: Event<'StepFailed'>): Credential {
  const refusedCreation = event.blocked.step === 'create-version';
  const versions =
    refusedCreation && !capabilitiesOf(state.grant).idempotentCreate
      ? state.versions.filter((version) => version.phase !== 'attempted' || version.settledAtMs !== state.inFlight?.settledAtMs)
      : state.versions;
  const lost = event.blocked.code.startsWith('provider-unknown'); // no answer: it may land yet
  const lostUntilMs = lost && state.inFlight ? latest(state.inFlight.settledAtMs, state.lostUntilMs) : state.lostUntilMs;
  const next = { ...answered(state), versions, lostUntilMs, blocked: event.blocked };
  // As many keys as the provider takes, and we know of fewer: there is one that a lost answer made.
  const owesLook = refusedCreation && event.blocked.code.startsWith('key-quota') && isLiving(next);
  return owesLook ? { ...next, lookAgainAtMs: event.blocked.nextTryAtMs } : next;
}

/** Storing the value follows under the same lease; in a revocation nothing follows. */
export function created(state: Credential, event: Event<'VersionCreated'>): Credential {
  const next = changed(state, event.attempt, (version) =>
    version.phase === 'attempted'
      ? { phase: 'created', attempt: event.attempt, keyId: event.keyId, settledAtMs: version.settledAtMs }
      : version,
  );
  return next.status === 'revoking' ? answered(next) : next;
}

export function recovered(state: Credential, event: Event<'AttemptsRecovered'>): Credential {
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
  return next.status === 'provisioning' || isLiving(next) ? { ...next, lookAgainAtMs: event.lookAgainAtMs } : next;
}
