import type { Credential } from '../../lib/domain/credential/state.ts';
import { REAL, seeing } from './core.ts';
import { KILL_PLANTS } from './planted-kills.ts';
import { deciding, evolving, type Plant, versioned, within, without } from './planting.ts';

/**
 * What was just made is taken for gone where it is not seen. `doubt` and `union` stand behind that rule: switched off alone they bite
 * nothing here, so both are. Neither is spare: the one is for listings that lag, the others for calls that land late and for what no
 * listing shows.
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
  /** A key is enabled once more when nothing can disable it any more. */
  restoring: {
    core: deciding((event, nowMs) => (event.type === 'UndoRequested' ? { ...event, settledAtMs: nowMs } : event)),
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
  /** Another heir is looked for where one is gone. */
  'heir lost': {
    core: deciding((event) => (event.type === 'HeirLost' ? undefined : event)),
    bounds: within(0, 0, 2, /leaves, to be passed on|^S leaves/),
    breaks: /^10/,
  },
  /** What is being resumed is not cut off. */
  'receipt over a resumption': {
    core: {
      tallied: (tally, id, epoch, page) =>
        REAL.tallied(
          tally,
          id,
          epoch,
          page.map((credential) => (credential.status === 'suspended' ? { ...credential, liftAtMs: undefined } : credential)),
        ),
    },
    bounds: { ...within(1, 0, 3, /^(transfer|resume|L leaves, to be passed)/), active: true },
    breaks: /^15/,
  },
  ...KILL_PLANTS,
} as const satisfies Readonly<Record<string, Plant>>;
