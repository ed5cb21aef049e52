import { PROTOCOL } from '../../lib/application/protocol.ts';
import type { Command, Decision } from '../../lib/domain/credential/decide.ts';
import type { CredentialEvent } from '../../lib/domain/credential/events.ts';
import type { Credential, Version } from '../../lib/domain/credential/state.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { type Core, REAL, seeing, type WorkerRules } from './core.ts';
import { type Bounds, begin, holderOf } from './world.ts';

const HEIR = holderOf(begin({ faults: 0, lates: 0, commands: 0 }).owners.S);

/** A rule of the design switched off in the real functions, or in what the worker holds to, and the rule that must then be seen to fall. */
export interface Plant {
  readonly core: Partial<Core>;
  /** Wide enough to find it. */
  readonly bounds: Bounds;
  readonly breaks: RegExp;
}

/** Owners are killed; from an active credential on. */
const killing = (faults: number, lates: number, commands: number, only: RegExp): Bounds => ({
  ...within(faults, lates, commands, only),
  ...{ kills: true, active: true },
});

const within = (faults: number, lates: number, commands: number, only?: RegExp): Bounds => ({
  faults,
  lates,
  commands,
  ...(only && { only }),
});

const without = (rule: keyof WorkerRules): Partial<Core> => ({ worker: { ...REAL.worker, [rule]: false } });

/** The events that a decision makes, changed. */
const deciding = (
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
const evolving = (change: (after: Credential, event: CredentialEvent, before: Credential) => Credential): Partial<Core> => ({
  evolve: (state, event) => {
    const after = PROTOCOL.evolve(state, event);
    return state ? change(after, event, state) : after;
  },
});

const versioned = (state: Credential, change: (version: Version) => Version): Credential => ({
  ...state,
  versions: state.versions.map(change),
});

/**
 * What was just made is taken for gone where it is not seen. Behind some rules stands another: switched off alone nothing bites here,
 * so both are.
 */
const newTakenForGone = deciding((event) => (event.type === 'RevocationStarted' ? ({ ...event, settledAtMs: undefined } as never) : event));

export const PLANTS = {
  /** The attempt is on record before CreateAccessKey. */
  attemptFirst: {
    core: evolving((after, event, before) =>
      event.type === 'StepStarted' && event.attempt ? { ...after, versions: before.versions, attempts: before.attempts } : after,
    ),
    bounds: within(0, 0, 0),
    breaks: /^1 /,
  },
  /** Absence is believed only settleMs after the lease. */
  settle: { core: { timing: { ...REAL.timing, settleMs: 0 } }, bounds: within(0, 1, 0), breaks: /^2|^8|^10|two calls|at rest/ },
  /** The provider is looked at once more before the record rests. */
  secondLook: {
    core: deciding((event) => (event.type === 'AttemptsRecovered' ? { ...event, lookAgainAtMs: undefined } : event)),
    bounds: within(0, 1, 0),
    breaks: /known|exactly one good key/,
  },
  /** The second look is settleMs after the first. (A full account owes a look as well, which has to be off with it.) */
  lookGap: {
    core: {
      ...deciding((event, nowMs) =>
        event.type === 'AttemptsRecovered' && event.lookAgainAtMs !== undefined ? { ...event, lookAgainAtMs: nowMs } : event,
      ),
      ...evolving((after, event, before) =>
        event.type === 'StepFailed' && 'lookAgainAtMs' in before
          ? ({ ...after, lookAgainAtMs: before.lookAgainAtMs } as Credential)
          : after,
      ),
    },
    bounds: within(0, 1, 1, /^rotate/),
    breaks: /^1 /, // it asks for keys for ever, and so forgets the attempt of the one that is there
  },
  /** An outcome under a stale fence records nothing. */
  fence: { core: without('fence'), bounds: within(2, 1, 0), breaks: /./ },
  /** An outcome goes to the record as it is now. */
  reread: { core: without('rereads'), bounds: within(1, 0, 0), breaks: /./ },
  /** A call starts only under its lease. */
  leaseCheck: { core: without('leaseCheck'), bounds: within(1, 1, 0), breaks: /./ },
  /** CreateAccessKey is not repeated. */
  oneTry: { core: without('oneTry'), bounds: within(1, 0, 0), breaks: /./ },
  /** A key is promoted only after it was seen to work. */
  verify: { core: without('verifies'), bounds: within(1, 0, 0), breaks: /^4/ },
  /** A revocation disables what the ledger knows, and what the listing shows. */
  union: {
    core: { ...without('disablesKnown'), ...newTakenForGone },
    bounds: within(1, 0, 1, /^revoke/),
    breaks: /two calls/,
  },
  /** A revocation denies before it disables. */
  deny: {
    core: evolving((after, event) =>
      event.type === 'RevocationStarted' && after.status === 'revoking' ? { ...after, stage: 'disable-all' } : after,
    ),
    bounds: within(0, 1, 1, /^revoke/),
    breaks: /two calls/,
  },
  /** The tag moves when every version the leaver knew is inactive. */
  retagLast: {
    core: seeing((state, nowMs) =>
      state.status === 'active' && state.replacement?.heir ? { ...state, replacement: { ...state.replacement, cutOffAtMs: nowMs } } : state,
    ),
    bounds: within(0, 0, 1),
    breaks: /^5, 17/,
  },
  /** A look still owed is done before the tag moves. */
  lookFirst: {
    core: seeing((state) => (state.status === 'active' && state.replacement?.heir ? { ...state, lookAgainAtMs: undefined } : state)),
    bounds: within(0, 1, 2, /^(rotate|L leaves, to be passed on)/),
    breaks: /^8/, // the account is full, so that the leaver is not out in time
  },
  /** The receipt is written when absence is confirmed. */
  confirm: {
    core: deciding((event, nowMs, state) =>
      event.type === 'AccountRemoved' && state?.status === 'revoking'
        ? {
            type: 'CredentialRevoked',
            fence: event.fence,
            receipt: {
              cause: state.cause,
              startedAtMs: nowMs,
              cutOffAtMs: nowMs,
              absentAtMs: nowMs,
              keyIds: [],
              mayOutlive: [],
            },
          }
        : event,
    ),
    bounds: within(0, 1, 1, /^revoke/),
    breaks: /^6, 15/,
  },
  /** What a lost CreateUser did is certain only later. */
  doubt: {
    core: deciding((event) => {
      const doubted = event.type === 'RevocationStarted' || (event.type === 'StepStarted' && event.step === 'ensure-account');
      return doubted ? ({ ...event, settledAtMs: undefined } as never) : event;
    }),
    bounds: within(0, 1, 1, /^revoke/),
    breaks: /^6, 15/,
  },
  /** A deny is taken off only when none can land any more. */
  resumeSlow: {
    core: deciding((event, nowMs) => (event.type === 'ResumptionStarted' ? { ...event, liftAtMs: nowMs } : event)),
    bounds: within(0, 1, 2, /^(suspend|resume)/),
    breaks: /^4/,
  },
  /** A deny is repeated after what could take it off. */
  denyAgain: {
    core: evolving((after, event) => (event.type === 'StepStarted' ? { ...after, givingBackUntilMs: undefined } : after)),
    bounds: within(0, 1, 3, /^(suspend|resume)/),
    breaks: /denies|two calls|at rest/,
  },
  /** A rotation that a leave caused takes the slot of the older version. */
  leaverSlot: {
    core: evolving((after, event, before) => (event.type === 'ReplacementStarted' ? { ...after, versions: before.versions } : after)),
    bounds: within(0, 0, 2, /^(rotate|L leaves, to be passed on)/),
    breaks: /^8/,
  },
  /** AWSCURRENT on an attempt given up is no drift. */
  givenUp: { core: without('knowsGivenUp'), bounds: within(1, 0, 0), breaks: /a fault alone/ },
  /** AWSPENDING is taken off an attempt that was given up. */
  strayLabel: { core: without('unstages'), bounds: within(1, 0, 1, /^rotate/), breaks: /AWSPENDING/ },
  /** A verified version may have been promoted, and is never compensated. */
  promoteFirst: {
    core: evolving((after, event) =>
      event.type === 'ReplacementStarted'
        ? versioned(after, (version) =>
            version.phase === 'verified' ? { phase: 'doomed', attempt: version.attempt, keyId: version.keyId } : version,
          )
        : after,
    ),
    bounds: within(0, 0, 2, /^(rotate|L leaves, to be passed on)/),
    breaks: /^4|^5/,
  },
  /** The old key works while consumers still hold it. */
  overlap: {
    core: evolving((after, event) =>
      event.type === 'VersionPromoted'
        ? versioned(after, (version) => (version.phase === 'retiring' ? { ...version, allowed: true } : version))
        : after,
    ),
    bounds: within(0, 0, 1),
    breaks: /^4/,
  },
  /** A disabled key waits before it is deleted. */
  regret: {
    core: evolving((after, event) =>
      event.type === 'VersionDisabled'
        ? versioned(after, (version) => (version.phase === 'disabled' ? ({ ...version, phase: 'doomed' } as never) : version))
        : after,
    ),
    bounds: within(0, 0, 1),
    breaks: /^5/,
  },
  /** Who receives or resumes is active in the same transaction. */
  requires: { core: without('requires'), bounds: within(0, 0, 2, /leaves, to be passed on|^S leaves/), breaks: /^7|^15/ },
  /** What a leaver holds is looked through until nothing is left to do. */
  passes: {
    core: { tallied: (tally, ...rest) => ({ ...REAL.tallied(tally, ...rest), unfinished: 0 }) },
    bounds: within(0, 0, 1),
    breaks: /^15/,
  },
  /** A key is enabled again only when nothing can disable it any more. */
  restoring: {
    core: {
      ...seeing((state) =>
        state.status === 'active' && state.versions.some(({ phase }) => phase === 'restoring')
          ? { ...state, lostUntilMs: undefined }
          : state,
      ),
      ...deciding((event, nowMs) => (event.type === 'UndoRequested' ? { ...event, settledAtMs: nowMs } : event)),
    },
    bounds: within(0, 1, 2, /^(rotate|undo)/),
    breaks: /^4/,
  },
  /** The account goes only when a listing shows what a lost call made. */
  removable: {
    core: evolving((after, event) =>
      event.type === 'KeysDisabled' && after.status === 'revoking' ? { ...after, removableAtMs: undefined } : after,
    ),
    bounds: within(1, 1, 1, /^revoke/),
    breaks: /two calls/,
  },
  /** What a handover that was broken off had tagged is tagged back. */
  'tags back': {
    core: seeing((state) => (state.status === 'suspended' ? { ...state, taggedFor: state.holder.id } : state)),
    bounds: within(0, 0, 2),
    breaks: /^17/,
  },
  /** A change of hands does not lift a kill. */
  'kill outlasts transfer': {
    core: {
      decide: (state, command, nowMs, ...rest) =>
        state?.status === 'suspended' && command.type === 'hand-over'
          ? { ok: true, events: [{ type: 'ResumptionStarted', holder: command.to, liftAtMs: nowMs }] }
          : PROTOCOL.decide(state, command, nowMs, ...rest),
    },
    bounds: killing(0, 0, 2, /^(kill L|transfer)/),
    breaks: /kill/,
  },
  /** Two kills can't overwrite each other. */
  'kills add up': {
    core: { listed: (list, ...rest) => REAL.listed({ ...list, entries: [] }, ...rest) },
    bounds: killing(0, 0, 2, /^kill/),
    breaks: /kill/,
  },
  /** The tag does not move off a killed owner. */
  'tag stays with the killed': {
    core: {
      nextStep: (state, nowMs) => {
        const moves = state.status === 'suspended' && state.why === 'killed' && state.denyAtMs !== undefined && !state.lease;
        return moves && state.taggedFor === state.holder.id ? { do: 'retag', to: HEIR } : PROTOCOL.nextStep(state, nowMs);
      },
    },
    bounds: killing(0, 0, 1, /^kill L/),
    breaks: /kill/,
  },
  /** The owner leaves the list when each credential carries its own deny. */
  'own deny before unlisting': {
    core: { killWants: (owner, credential) => (REAL.killWants(owner, credential) === 'order' ? 'order' : 'nothing') },
    bounds: killing(2, 0, 1, /^kill L/),
    breaks: /kill/,
  },
  /** What a page of a kill writes it writes under that kill, or not at all. */
  'a page under its kill': { core: without('underKill'), bounds: killing(0, 1, 2, /^(un)?kill L/), breaks: /comes back/ },
  /** A render whose answer is lost may land over a later one. */
  'lost render': {
    core: { begun: (...given) => ({ ...REAL.begun(...given), lostUntilMs: undefined }) },
    bounds: killing(0, 1, 3, /^(un)?kill L/),
    breaks: /kill|^4/,
  },
} as const satisfies Readonly<Record<string, Plant>>;
