import { type AttemptId, type EpochMs, type KeyId, latest } from '../types.ts';
import type { Active, Credential, Provisioning, Revoking, Version } from './state.ts';

/** Keys a provider takes at a time, inactive ones included. */
const MAX_VERSIONS = 2;

/** What the record wants done now. Everything but `wait`, `rest` and `give-up` is a call to a provider. */
export type NextStep =
  | { readonly do: 'rest' }
  | { readonly do: 'wait'; readonly untilMs: EpochMs }
  | { readonly do: 'give-up' }
  | { readonly do: 'deny' }
  | {
      readonly do:
        | 'ensure-account'
        | 'ensure-secret'
        | 'create-version'
        | 'recover'
        | 'share'
        | 'disable-all'
        | 'withdraw-secret'
        | 'remove-account'
        | 'confirm-absence';
    }
  | { readonly do: 'check-use' | 'disable-version'; readonly keyId: KeyId }
  | { readonly do: 'verify' | 'promote'; readonly attempt: AttemptId; readonly keyId: KeyId }
  | { readonly do: 'delete-version'; readonly keyId: KeyId };

const wait = (untilMs: EpochMs): NextStep => ({ do: 'wait', untilMs });

/** The whole plan: which step a record wants at `nowMs`. Pure; the order of the lines is the order of the work. */
export function nextStep(state: Credential, nowMs: EpochMs): NextStep {
  switch (state.status) {
    case 'provisioning':
      if (nowMs >= state.deadlineMs) return { do: 'give-up' };
      return notAfter(state.deadlineMs, held(state, nowMs) ?? provision(state, nowMs));
    case 'active':
      return held(state, nowMs) ?? keep(state, nowMs);
    case 'revoking':
      return revoke(state, nowMs);
    case 'revoked':
      return { do: 'rest' };
  }
}

/** When the record wants to be looked at again; `undefined`: it is at rest. */
export function dueAtMs(state: Credential, nowMs: EpochMs): EpochMs | undefined {
  const next = nextStep(state, nowMs);
  if (next.do === 'rest') return undefined;
  return next.do === 'wait' ? next.untilMs : nowMs;
}

/** Whether the record should have been done by now: the alarm, not a status. */
export const isPastDeadline = (state: Credential, nowMs: EpochMs): boolean =>
  (state.status === 'provisioning' || state.status === 'revoking') && nowMs > state.deadlineMs;

const notAfter = (limitMs: EpochMs, next: NextStep): NextStep => (next.do === 'wait' && next.untilMs > limitMs ? wait(limitMs) : next);

/** Somebody holds the record, or the provider said later. */
function held({ lease, blocked }: Credential, nowMs: EpochMs): NextStep | undefined {
  if (lease && nowMs < lease.untilMs) return wait(lease.untilMs);
  if (blocked && nowMs < blocked.nextTryAtMs) return wait(blocked.nextTryAtMs);
  return undefined;
}

function provision(state: Provisioning, nowMs: EpochMs): NextStep {
  const open = openUntilMs(state);
  if (open !== undefined) return nowMs < open ? wait(open) : { do: 'recover' }; // an answer is missing
  const doomed = state.versions.find((version) => version.phase === 'doomed');
  if (doomed) return { do: 'delete-version', keyId: doomed.keyId };
  if (!state.hasAccount) return { do: 'ensure-account' };
  if (!state.hasSecret) return { do: 'ensure-secret' };
  const [version] = state.versions;
  switch (version?.phase) {
    case undefined:
      return { do: 'create-version' };
    case 'stored':
      return nowMs < version.verifyAtMs ? wait(version.verifyAtMs) : { do: 'verify', attempt: version.attempt, keyId: version.keyId };
    case 'verified':
      return { do: 'promote', attempt: version.attempt, keyId: version.keyId };
    default:
      return { do: 'share' }; // only now may the consumer read: the first version of a secret gets AWSCURRENT by itself, verified or not
  }
}

/** What recovery still owes, the rotation under way, the versions on their way out, and the next rotation: whatever is due first. */
function keep(state: Active, nowMs: EpochMs): NextStep {
  const open = openUntilMs(state);
  if (open !== undefined) return nowMs < open ? wait(open) : { do: 'recover' };
  const due = [...state.versions.flatMap(dueOf), ...begins(state), ...looks(state)].sort((a, b) => a.atMs - b.atMs);
  const [first] = due;
  if (!first) return { do: 'rest' };
  return nowMs < first.atMs ? wait(first.atMs) : first.step;
}

interface Due {
  readonly atMs: EpochMs;
  readonly step: NextStep;
}

const AT_ONCE = 0 as EpochMs;

function dueOf(version: Version): readonly Due[] {
  switch (version.phase) {
    case 'doomed':
      return [{ atMs: AT_ONCE, step: { do: 'delete-version', keyId: version.keyId } }];
    case 'stored':
      return [{ atMs: version.verifyAtMs, step: { do: 'verify', attempt: version.attempt, keyId: version.keyId } }];
    case 'verified':
      return [{ atMs: AT_ONCE, step: { do: 'promote', attempt: version.attempt, keyId: version.keyId } }];
    case 'retiring':
      return version.allowed
        ? [{ atMs: AT_ONCE, step: { do: 'disable-version', keyId: version.keyId } }]
        : [{ atMs: version.checkAtMs, step: { do: 'check-use', keyId: version.keyId } }];
    case 'disabled':
      return [{ atMs: version.deleteAtMs, step: { do: 'delete-version', keyId: version.keyId } }];
    default:
      return [];
  }
}

/** A rotation begins only in a free slot, since neither key is taken away to make room, and not while a look at the provider is owed. */
const begins = ({ versions, rotateAtMs, lookAgainAtMs }: Active): readonly Due[] =>
  versions.length < MAX_VERSIONS && lookAgainAtMs === undefined ? [{ atMs: rotateAtMs, step: { do: 'create-version' } }] : [];

const looks = ({ lookAgainAtMs }: Active): readonly Due[] =>
  lookAgainAtMs === undefined ? [] : [{ atMs: lookAgainAtMs, step: { do: 'recover' } }];

function revoke(state: Revoking, nowMs: EpochMs): NextStep {
  const { stage } = state;
  if (stage === 'deny') {
    // Idempotent, so it waits for nobody's lease; only its own refusal holds it.
    const { blocked } = state;
    return blocked?.step === 'deny' && nowMs < blocked.nextTryAtMs ? wait(blocked.nextTryAtMs) : { do: 'deny' };
  }
  const waiting = held(state, nowMs);
  if (waiting) return waiting;
  if (stage === 'remove-account' || stage === 'confirm-absence') {
    // Removing the account takes the deny away, so nothing may be out that could still land.
    const settledAtMs = latest(openUntilMs(state), state.inFlight?.settledAtMs, state.lostUntilMs);
    if (nowMs < settledAtMs) return wait(settledAtMs);
  }
  if (stage === 'confirm-absence' && state.confirmAgainAtMs !== undefined && nowMs < state.confirmAgainAtMs)
    return wait(state.confirmAgainAtMs);
  return { do: stage };
}

/** When the last version without a full answer can no longer change at the provider. */
function openUntilMs({ versions }: Credential): EpochMs | undefined {
  const open = versions.flatMap((version) => (version.phase === 'attempted' || version.phase === 'created' ? [version.settledAtMs] : []));
  return open.length ? latest(...open) : undefined;
}
