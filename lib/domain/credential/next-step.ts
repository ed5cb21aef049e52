import { REVEAL_WITHIN_MS } from '../timing.ts';
import { type AttemptId, type EpochMs, type KeyId, latest } from '../types.ts';
import { capabilitiesOf, isDeliveredOnce } from './capabilities.ts';
import { isKnown } from './evolve-life.ts';
import { warnAtMs } from './expiry.ts';
import type { RevocationCause } from './receipt.ts';
import type { Active, Credential, Holder, Provisioning, Revoking, Suspended, SuspensionCause, Version } from './state.ts';

/** Keys a provider takes at a time, inactive ones included. */
const MAX_VERSIONS = 2;

/** Not at rest, and nothing to do by itself: it stays in the due index, where sweeps and lists find it. */
const NEVER = 253_402_300_799_000 as EpochMs; // 9999-12-31

/** What the record wants done now. Everything but `wait`, `rest`, `give-up`, `suspend`, `pass-on`, `warn` and `follow-up` is a call to a provider. */
export type NextStep =
  | { readonly do: 'rest' }
  | { readonly do: 'wait'; readonly untilMs: EpochMs }
  | { readonly do: 'give-up'; readonly cause: RevocationCause }
  | { readonly do: 'suspend'; readonly why: SuspensionCause; readonly regretMs: number | undefined }
  | { readonly do: 'pass-on'; readonly to: Holder }
  | { readonly do: 'warn' }
  /** Who was handed it has not accepted it in time. */
  | { readonly do: 'follow-up' }
  | { readonly do: 'deny' }
  | {
      readonly do:
        | 'ensure-account'
        | 'ensure-secret'
        | 'recover'
        | 'share'
        | 'lift'
        | 'disable-all'
        | 'withdraw-secret'
        | 'remove-account'
        | 'confirm-absence';
    }
  /** `attempt`: one that is to be made again; a new one where absent. */
  | { readonly do: 'create-version'; readonly attempt?: AttemptId }
  | { readonly do: 'check-use' | 'disable-version' | 'enable-version'; readonly keyId: KeyId }
  | { readonly do: 'retag'; readonly to: Holder }
  | { readonly do: 'verify' | 'promote'; readonly attempt: AttemptId; readonly keyId: KeyId }
  | { readonly do: 'delete-version'; readonly keyId: KeyId };

const wait = (untilMs: EpochMs): NextStep => ({ do: 'wait', untilMs });

/** The whole plan: which step a record wants at `nowMs`. Pure; the order of the lines is the order of the work. */
export function nextStep(state: Credential, nowMs: EpochMs): NextStep {
  switch (state.status) {
    case 'provisioning':
      if (nowMs >= state.deadlineMs) return { do: 'give-up', cause: 'gave-up' };
      return notAfter(state.deadlineMs, held(state, nowMs) ?? provision(state, nowMs));
    case 'active':
      return keep(state, nowMs);
    case 'suspended':
      return suspended(state, nowMs);
    case 'revoking':
      return revoke(state, nowMs);
    case 'revoked':
      return { do: 'rest' };
  }
}

/**
 * When there is something to do; `undefined`: it is at rest. What waits for one thing may then have to wait for the next, a lease and what
 * lands after it: a sweep that came in between would find nothing to do, and put the record off as one that is being worked on.
 */
export function dueAtMs(state: Credential, nowMs: EpochMs, plan = nextStep): EpochMs | undefined {
  for (let atMs = nowMs; ; ) {
    const next = plan(state, atMs);
    if (next.do === 'rest' && atMs === nowMs) return undefined;
    if (next.do !== 'wait' || next.untilMs <= atMs) return atMs;
    atMs = next.untilMs;
  }
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
  const again = repeated(state);
  if (again) return again;
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
      if (state.lostUntilMs !== undefined && nowMs < state.lostUntilMs) return wait(state.lostUntilMs); // it may close the secret to all once more
      return { do: 'share' }; // only now may the consumer read: the first version of a secret gets AWSCURRENT by itself, verified or not
  }
}

/** What recovery still owes, the rotation under way, the versions on their way out, and the next rotation: whatever is due first. */
function keep(state: Active, nowMs: EpochMs): NextStep {
  const [end] = deadlinesOf(state).sort((a, b) => a.atMs - b.atMs);
  if (end && nowMs >= end.atMs) return end.step; // a deadline waits for no answer
  const next = held(state, nowMs) ?? live(state, nowMs);
  return end ? notAfter(end.atMs, next) : next;
}

function live(state: Active, nowMs: EpochMs): NextStep {
  const again = repeated(state);
  if (again) return again;
  const open = openUntilMs(state);
  if (open !== undefined) return nowMs < open ? wait(open) : { do: 'recover' };
  const versions = state.versions.flatMap((version) => dueOf(state, version));
  const [first] = [...versions, ...begins(state, nowMs), ...looks(state), ...passesOn(state), ...unaccepted(state)].sort(
    (a, b) => a.atMs - b.atMs,
  );
  if (!first) return { do: 'rest' };
  return nowMs < first.atMs ? wait(first.atMs) : first.step;
}

/** A creation whose answer is missing, where it may simply be made again: its value was not stored yet. */
function repeated({ grant, versions }: Credential): NextStep | undefined {
  const lost = capabilitiesOf(grant).idempotentCreate && versions.find((version) => version.phase === 'attempted');
  return lost && lost.phase === 'attempted' ? { do: 'create-version', attempt: lost.attempt } : undefined;
}

const EXPIRED: NextStep = { do: 'give-up', cause: 'expired' };

interface Due {
  readonly atMs: EpochMs;
  readonly step: NextStep;
}

const AT_ONCE = 0 as EpochMs;

function dueOf(state: Active, version: Version): readonly Due[] {
  const { grant, replacement, givingBackUntilMs } = state;
  switch (version.phase) {
    case 'doomed':
      return [{ atMs: AT_ONCE, step: { do: 'delete-version', keyId: version.keyId } }];
    case 'stored':
      return [{ atMs: version.verifyAtMs, step: { do: 'verify', attempt: version.attempt, keyId: version.keyId } }];
    case 'verified':
      return [{ atMs: AT_ONCE, step: { do: 'promote', attempt: version.attempt, keyId: version.keyId } }];
    case 'retiring': {
      // Enabled by a call that comes late it would work on, so that is waited for.
      const disable: NextStep = { do: 'disable-version', keyId: version.keyId };
      if (version.allowed) return [{ atMs: latest(givingBackUntilMs), step: disable }];
      const decided = !capabilitiesOf(grant).usageEvidence || (replacement && isKnown(replacement, version));
      if (decided) return [{ atMs: latest(givingBackUntilMs, version.checkAtMs), step: disable }];
      return [{ atMs: version.checkAtMs, step: { do: 'check-use', keyId: version.keyId } }];
    }
    case 'restoring':
      return [{ atMs: version.enableAtMs, step: { do: 'enable-version', keyId: version.keyId } }];
    case 'disabled':
      return [{ atMs: version.deleteAtMs, step: { do: 'delete-version', keyId: version.keyId } }];
    default:
      return [];
  }
}

/** Where the replacement is not done in time it is suspended; where nobody approved, or its time is over, revoked. */
function deadlinesOf({ replacement, approval, expiry }: Active): Due[] {
  const ends: Due[] = expiry
    ? [{ atMs: warnAtMs(expiry) ?? expiry.atMs, step: warnAtMs(expiry) === undefined ? EXPIRED : { do: 'warn' } }]
    : [];
  if (approval?.kind === 'pending') ends.push({ atMs: approval.deadlineMs, step: { do: 'give-up', cause: 'owner-moved' } });
  if (!replacement) return ends;
  const { heir, cutOffAtMs, deadlineMs, regretMs } = replacement;
  if (cutOffAtMs !== undefined && heir?.to) return ends;
  ends.push({ atMs: deadlineMs, step: { do: 'suspend', why: heir ? 'owner-left' : 'not-replaced', regretMs: heir && regretMs } });
  return ends;
}

/** Once nobody but us knows a key that works: the owner tag, then the ownership. Until then, and where the heir is lost, the tag is the holder's. */
function passesOn(state: Active): readonly Due[] {
  const { replacement, holder, taggedFor, lookAgainAtMs } = state;
  const heir = replacement?.cutOffAtMs === undefined ? undefined : replacement.heir?.to;
  if (heir && lookAgainAtMs !== undefined) return []; // a key that no look has seen yet could be one the leaver knows
  const to = heir ?? holder;
  // A tag that was sent before may land late, and would name another.
  if (taggedFor !== to.id) return [{ atMs: unsettledUntilMs(state), step: { do: 'retag', to } }];
  return heir ? [{ atMs: AT_ONCE, step: { do: 'pass-on', to } }] : [];
}

/** One that is on its way to somebody else already is not followed up. */
function unaccepted({ succession, replacement }: Active): readonly Due[] {
  const { acceptByMs, acceptedAtMs, escalatedAtMs } = succession ?? {};
  if (acceptByMs === undefined || acceptedAtMs !== undefined || escalatedAtMs !== undefined || replacement?.heir) return [];
  return [{ atMs: acceptByMs, step: { do: 'follow-up' } }];
}

/** A rotation begins only in a free slot, since neither key is taken away to make room, and not while a look at the provider is owed. */
function begins({ grant, versions, rotateAtMs, lookAgainAtMs }: Active, nowMs: EpochMs): readonly Due[] {
  if (versions.length >= MAX_VERSIONS || lookAgainAtMs !== undefined) return [];
  const nobodyWaits = isDeliveredOnce(grant) && nowMs >= rotateAtMs + REVEAL_WITHIN_MS;
  return [{ atMs: nobodyWaits ? NEVER : rotateAtMs, step: { do: 'create-version' } }];
}

const looks = ({ lookAgainAtMs }: Pick<Active, 'lookAgainAtMs'>): readonly Due[] =>
  lookAgainAtMs === undefined ? [] : [{ atMs: lookAgainAtMs, step: { do: 'recover' } }];

/** Denied, and again where something may have taken the deny off; otherwise only what no key may be left without. */
function suspended(state: Suspended, nowMs: EpochMs): NextStep {
  const { denyAtMs, liftAtMs, ends, expiry } = state;
  if (expiry && nowMs >= expiry.atMs) return EXPIRED;
  if (liftAtMs === undefined && ends && nowMs >= ends.atMs) return { do: 'give-up', cause: ends.cause };
  if (denyAtMs !== undefined && nowMs >= denialDueMs(state, denyAtMs)) return { do: 'deny' };
  const next = held(state, nowMs) ?? tidy(state, nowMs);
  if (next.do !== 'wait') return next;
  const waits = [
    next.untilMs,
    ...(denyAtMs === undefined ? [] : [denialDueMs(state, denyAtMs)]),
    ...(ends && liftAtMs === undefined ? [ends.atMs] : []),
    ...(expiry ? [expiry.atMs] : []),
  ];
  return wait(Math.min(...waits) as EpochMs);
}

function tidy(state: Suspended, nowMs: EpochMs): NextStep {
  const open = openUntilMs(state);
  if (open !== undefined) return nowMs < open ? wait(open) : { do: 'recover' };
  const doomed = state.versions.find((version) => version.phase === 'doomed');
  if (doomed) return { do: 'delete-version', keyId: doomed.keyId };
  const [next] = [...looks(state), ...tagsBack(state), ...lifts(state)].sort((a, b) => a.atMs - b.atMs);
  if (!next) return wait(NEVER);
  return nowMs < next.atMs ? wait(next.atMs) : next.step;
}

/** A handover that the suspension came into may have moved the tag already. */
const tagsBack = (state: Suspended): readonly Due[] =>
  state.taggedFor === state.holder.id ? [] : [{ atMs: unsettledUntilMs(state), step: { do: 'retag', to: state.holder } }];

const lifts = ({ liftAtMs }: Suspended): readonly Due[] => (liftAtMs === undefined ? [] : [{ atMs: liftAtMs, step: { do: 'lift' } }]);

/** Idempotent, so it waits for nobody's lease; only its own refusal holds it. */
const denialDueMs = ({ blocked }: Credential, denyAtMs: EpochMs): EpochMs =>
  blocked?.step === 'deny' ? latest(denyAtMs, blocked.nextTryAtMs) : denyAtMs;

function revoke(state: Revoking, nowMs: EpochMs): NextStep {
  const { stage } = state;
  if (stage === 'deny') {
    const atMs = denialDueMs(state, state.denyAtMs);
    return nowMs < atMs ? wait(atMs) : { do: 'deny' };
  }
  const waiting = held(state, nowMs);
  if (waiting) return waiting;
  if (stage === 'remove-account' || stage === 'confirm-absence') {
    // Removing the account takes the deny away, so nothing may be out that could still land.
    const settledAtMs = latest(openUntilMs(state), unsettledUntilMs(state), state.removableAtMs);
    if (nowMs < settledAtMs) return wait(settledAtMs);
  }
  if (stage === 'confirm-absence' && state.confirmAgainAtMs !== undefined && nowMs < state.confirmAgainAtMs)
    return wait(state.confirmAgainAtMs);
  return { do: stage };
}

/** When nothing that was sent without an answer can land any more. */
const unsettledUntilMs = ({ inFlight, lostUntilMs }: Credential): EpochMs => latest(inFlight?.settledAtMs, lostUntilMs);

/** When the last version without a full answer can no longer change at the provider. */
export function openUntilMs({ versions }: Credential): EpochMs | undefined {
  const open = versions.flatMap((version) => (version.phase === 'attempted' || version.phase === 'created' ? [version.settledAtMs] : []));
  return open.length ? latest(...open) : undefined;
}
