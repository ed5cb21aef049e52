import type { Rotation } from '../policy.ts';
import { DAY_MS, KEYS_A_DAY, type Timing } from '../timing.ts';
import { type AttemptId, type CredentialId, type EpochMs, type OwnerId, plusMs, unreachable } from '../types.ts';
import { isDeliveredOnce } from './capabilities.ts';
import type { CredentialEvent } from './events.ts';
import { warningsBy } from './expiry.ts';
import { nextStep } from './next-step.ts';
import type { RevocationCause } from './receipt.ts';
import {
  type Active,
  type Credential,
  type Grant,
  type Holder,
  isLiving,
  type LeasedStep,
  type NamedHeir,
  type Provisioning,
  type Suspended,
  type SuspensionCause,
  type Version,
} from './state.ts';

/** Refused when the credential is no longer that owner's, or was given in a later life. */
interface IfHeldBy {
  readonly ownerId: Holder['id'];
  readonly epochBelow: number;
}

/** What somebody wants. Needs no lease, only the record's version. */
export type Command =
  | {
      readonly type: 'request';
      readonly id: CredentialId;
      readonly holder: Holder;
      readonly grant: Grant;
      readonly rotation: Rotation;
      readonly ttlMs?: number;
    }
  /** Begins a rotation now, as far as a slot is free. */
  | { readonly type: 'rotate' }
  /** Replaces every key at once, without overlap or regret: one of them is known to somebody it should not be. */
  | { readonly type: 'replace' }
  | { readonly type: 'revoke'; readonly cause: RevocationCause; readonly ifHeldBy?: IfHeldBy }
  /** Denies everything, reversibly. */
  | { readonly type: 'suspend'; readonly why: SuspensionCause; readonly ends?: Suspended['ends']; readonly ifHeldBy?: IfHeldBy }
  /** The owner's kill of that time: denied anew, whatever the record believes. What was never handed over ends. */
  | { readonly type: 'kill'; readonly killedAtMs: EpochMs; readonly ifHeldBy: IfHeldBy }
  /** `holder`: the owner as they are now, active; in a later life, where they left and came back. */
  | { readonly type: 'resume'; readonly holder: Holder }
  /** Wants the key back that was disabled last and is not deleted yet. */
  | { readonly type: 'undo' }
  /** Replaces every key, and then passes the credential on. */
  | (NamedHeir & { readonly type: 'hand-over'; readonly overlapMs: number; readonly regretMs: number; readonly ifHeldBy?: IfHeldBy })
  /** The heir turned out not to be active any more. */
  | { readonly type: 'heir-lost' }
  /** The last of a handover; in one transaction with the ownership. */
  | { readonly type: 'pass-on'; readonly acceptWithinMs: number }
  /** Who has it has not accepted it in time, and nobody further on could take it. */
  | { readonly type: 'escalate' }
  | { readonly type: 'accept'; readonly by: OwnerId }
  | { readonly type: 'require-approval'; readonly withinMs: number; readonly ifHeldBy: IfHeldBy }
  | { readonly type: 'approve'; readonly by: OwnerId; readonly reason: string; readonly forMs: number }
  /** Its time begins anew, as long as its profile now gives it; with a new key, since the end stands beside each. */
  | { readonly type: 'renew'; readonly ttlMs: number }
  /** Says that its end comes near. */
  | { readonly type: 'warn' }
  /** Has the provider looked at for keys that no attempt of ours made. */
  | { readonly type: 'look' }
  /** Takes the lease for the step the record wants; `attempt` is the id a new version would get. */
  | { readonly type: 'start'; readonly step: LeasedStep; readonly attempt: AttemptId };

export type Rejection =
  | 'no-such-credential'
  | 'already-requested'
  | 'not-active' // there is nothing to rotate or suspend yet, or it is suspended
  | 'already-rotating' // and the last key of that is not gone yet
  | 'too-many-keys' // within a day: the secret store would keep no more versions
  | 'already-ending' // revoking or revoked: nothing revives it
  | 'already-suspended'
  | 'not-suspended'
  | 'already-handed-over' // to somebody else, and that is not done
  | 'nothing-to-undo' // no key is disabled that may be enabled again
  | 'nothing-to-accept'
  | 'nothing-to-renew' // its time is not limited
  | 'nothing-to-approve'
  | 'own-request' // nobody approves what is for themselves
  | 'held-by-another' // by another owner, or in a later life of the same
  | 'not-the-next-step' // someone else was there, or the time has not come
  | 'stale-fence'; // the lease went to another worker

export type Decision = { readonly ok: true; readonly events: readonly CredentialEvent[] } | { readonly ok: false; readonly why: Rejection };

export const accept = (...events: readonly CredentialEvent[]): Decision => ({ ok: true, events });
export const reject = (why: Rejection): Decision => ({ ok: false, why });

/** Calls of these steps can't be repeated safely, or land late: what they did is certain only `settleMs` after the lease. */
const DOUBTFUL: readonly LeasedStep[] = [
  ...(['ensure-account', 'ensure-secret', 'create-version', 'remove-account', 'retag', 'lift'] as const),
  ...(['enable-version', 'disable-version'] as const), // one that lands late undoes the other
];

/** `plan` says what the record wants; a lease is taken for nothing else. */
export function decide(
  state: Credential | undefined,
  command: Command,
  nowMs: EpochMs,
  timing: Timing,
  plan: typeof nextStep = nextStep,
): Decision {
  if (command.type === 'request') {
    if (state) return reject('already-requested');
    const { type: _type, ...asked } = command;
    return accept({ type: 'CredentialRequested', ...asked, requestedAtMs: nowMs, deadlineMs: plusMs(nowMs, timing.provisionWithinMs) });
  }
  if (!state) return reject('no-such-credential');
  if ('ifHeldBy' in command && command.ifHeldBy && !isHeldBy(state, command.ifHeldBy)) return reject('held-by-another');
  switch (command.type) {
    case 'revoke':
      if (state.status === 'revoking' || state.status === 'revoked') return reject('already-ending');
      return revoked(state, command.cause, nowMs, timing);
    case 'start':
      return started(state, command, nowMs, timing, plan);
    case 'suspend':
      return suspended(state, command, nowMs);
    case 'kill':
      return killed(state, command, nowMs, timing);
    case 'resume': {
      if (state.status !== 'suspended') return reject(endingOr(state, 'not-suspended'));
      if (command.holder.id !== state.holder.id || command.holder.epoch < state.holder.epoch) return reject('held-by-another');
      // No deny that was begun on what was read until now can land later than this.
      const liftAtMs = plusMs(nowMs, timing.leaseMs + timing.settleMs);
      return state.liftAtMs === undefined ? accept({ type: 'ResumptionStarted', holder: command.holder, liftAtMs }) : accept();
    }
    case 'accept':
      if (state.holder.id !== command.by) return reject('held-by-another');
      if (!isLiving(state) || !state.succession || state.succession.acceptedAtMs !== undefined || state.replacement?.heir)
        return reject(endingOr(state, 'nothing-to-accept'));
      return accept({ type: 'SuccessionAccepted', atMs: nowMs });
    default:
      return state.status === 'active' ? decideActive(state, command, nowMs, timing, plan) : reject(endingOr(state, 'not-active'));
  }
}

type OfActive = Exclude<Command, { type: 'request' | 'revoke' | 'start' | 'suspend' | 'kill' | 'resume' | 'accept' }>;

function decideActive(state: Active, command: OfActive, nowMs: EpochMs, timing: Timing, plan: typeof nextStep): Decision {
  switch (command.type) {
    case 'rotate':
      if (isDeliveredOnce(state.grant))
        return isBeingMade(state) ? reject('already-rotating') : accept({ type: 'RotationRequested', atMs: nowMs });
      if (state.replacement || state.versions.some(({ phase }) => phase !== 'current')) return reject('already-rotating');
      if (isSpent(state, nowMs)) return reject('too-many-keys');
      return state.rotateAtMs <= nowMs ? accept() : accept({ type: 'RotationRequested', atMs: nowMs });
    case 'replace': {
      if (state.replacement) return reject('already-rotating'); // which replaces every key it knew of already
      if (isSpent(state, nowMs)) return reject('too-many-keys');
      const deadlineMs = plusMs(nowMs, timing.revokeWithinMs);
      return accept({ type: 'ReplacementStarted', atMs: nowMs, overlapMs: 0, deadlineMs, regretMs: 0, heir: undefined });
    }
    case 'hand-over':
      return handedOver(state, command, nowMs, timing);
    case 'heir-lost':
      return heirLost(state, nowMs);
    case 'pass-on': {
      const next = plan(state, nowMs);
      const acceptByMs = plusMs(nowMs, command.acceptWithinMs);
      return next.do === 'pass-on'
        ? accept({ type: 'CredentialHandedOver', to: next.to, atMs: nowMs, acceptByMs })
        : reject('not-the-next-step');
    }
    case 'escalate':
      return plan(state, nowMs).do === 'follow-up' ? accept({ type: 'SuccessionEscalated', atMs: nowMs }) : reject('not-the-next-step');
    case 'undo': {
      const version = undoable(state, nowMs);
      if (!version) return reject('nothing-to-undo');
      // No call that disabled it can land any later than this.
      const settledAtMs = plusMs(version.deleteAtMs, timing.leaseMs + timing.settleMs - state.rotation.regretMs);
      return accept({ type: 'UndoRequested', keyId: version.keyId, atMs: nowMs, settledAtMs });
    }
    case 'require-approval': {
      if (state.approval?.kind === 'pending' || (state.approval?.kind === 'granted' && state.approval.untilMs > nowMs)) return accept();
      return accept({ type: 'ApprovalRequired', atMs: nowMs, deadlineMs: plusMs(nowMs, command.withinMs) });
    }
    case 'approve': {
      if (state.approval?.kind !== 'pending') return reject('nothing-to-approve');
      if (state.holder.id === command.by) return reject('own-request');
      return accept({ type: 'ApprovalGranted', by: command.by, reason: command.reason, untilMs: plusMs(nowMs, command.forMs) });
    }
    case 'renew':
      return state.expiry ? accept({ type: 'ExpiryRenewed', ttlMs: command.ttlMs, atMs: nowMs }) : reject('nothing-to-renew');
    case 'warn': {
      const { expiry } = state;
      const warning = expiry ? warningsBy(expiry, nowMs) : 0;
      if (!expiry || warning <= expiry.warned) return reject('not-the-next-step');
      return accept({ type: 'ExpiryApproaching', warning, expiresAtMs: expiry.atMs });
    }
    case 'look':
      return accept({ type: 'LookRequested', atMs: nowMs });
    default:
      return unreachable(command, 'decideActive');
  }
}

const isSpent = ({ attemptedAtMs: [oldest, ...rest] }: Active, nowMs: EpochMs): boolean =>
  oldest !== undefined && rest.length + 1 >= KEYS_A_DAY && nowMs < plusMs(oldest, DAY_MS);
/** What was just made may not be seen yet, and then looks gone. That a creation without an answer may still land is another matter: `DOUBTFUL`. */
const isNew = (state: Provisioning | Active | Suspended, nowMs: EpochMs, { settleMs }: Timing): boolean =>
  state.status === 'provisioning' || nowMs < state.activeSinceMs + settleMs;
const isHeldBy = ({ holder }: Credential, { ownerId, epochBelow }: IfHeldBy): boolean => holder.id === ownerId && holder.epoch < epochBelow;
const endingOr = ({ status }: Credential, why: Rejection): Rejection =>
  status === 'revoking' || status === 'revoked' ? 'already-ending' : why;

/** A deny is never too much: it is put in place anew, whatever the record believes. An end once set is only brought forward. */
function suspended(state: Credential, { why, ends }: Extract<Command, { type: 'suspend' }>, nowMs: EpochMs): Decision {
  if (!isLiving(state)) return reject(endingOr(state, 'not-active'));
  if (state.status === 'active' || state.liftAtMs !== undefined) return accept({ type: 'SuspensionStarted', why, atMs: nowMs, ends });
  const sooner = ends && (!state.ends || ends.atMs < state.ends.atMs) ? ends : undefined;
  return sooner ? accept({ type: 'SuspensionStarted', why, atMs: nowMs, ends: sooner }) : reject('already-suspended');
}

const revoked = (state: Provisioning | Active | Suspended, cause: RevocationCause, nowMs: EpochMs, timing: Timing): Decision =>
  accept({
    type: 'RevocationStarted',
    cause,
    atMs: nowMs,
    deadlineMs: plusMs(nowMs, timing.revokeWithinMs),
    ...(isNew(state, nowMs, timing) && { settledAtMs: plusMs(nowMs, timing.settleMs) }),
  });

/** What was suspended for another reason stays so, with the end it had, after the kill is lifted. */
function killed(state: Credential, { killedAtMs }: Extract<Command, { type: 'kill' }>, nowMs: EpochMs, timing: Timing): Decision {
  if (state.status === 'provisioning') return revoked(state, 'owner-killed', nowMs, timing);
  if (!isLiving(state)) return reject('already-ending');
  if (state.status === 'active' || state.liftAtMs !== undefined)
    return accept({ type: 'SuspensionStarted', why: 'killed', atMs: nowMs, ends: undefined, killedAtMs });
  if (state.killedAtMs === killedAtMs) return accept();
  return accept({ type: 'SuspensionStarted', why: state.why, atMs: nowMs, ends: state.ends, killedAtMs });
}

/**
 * One that is under way for the same leave goes on, with another heir where the one it had is gone. A person may choose another heir of a
 * leave: what the leaver knew is cut off in the time it was to be.
 */
function handedOver(state: Active, command: Extract<Command, { type: 'hand-over' }>, nowMs: EpochMs, timing: Timing): Decision {
  const { to, rung, cause, leave, line, refused, overlapMs, regretMs } = command;
  const under = state.replacement?.heir;
  if (under && (under.leave === leave || leave === undefined)) {
    if (!under.to) return accept({ type: 'HeirChosen', to, rung });
    if (leave !== undefined) return accept();
    const another = under.leave !== undefined && (under.to.id !== to.id || under.to.epoch !== to.epoch);
    return another ? accept({ type: 'HeirChosen', to, rung }) : reject('already-handed-over');
  }
  if (to.id === state.holder.id && to.epoch === state.holder.epoch) return reject('already-handed-over');
  const deadlineMs = plusMs(nowMs, timing.revokeWithinMs + overlapMs);
  const heir = { to, rung, cause, leave, line, refused };
  return accept({ type: 'ReplacementStarted', atMs: nowMs, overlapMs, deadlineMs, regretMs, heir });
}

/** After a leave somebody else is named; otherwise it stays with whoever has it. */
function heirLost({ replacement, holder }: Active, nowMs: EpochMs): Decision {
  const heir = replacement?.heir;
  if (!heir?.to) return reject('not-the-next-step');
  if (heir.leave !== undefined || heir.to.id === holder.id) return accept({ type: 'HeirLost', atMs: nowMs });
  return accept({ type: 'HeirChosen', to: holder, rung: 'chosen' });
}

/** Where every slot is taken, or a token is on its way to whoever asked before. What nobody waits for any more is asked for again. */
const isBeingMade = ({ versions }: Active): boolean =>
  versions.length > 1 || versions.some(({ phase }) => phase !== 'current' && phase !== 'retiring' && phase !== 'disabled');

/** The one disabled last; not one that is deleted because somebody knew it. */
function undoable({ versions, replacement }: Active, nowMs: EpochMs): Extract<Version, { phase: 'disabled' }> | undefined {
  if (replacement) return undefined;
  return versions.flatMap((version) => (version.phase === 'disabled' && version.deleteAtMs > nowMs ? [version] : [])).at(-1);
}

function started(
  state: Credential,
  { step, attempt }: Extract<Command, { type: 'start' }>,
  nowMs: EpochMs,
  timing: Timing,
  plan: typeof nextStep,
): Decision {
  const next = plan(state, nowMs);
  if (next.do !== step) return reject('not-the-next-step');
  const untilMs = plusMs(nowMs, timing.leaseMs);
  return accept({
    type: 'StepStarted',
    fence: state.fence + 1,
    step,
    untilMs,
    ...(DOUBTFUL.includes(step) && { settledAtMs: plusMs(untilMs, timing.settleMs) }),
    ...(next.do === 'create-version' && { attempt: next.attempt ?? attempt }),
  });
}
