import type { Command, Decision } from '../../lib/domain/credential/decide.ts';
import type { CredentialEvent } from '../../lib/domain/credential/events.ts';
import type { Credential, Version } from '../../lib/domain/credential/state.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { PROTOCOL } from '../protocol.ts';
import { type Core, REAL, type WorkerRules } from './core.ts';
import type { Bounds } from './world.ts';

/** A rule of the design switched off in the real functions, or in what the worker holds to, and the rule that must then be seen to fall. */
export interface Plant {
  readonly core: Partial<Core>;
  /** Wide enough to find it. */
  readonly bounds: Bounds;
  readonly breaks: RegExp;
}

/** Owners are killed; from an active credential on. */
export const killing = (faults: number, lates: number, commands: number, only: RegExp): Bounds => ({
  ...within(faults, lates, commands, only),
  ...{ kills: true, active: true },
});

export const within = (faults: number, lates: number, commands: number, only?: RegExp): Bounds => ({
  faults,
  lates,
  commands,
  ...(only && { only }),
});

export const without = (rule: keyof WorkerRules): Partial<Core> => ({ worker: { ...REAL.worker, [rule]: false } });

/** The events that a decision makes, changed. */
export const deciding = (
  change: (event: CredentialEvent, nowMs: EpochMs, state: Credential | undefined) => CredentialEvent | undefined,
): Partial<Core> => {
  const changed = (decision: Decision, nowMs: EpochMs, state: Credential | undefined): Decision =>
    decision.ok ? { ok: true, events: decision.events.flatMap((event) => change(event, nowMs, state) ?? []) } : decision;
  return {
    decide: (state, command: Command, nowMs, timing, plan) => changed(PROTOCOL.decide(state, command, nowMs, timing, plan), nowMs, state),
    decideOutcome: (state, fence, outcome, nowMs, timing) =>
      changed(PROTOCOL.decideOutcome(state, fence, outcome, nowMs, timing), nowMs, state),
  };
};

/** The state after an event, changed. */
export const evolving = (change: (after: Credential, event: CredentialEvent, before: Credential) => Credential): Partial<Core> => ({
  evolve: (state, event) => {
    const after = PROTOCOL.evolve(state, event);
    return state ? change(after, event, state) : after;
  },
});

export const versioned = (state: Credential, change: (version: Version) => Version): Credential => ({
  ...state,
  versions: state.versions.map(change),
});
