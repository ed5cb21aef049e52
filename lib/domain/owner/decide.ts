import type { Credential } from '../credential/state.ts';
import type { Timing } from '../timing.ts';
import { type EpochMs, latest, type OwnerId, type OwnerKey, plusMs } from '../types.ts';
import { CLOCK_SKEW_MS } from './fact-limits.ts';
import type { Admission, Convergence, KillWork, Offboarding, Owner, OwnerEvent, OwnerFact, PassTally, Removal, Review } from './state.ts';

export type OwnerRejection = 'sequence-jump' | 'from-the-future' | 'nothing-to-do';
export type OwnerDecision =
  | { readonly ok: true; readonly events: readonly OwnerEvent[] }
  | { readonly ok: false; readonly why: OwnerRejection };

/**
 * Joins a fact into what is known. Attributes come from the fact with the highest sequence, the status from the highest that
 * speaks of status, the epoch from the highest leave: three maxima, so order and repetition don't matter. No events: nothing new.
 */
export function decideFact(
  state: Owner | undefined,
  fact: OwnerFact,
  fresh: { readonly id: OwnerId; readonly key: OwnerKey },
  nowMs: EpochMs,
  furthestSequence: number,
): OwnerDecision {
  if (fact.occurredAtMs > nowMs + CLOCK_SKEW_MS) return { ok: false, why: 'from-the-future' };
  if (fact.sequence > furthestSequence) return { ok: false, why: 'sequence-jump' };
  const { source, subject, sequence } = fact;
  const registered: readonly OwnerEvent[] = state
    ? []
    : [{ type: 'OwnerRegistered', ...fresh, source, subject, attributes: fact.attributes }];
  const known = state ?? { sequence: 0, statusSequence: 0, epoch: 0 };
  const times = { occurredAtMs: latest(fact.occurredAtMs, fact.effectiveAtMs), receivedAtMs: nowMs };
  const attributes = sequence > known.sequence ? fact.attributes : undefined;
  const ok = (event: OwnerEvent): OwnerDecision => ({ ok: true, events: [...registered, event] });
  switch (fact.type) {
    case 'Moved':
      return attributes ? ok({ type: 'OwnerMoved', sequence, attributes, ...times }) : { ok: true, events: [] };
    case 'Joined':
    case 'Returned':
      return sequence > known.statusSequence ? ok({ type: `Owner${fact.type}`, sequence, attributes, ...times }) : { ok: true, events: [] };
    case 'Left': {
      const { cause, occurredAtMs, effectiveAtMs } = fact;
      const superseded = sequence <= known.statusSequence;
      if (superseded && sequence <= known.epoch) return { ok: true, events: [] };
      if (superseded && state?.status === 'left') return { ok: true, events: [] }; // by a later leave, which ends all that this one would
      const said = { sequence, attributes, cause, occurredAtMs: latest(occurredAtMs, effectiveAtMs), receivedAtMs: nowMs };
      if (effectiveAtMs <= nowMs) return ok({ type: 'OwnerLeft', ...said, stillActive: superseded });
      return superseded ? { ok: true, events: [] } : ok({ type: 'OwnerLeaveScheduled', ...said, leaveAtMs: effectiveAtMs });
    }
  }
}

export type OwnerStep =
  | { readonly do: 'rest' }
  | { readonly do: 'wait'; readonly untilMs: EpochMs }
  | { readonly do: 'leave' }
  /** The guard is asked whether so much may be taken away. */
  | { readonly do: 'admit'; readonly of: Removal }
  /** Held; somebody may have released it by now. */
  | { readonly do: 'ask-release'; readonly of: Removal; readonly held: Extract<Admission, { is: 'held' }> }
  | { readonly do: 'offboard'; readonly offboarding: Offboarding }
  | { readonly do: 'review'; readonly review: Review }
  /** A page of a kill or of its lifting; for `unlist`, a look whether the provider has let go. */
  | { readonly do: KillWork['phase']; readonly work: KillWork };

/** What the owner's record wants done at `nowMs`. What is held comes last, so that nothing waits behind it. */
export function nextOwnerStep(state: Owner, nowMs: EpochMs): OwnerStep {
  const { offboarding, review, killWork } = state;
  const plans: { readonly atMs: EpochMs; readonly step: OwnerStep }[] = [];
  if (killWork) plans.push({ atMs: killWork.nextAtMs, step: { do: killWork.phase, work: killWork } });
  if (state.status === 'leaving') plans.push({ atMs: state.leaveAtMs, step: { do: 'leave' } });
  if (offboarding && offboarding.admission.is !== 'observed') {
    const step = unlessAdmitted('leave', offboarding.admission) ?? ({ do: 'offboard', offboarding } as const);
    plans.push({ atMs: offboarding.nextAtMs, step });
  }
  if (review && review.admission.is !== 'observed')
    plans.push({ atMs: review.nextAtMs, step: unlessAdmitted('move', review.admission) ?? { do: 'review', review } });
  const due = plans.filter(({ atMs }) => nowMs >= atMs).map(({ step }) => step);
  const [first] = [...due.filter((step) => step.do !== 'ask-release'), ...due];
  if (first) return first;
  return plans.length ? { do: 'wait', untilMs: Math.min(...plans.map(({ atMs }) => atMs)) as EpochMs } : { do: 'rest' };
}

export function ownerDueAtMs(state: Owner, nowMs: EpochMs, plan = nextOwnerStep): EpochMs | undefined {
  const next = plan(state, nowMs);
  if (next.do === 'rest') return undefined;
  return next.do === 'wait' ? next.untilMs : nowMs;
}

function unlessAdmitted(of: Removal, admission: Admission): OwnerStep | undefined {
  switch (admission.is) {
    case 'wanted':
      return { do: 'admit', of };
    case 'held':
      return { do: 'ask-release', of, held: admission };
    case 'admitted':
    case 'observed':
      return undefined;
  }
}

/** A leave whose day has come. */
export function decideLeave(state: Owner, nowMs: EpochMs): OwnerDecision {
  if (state.status !== 'leaving' || nowMs < state.leaveAtMs) return { ok: false, why: 'nothing-to-do' };
  const { cause, statusSequence: sequence, leaveAtMs } = state;
  const when = { occurredAtMs: leaveAtMs, receivedAtMs: latest(state.receivedAtMs, leaveAtMs) };
  return { ok: true, events: [{ type: 'OwnerLeft', sequence, attributes: undefined, cause, ...when, stillActive: false }] };
}

/** Adds one page of what the owner holds to the tally of its pass; credentials of a later life don't count. */
export const tallied = (tally: PassTally, ownerId: OwnerId, epochBelow: number, page: readonly Credential[]): PassTally =>
  page
    .filter((credential) => isOf(credential, ownerId, epochBelow))
    .reduce((sum, credential): PassTally => {
      const done = doneWith(credential, ownerId, epochBelow);
      return {
        credentials: sum.credentials + 1,
        unfinished: sum.unfinished + (done ? 0 : 1),
        cutOffAtMs: done ? latest(sum.cutOffAtMs, done.cutOffAtMs) : sum.cutOffAtMs,
        completeAtMs: done ? latest(sum.completeAtMs, done.completeAtMs) : sum.completeAtMs,
      };
    }, tally);

/** Held in that life, or passed on from it. */
const isOf = ({ holder, succession }: Credential, ownerId: OwnerId, epochBelow: number): boolean =>
  [holder, succession?.from].some((one) => one?.id === ownerId && one.epoch < epochBelow);

/** Revoked with its receipt; passed on; or suspended, with an end that comes by itself. */
function doneWith({ holder, succession, ...credential }: Credential, ownerId: OwnerId, epochBelow: number) {
  const isPassedOn = holder.id !== ownerId || holder.epoch >= epochBelow; // perhaps to themselves, back in a later life
  if (isPassedOn && succession) return { cutOffAtMs: succession.cutOffAtMs, completeAtMs: succession.atMs };
  if (credential.status === 'revoked') return { cutOffAtMs: credential.receipt.cutOffAtMs, completeAtMs: credential.receipt.absentAtMs };
  if (credential.status !== 'suspended' || !credential.ends) return undefined;
  const { deniedAtMs, denyAtMs, liftAtMs } = credential;
  const isDenied = deniedAtMs !== undefined && denyAtMs === undefined && liftAtMs === undefined; // and nothing takes that off again
  return isDenied ? { cutOffAtMs: deniedAtMs, completeAtMs: deniedAtMs } : undefined;
}

/** After a page: on to the next, or to another pass, or, when a whole pass found all of it revoked, the closing receipt. */
export function decidePage(
  state: Owner,
  page: { readonly tally: PassTally; readonly nextCursor: string | undefined },
  nowMs: EpochMs,
  { passGapMs }: Timing,
): OwnerDecision {
  const { offboarding } = state;
  if (!offboarding) return { ok: false, why: 'nothing-to-do' };
  const { tally, nextCursor } = page;
  if (nextCursor !== undefined) return { ok: true, events: [{ type: 'OffboardingPageDone', cursor: nextCursor, tally, atMs: nowMs }] };
  if (tally.unfinished > 0)
    return { ok: true, events: [{ type: 'OffboardingPassDone', nextAtMs: plusMs(nowMs, passPauseMs(offboarding.pass, passGapMs)) }] };
  const { epochBelow: epoch, cause, occurredAtMs, receivedAtMs } = offboarding;
  const convergence: Convergence = {
    ...{ epoch, cause, occurredAtMs, receivedAtMs },
    credentials: tally.credentials,
    cutOffAtMs: tally.cutOffAtMs ?? receivedAtMs, // nothing was held: nothing had to follow
    completeAtMs: tally.completeAtMs ?? nowMs,
  };
  return { ok: true, events: [{ type: 'OwnerOffboarded', convergence }] };
}

/**
 * After a page of a review. At least two passes: a request that was decided by the old roles may be written while the first one runs;
 * more while something that has to go is not gone.
 */
export function decideReviewPage(
  state: Owner,
  page: { readonly ended: number; readonly nextCursor: string | undefined },
  nowMs: EpochMs,
  { passGapMs }: Timing,
): OwnerDecision {
  const { review } = state;
  if (!review) return { ok: false, why: 'nothing-to-do' };
  const { ended, nextCursor } = page;
  if (nextCursor !== undefined) return { ok: true, events: [{ type: 'ReviewPageDone', cursor: nextCursor, ended, atMs: nowMs }] };
  if (ended > 0 || review.pass < 2)
    return { ok: true, events: [{ type: 'ReviewPassDone', nextAtMs: plusMs(nowMs, passPauseMs(review.pass, passGapMs)) }] };
  return { ok: true, events: [{ type: 'OwnerReviewed', atMs: nowMs }] };
}

/** A removal that takes days is not asked after every minute. */
export const passPauseMs = (pass: number, gapMs: number): number => gapMs * Math.min(15, Math.max(1, pass - 3));
