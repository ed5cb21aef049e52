import type { Protocol } from '../../lib/application/protocol.ts';
import { leaveAct } from '../../lib/application/removal.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import { answered, begun, isOff, listed } from '../../lib/domain/deny-list.ts';
import { tallied } from '../../lib/domain/owner/decide.ts';
import { killWants, liftWants } from '../../lib/domain/owner/kill.ts';
import type { Timing } from '../../lib/domain/timing.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { PROTOCOL } from '../protocol.ts';
import { TIMING } from './world.ts';

/** The functions under test. A planted bug replaces one of them, or what the worker around them holds to. */
export interface Core extends Protocol {
  readonly leaveAct: typeof leaveAct;
  readonly tallied: typeof tallied;
  readonly killWants: typeof killWants;
  readonly liftWants: typeof liftWants;
  readonly listed: typeof listed;
  readonly isOff: typeof isOff;
  readonly begun: typeof begun;
  readonly answered: typeof answered;
  readonly timing: Timing;
  readonly worker: WorkerRules;
}

/** What the worker sees to itself; each can be switched off. */
export interface WorkerRules {
  /** An outcome goes under the fence it was begun with. */
  readonly fence: boolean;
  /** It is applied to the record as it is now, not as it was read. */
  readonly rereads: boolean;
  /** A call starts only under its lease. */
  readonly leaseCheck: boolean;
  /** CreateAccessKey is never repeated. */
  readonly oneTry: boolean;
  /** A key is used before it is promoted. */
  readonly verifies: boolean;
  /** Keys are disabled by the ledger, too. */
  readonly disablesKnown: boolean;
  /** AWSCURRENT on an attempt that was given up is no drift. */
  readonly knowsGivenUp: boolean;
  /** AWSPENDING is taken off an attempt that is given up. */
  readonly unstages: boolean;
  /** Who resumes, or receives, is looked at in the same transaction. */
  readonly requires: boolean;
  /** So is whom a page of a kill is about: it writes nothing once that kill is over. */
  readonly underKill: boolean;
  /** A render of the kill list begins only under its lease. */
  readonly rendersInTime: boolean;
}

export const REAL: Core = {
  ...PROTOCOL,
  ...{ leaveAct, tallied, timing: TIMING },
  ...{ killWants, liftWants, listed, isOff, begun, answered },
  worker: {
    ...{ fence: true, rereads: true, leaseCheck: true, oneTry: true, verifies: true },
    ...{ disablesKnown: true, knowsGivenUp: true, unstages: true, requires: true, underKill: true, rendersInTime: true },
  },
};

/** What the record wants is decided on `view` of it. */
export const seeing = (view: (state: Credential, nowMs: EpochMs) => Credential): Partial<Core> => ({
  nextStep: (state, nowMs) => PROTOCOL.nextStep(view(state, nowMs), nowMs),
});
