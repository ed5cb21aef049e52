import type { Protocol } from '../../../lib/application/protocol.ts';
import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import type { NextStep } from '../../../lib/domain/credential/next-step.ts';
import type { Credential } from '../../../lib/domain/credential/state.ts';
import type { EpochMs } from '../../../lib/domain/types.ts';
import { PROTOCOL } from '../../protocol.ts';
import type { Planted } from '../wiring.ts';

export interface Bug {
  readonly name: string;
  readonly planted: Planted;
  /** Where a fault at one of its calls shows it; otherwise seeded runs do. */
  readonly story?: string;
  /** The rules it may be caught by: whichever is seen to be broken first. */
  readonly caughtBy: RegExp;
}

export const protocol = (change: Partial<Protocol>): Planted => ({ protocol: { ...PROTOCOL, ...change } });

/** Another plan, which leases are taken by, and due times are told by, too. */
export const plan = (change: (step: NextStep, state: Credential, nowMs: EpochMs) => NextStep): Planted => {
  const nextStep: Protocol['nextStep'] = (state, nowMs) => change(PROTOCOL.nextStep(state, nowMs), state, nowMs);
  return protocol({
    nextStep,
    decide: (state, command, nowMs, timing) => PROTOCOL.decide(state, command, nowMs, timing, nextStep),
    dueAtMs: (state, nowMs) => PROTOCOL.dueAtMs(state, nowMs, nextStep),
  });
};
export const events = (change: (event: CredentialEvent, state: Credential | undefined) => CredentialEvent | undefined): Planted =>
  protocol({
    evolve: (state, event) => {
      const changed = change(event, state);
      if (changed) return PROTOCOL.evolve(state, changed);
      if (!state) throw new Error('no state to leave as it is');
      return state;
    },
  });
export const outcomes = (change: Protocol['decideOutcome']): Planted => protocol({ decideOutcome: change });

/** Appends of these events do not look at the owner. */
export const unchecked = (...types: readonly CredentialEvent['type'][]): Planted => ({
  ledger: (real) => ({
    ...real,
    appendCredential: ({ requires, ...append }) =>
      real.appendCredential(append.envelopes.some(({ data }) => types.includes(data.type)) || !requires ? append : { ...append, requires }),
  }),
});

export const tagFirst = plan((step, state, nowMs) => {
  const heir =
    state.status === 'active' && !state.lease && nowMs >= (state.blocked?.nextTryAtMs ?? 0) ? state.replacement?.heir?.to : undefined;
  return heir && state.taggedFor !== heir.id && step.do === 'wait' ? { do: 'retag', to: heir } : step;
});
