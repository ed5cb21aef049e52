import { type EpochMs, unreachable } from '../types.ts';
import type { Admission, KillWork, Offboarding, Owner, OwnerEvent, PassTally, Removal, Review, ReviewCause } from './state.ts';

const WANTED = { is: 'wanted' } as const;
const ALIVE = { killed: undefined, killWork: undefined };
const EMPTY: PassTally = { credentials: 0, unfinished: 0, cutOffAtMs: undefined, completeAtMs: undefined };

/** The state after `event`. Throws where a history can't be. */
export function evolveOwner(state: Owner | undefined, event: OwnerEvent): Owner {
  if (event.type === 'OwnerRegistered') {
    if (state) throw new Error('history: OwnerRegistered on an owner who exists');
    const { type: _type, ...who } = event;
    const nothing = { offboarding: undefined, converged: undefined, review: undefined, reviewed: undefined, ...ALIVE };
    return { ...who, status: 'active', sequence: 0, statusSequence: 0, epoch: 0, ...nothing };
  }
  if (!state) throw new Error(`history: ${event.type} before OwnerRegistered`);
  switch (event.type) {
    case 'OwnerMoved':
      return moved(state, event);
    case 'OwnerJoined':
    case 'OwnerReturned':
      return { ...common(moved(state, event)), status: 'active', statusSequence: event.sequence };
    case 'OwnerLeaveScheduled': {
      const { cause, leaveAtMs, occurredAtMs, receivedAtMs } = event;
      const base = { ...common(described(state, event)), statusSequence: event.sequence };
      return { ...base, status: 'leaving', cause, leaveAtMs, occurredAtMs, receivedAtMs };
    }
    case 'OwnerLeft': {
      const { cause, occurredAtMs, receivedAtMs, sequence } = event;
      const start = { admission: WANTED, pass: 1, cursor: undefined, tally: EMPTY, nextAtMs: receivedAtMs };
      const offboarding: Offboarding = { cause, epochBelow: sequence, occurredAtMs, receivedAtMs, ...start };
      const left = { epoch: sequence, offboarding, converged: undefined, review: undefined };
      if (event.stillActive) return { ...described(state, event), ...left };
      return { ...common(described(state, event)), ...left, status: 'left', statusSequence: sequence };
    }
    case 'RemovalAdmitted':
      return admission(state, event.of, { is: 'admitted' }, event.atMs);
    case 'RemovalHeld':
      return admission(state, event.of, { is: 'held', batch: event.batch, sinceMs: event.atMs, escalated: false }, event.atMs);
    case 'HoldEscalated': {
      const held = (event.of === 'leave' ? running(state) : reviewing(state)).admission;
      return held.is === 'held' ? admission(state, event.of, { ...held, escalated: true }, event.atMs) : state;
    }
    case 'RemovalObserved':
      return admission(state, event.of, { is: 'observed', under: event.under }, undefined);
    case 'RemovalReconsidered':
      return admission(state, event.of, { ...WANTED, policyChanged: true }, event.atMs);
    case 'ReviewOrdered':
      return { ...state, review: firstPass('policy-changed', event.atMs, event.atMs) };
    case 'OffboardingPageDone':
      return { ...state, offboarding: { ...running(state), cursor: event.cursor, tally: event.tally, nextAtMs: event.atMs } };
    case 'OffboardingPassDone': {
      const { pass, ...rest } = running(state);
      return { ...state, offboarding: { ...rest, pass: pass + 1, cursor: undefined, tally: EMPTY, nextAtMs: event.nextAtMs } };
    }
    case 'OwnerOffboarded':
      return { ...state, offboarding: undefined, converged: event.convergence };
    case 'ReviewPageDone':
      return { ...state, review: { ...reviewing(state), cursor: event.cursor, ended: event.ended, nextAtMs: event.atMs } };
    case 'ReviewPassDone': {
      const { pass, ...rest } = reviewing(state);
      return { ...state, review: { ...rest, pass: pass + 1, cursor: undefined, ended: 0, nextAtMs: event.nextAtMs } };
    }
    case 'OwnerReviewed': {
      const { occurredAtMs, receivedAtMs } = reviewing(state);
      return { ...state, review: undefined, reviewed: { occurredAtMs, receivedAtMs, doneAtMs: event.atMs } };
    }
    case 'OwnerKilled': {
      const { by, reason, confirmed, atMs } = event;
      return { ...state, killed: { atMs, by, reason, confirmed }, killWork: begin('deny', atMs) };
    }
    case 'KillConfirmed':
      return state.killed ? { ...state, killed: { ...state.killed, confirmed: true } } : state;
    case 'KillPageDone':
      return { ...state, killWork: { ...killing(state), cursor: event.cursor, unfinished: event.unfinished, nextAtMs: event.atMs } };
    case 'KillPassDone': {
      const { phase, pass } = killing(state);
      return { ...state, killWork: { ...begin(phase, event.nextAtMs), pass: pass + 1, clean: event.clean === true } };
    }
    case 'LiftRequested':
      return { ...state, killWork: begin('unlist', event.atMs) };
    case 'KillLifted':
      return { ...state, killed: undefined, killWork: begin('resume', event.atMs) };
    case 'KillCompleted':
    case 'OwnerRestored':
      return { ...state, killWork: undefined };
    default:
      return unreachable(event, 'evolveOwner');
  }
}

const begin = (phase: KillWork['phase'], nextAtMs: EpochMs): KillWork => ({
  ...{ phase, pass: 1, cursor: undefined, unfinished: 0, clean: false, nextAtMs },
});

function killing(state: Owner): KillWork {
  if (!state.killWork) throw new Error('history: a pass without a kill');
  return state.killWork;
}

/** `nextAtMs` undefined: as it was. */
const admission = (state: Owner, of: Removal, admission: Admission, nextAtMs: EpochMs | undefined): Owner =>
  of === 'leave'
    ? { ...state, offboarding: { ...running(state), admission, nextAtMs: nextAtMs ?? running(state).nextAtMs } }
    : { ...state, review: { ...reviewing(state), admission, nextAtMs: nextAtMs ?? reviewing(state).nextAtMs } };

const firstPass = (cause: ReviewCause, occurredAtMs: EpochMs, receivedAtMs: EpochMs): Review => ({
  ...{ cause, admission: WANTED, occurredAtMs, receivedAtMs },
  ...{ pass: 1, cursor: undefined, ended: 0, nextAtMs: receivedAtMs },
});

type Described = { readonly sequence: number; readonly attributes: Owner['attributes'] | undefined };

/** Attributes are absent where a later fact has said better. */
const described = <T extends Owner>(state: T, { sequence, attributes }: Described): T =>
  attributes ? { ...state, attributes, sequence } : state;

/** Other roles than before: what is held has to be looked through. */
function moved(state: Owner, event: Described & Pick<Review, 'occurredAtMs' | 'receivedAtMs'>): Owner {
  const next = described(state, event);
  if (state.sequence === 0 || sameRoles(state.attributes.roles, next.attributes.roles)) return next;
  return { ...next, review: firstPass('moved', event.occurredAtMs, event.receivedAtMs) };
}

const sameRoles = (a: readonly string[], b: readonly string[]): boolean =>
  a.every((role) => b.includes(role)) && b.every((role) => a.includes(role));

function common(state: Owner) {
  const { id, key, source, subject, attributes, sequence, statusSequence, epoch } = state;
  const { offboarding, converged, review, reviewed, killed, killWork } = state;
  const who = { id, key, source, subject, attributes, sequence, statusSequence, epoch };
  return { ...who, offboarding, converged, review, reviewed, killed, killWork };
}

function reviewing(state: Owner): Review {
  if (!state.review) throw new Error('history: a pass without a review');
  return state.review;
}

function running(state: Owner): Offboarding {
  if (!state.offboarding) throw new Error('history: a pass without an offboarding');
  return state.offboarding;
}
