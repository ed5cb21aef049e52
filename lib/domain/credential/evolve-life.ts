import { type EpochMs, latest, plusMs } from '../types.ts';
import type { CredentialEvent } from './events.ts';
import { type Active, type Credential, type Heir, isLiving, type Replacement, type Suspended, type Version } from './state.ts';

type Event<T extends CredentialEvent['type']> = Extract<CredentialEvent, { type: T }>;

/** Only a credential that lives can be suspended or change hands; `decide` sees to that. */
function living(state: Credential, event: CredentialEvent): Active | Suspended {
  if (isLiving(state)) return state;
  throw new Error(`history: ${event.type} while ${state.status}`);
}

function activeOnly(state: Credential, event: CredentialEvent): Active {
  if (state.status === 'active') return state;
  throw new Error(`history: ${event.type} while ${state.status}`);
}

export function suspensionStarted(state: Credential, event: Event<'SuspensionStarted'>): Suspended {
  const { why, atMs, ends, killedAtMs } = event;
  const before = living(state, event);
  const again = before.status === 'suspended' && before.liftAtMs === undefined ? before : undefined;
  return {
    ...before,
    replacement: withoutHeir(before.replacement),
    status: 'suspended',
    why,
    ends,
    sinceMs: again?.sinceMs ?? atMs,
    denyAtMs: atMs,
    deniedAtMs: again?.deniedAtMs,
    liftAtMs: undefined,
    lifting: undefined,
    killedAtMs: killedAtMs ?? again?.killedAtMs,
    secretClosedAtMs: before.status === 'suspended' ? before.secretClosedAtMs : undefined,
    blocked: undefined,
  };
}

/** A handover is broken off; that its keys are known to somebody who may no longer is not. */
const withoutHeir = (replacement: Replacement | undefined): Replacement | undefined =>
  replacement && replacement.cutOffAtMs === undefined ? { ...replacement, heir: undefined } : undefined;

export function resumptionStarted(state: Credential, event: Event<'ResumptionStarted'>): Suspended {
  if (state.status !== 'suspended') throw new Error(`history: ${event.type} while ${state.status}`);
  return { ...state, holder: event.holder, liftAtMs: event.liftAtMs, denyAtMs: undefined, lifting: undefined, blocked: undefined };
}

/** Of a suspension; of a revocation in `evolve`. A deny before a call that gives access back has landed is repeated after it. */
export function suspensionDenied(state: Suspended, { startedAtMs, atMs }: Event<'AccessDenied'>): Suspended {
  if (state.denyAtMs === undefined || startedAtMs < state.denyAtMs) return state;
  const again = latest(state.givingBackUntilMs) > startedAtMs ? state.givingBackUntilMs : undefined;
  const blocked = state.blocked?.step === 'deny' ? undefined : state.blocked;
  return { ...state, deniedAtMs: state.deniedAtMs ?? atMs, denyAtMs: again, blocked };
}

/** Under any other lease than the one it is lifted under now, this is news of an earlier resumption, which was taken back. */
export function suspensionLifted(state: Credential, { fence, checkAtMs }: Event<'SuspensionLifted'>): Credential {
  if (state.status !== 'suspended' || state.lifting !== fence) return state;
  const { why: _why, sinceMs: _sinceMs, denyAtMs: _denyAtMs, deniedAtMs: _deniedAtMs, ends: _ends, ...rest } = state;
  const { liftAtMs: _liftAtMs, lifting: _lifting, killedAtMs: _killedAtMs, secretClosedAtMs: _secretClosedAtMs, ...living } = rest;
  const { replacement } = living;
  const versions = living.versions.map(
    (version): Version =>
      version.phase === 'retiring' && !(replacement && isKnown(replacement, version))
        ? { ...version, checkAtMs: latest(version.checkAtMs, checkAtMs), hardLimitAtMs: latest(version.hardLimitAtMs, checkAtMs) }
        : version,
  );
  const deadlineMs = latest(replacement?.deadlineMs, checkAtMs);
  return { ...living, status: 'active', versions, replacement: replacement && { ...replacement, deadlineMs } };
}

/** The overlaps and regrets of older keys end now, and their slots are free for the new one. */
export function replacementStarted(state: Credential, event: Event<'ReplacementStarted'>): Active {
  const { atMs, overlapMs, deadlineMs, regretMs, heir } = event;
  const before = activeOnly(state, event);
  const versions = before.versions.map((version): Version => {
    if (version.phase === 'disabled') return { ...version, deleteAtMs: atMs };
    if (version.phase !== 'retiring' && version.phase !== 'restoring') return version;
    const { attempt, keyId } = version;
    return { phase: 'retiring', attempt, keyId, checkAtMs: atMs, hardLimitAtMs: atMs, allowed: true };
  });
  return {
    ...before,
    versions,
    rotateAtMs: atMs,
    replacement: {
      ...{ overlapMs, deadlineMs, regretMs, sinceMs: atMs, cutOffAtMs: undefined },
      known: versions.flatMap(({ attempt }) => attempt ?? []),
      heir,
    },
  };
}

export const isKnown = ({ known }: Replacement, { attempt }: Version): boolean => attempt !== undefined && known.includes(attempt);

/** Whether, with `versions`, nobody but us has ever seen a key that works. */
export function cutOffBy(state: Credential, atMs: EpochMs): Credential {
  if (!isLiving(state)) return state;
  const { replacement, versions } = state;
  if (!replacement || replacement.cutOffAtMs !== undefined) return state;
  if (versions.some((version) => isKnown(replacement, version) && version.phase !== 'disabled')) return state;
  return { ...state, replacement: replacement.heir ? { ...replacement, cutOffAtMs: atMs } : undefined };
}

export function heirChanged(state: Credential, event: CredentialEvent, change: (heir: Heir) => Heir): Credential {
  const active = activeOnly(state, event);
  if (!active.replacement?.heir) throw new Error(`history: ${event.type} without an heir`);
  return { ...active, replacement: { ...active.replacement, heir: change(active.replacement.heir) } };
}

export function heirLost(state: Credential, event: Event<'HeirLost'>): Credential {
  const next = activeOnly(
    heirChanged(state, event, (heir) => ({ ...heir, to: undefined })),
    event,
  );
  return next.replacement
    ? { ...next, replacement: { ...next.replacement, deadlineMs: latest(next.replacement.deadlineMs, plusMs(event.atMs, HEIR_WITHIN_MS)) } }
    : next;
}

/** Time for another pass over what the leaver holds to name the next. */
const HEIR_WITHIN_MS = 1_800_000;

export function handedOver(state: Credential, event: Event<'CredentialHandedOver'>): Active {
  const active = activeOnly(state, event);
  const { replacement, holder } = active;
  if (!replacement?.heir || replacement.cutOffAtMs === undefined)
    throw new Error(`history: ${event.type} before everything known is cut off`);
  const { rung, cause, line, refused } = replacement.heir;
  const { cutOffAtMs } = replacement;
  return {
    ...active,
    holder: event.to,
    replacement: undefined,
    approval: undefined,
    succession: {
      ...{ from: holder, rung, cause, line, refused, cutOffAtMs, atMs: event.atMs },
      ...{ acceptedAtMs: undefined, acceptByMs: event.acceptByMs, escalatedAtMs: undefined },
    },
  };
}
