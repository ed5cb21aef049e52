import { unreachable } from '../types.ts';
import type { Offboarding, Owner, OwnerEvent, PassTally } from './state.ts';

const EMPTY: PassTally = { credentials: 0, unfinished: 0, cutOffAtMs: undefined, completeAtMs: undefined };

/** The state after `event`. Throws where a history can't be. */
export function evolveOwner(state: Owner | undefined, event: OwnerEvent): Owner {
  if (event.type === 'OwnerRegistered') {
    if (state) throw new Error('history: OwnerRegistered on an owner who exists');
    const { type: _type, ...who } = event;
    return { ...who, status: 'active', sequence: 0, statusSequence: 0, epoch: 0, offboarding: undefined, converged: undefined };
  }
  if (!state) throw new Error(`history: ${event.type} before OwnerRegistered`);
  switch (event.type) {
    case 'OwnerMoved':
      return described(state, event);
    case 'OwnerJoined':
    case 'OwnerReturned':
      return { ...common(described(state, event)), status: 'active', statusSequence: event.sequence };
    case 'OwnerLeaveScheduled': {
      const { cause, leaveAtMs, occurredAtMs, receivedAtMs } = event;
      const base = { ...common(described(state, event)), statusSequence: event.sequence };
      return { ...base, status: 'leaving', cause, leaveAtMs, occurredAtMs, receivedAtMs };
    }
    case 'OwnerLeft': {
      const { cause, occurredAtMs, receivedAtMs, sequence } = event;
      const start = { pass: 1, cursor: undefined, tally: EMPTY, nextAtMs: receivedAtMs };
      const offboarding: Offboarding = { cause, epochBelow: sequence, occurredAtMs, receivedAtMs, ...start };
      const left = { epoch: sequence, offboarding, converged: undefined };
      if (event.stillActive) return { ...described(state, event), ...left };
      return { ...common(described(state, event)), ...left, status: 'left', statusSequence: sequence };
    }
    case 'OffboardingPageDone':
      return { ...state, offboarding: { ...running(state), cursor: event.cursor, tally: event.tally, nextAtMs: event.atMs } };
    case 'OffboardingPassDone': {
      const { pass, ...rest } = running(state);
      return { ...state, offboarding: { ...rest, pass: pass + 1, cursor: undefined, tally: EMPTY, nextAtMs: event.nextAtMs } };
    }
    case 'OwnerOffboarded':
      return { ...state, offboarding: undefined, converged: event.convergence };
    default:
      return unreachable(event, 'evolveOwner');
  }
}

type Described = { readonly sequence: number; readonly attributes: Owner['attributes'] | undefined };

/** Attributes are absent where a later fact has said better. */
const described = <T extends Owner>(state: T, { sequence, attributes }: Described): T =>
  attributes ? { ...state, attributes, sequence } : state;

function common({ id, key, source, subject, attributes, sequence, statusSequence, epoch, offboarding, converged }: Owner) {
  return { id, key, source, subject, attributes, sequence, statusSequence, epoch, offboarding, converged };
}

function running(state: Owner): Offboarding {
  if (!state.offboarding) throw new Error('history: a pass without an offboarding');
  return state.offboarding;
}
