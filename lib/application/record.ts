import type { Command, Decision } from '../domain/credential/decide.ts';
import type { CredentialEvent } from '../domain/credential/events.ts';
import type { Credential } from '../domain/credential/state.ts';
import { Fault } from '../domain/faults.ts';
import type { Owner, OwnerEvent } from '../domain/owner/state.ts';
import type { Timing } from '../domain/timing.ts';
import { type CredentialId, type EpochMs, type OwnerId, type PolicyId, plusMs } from '../domain/types.ts';
import { type Context, envelop, NO_HASH } from './envelope.ts';
import type { Append, Clock, Companion, CredentialAppend, Envelope, Ids, Ledger, Loaded, OwnerCondition } from './ports.ts';
import { CREDENTIAL_RULES, OWNER_RULES, type Protocol } from './protocol.ts';

export interface RecordPorts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly timing: Timing;
  /** @default the rules of the domain */
  readonly protocol?: Protocol;
}

/** How often a command or an outcome is tried on a record that others write too. */
const MAX_CONFLICTS = 8;
const NEW = { version: 0, headHash: NO_HASH };

/** Writes the state after `events` with them, and gives the record as it then is. */
export async function appendCredential(
  { ledger, clock, ids, protocol }: RecordPorts,
  before: Loaded<Credential> | undefined,
  events: readonly CredentialEvent[],
  context: Context,
  extra: { readonly companions?: readonly Companion[]; readonly requires?: CredentialAppend['requires'] } = {},
): Promise<Loaded<Credential>> {
  const nowMs = clock.now();
  if (before && !events.length) return before; // somebody else was faster: nothing changes
  const { evolve, dueAtMs } = protocol ?? CREDENTIAL_RULES;
  const state = events.reduce<Credential | undefined>(evolve, before?.state);
  if (!state) throw new Error('nothing to append');
  const { connector } = state.grant;
  const envelopes = envelop(state.id, before ?? NEW, events, context, nowMs, ids, connector);
  const { companions = [], requires } = extra;
  await ledger.appendCredential({ before, state, envelopes, dueAtMs: dueAtMs(state, nowMs), companions, ...(requires && { requires }) });
  return { state, version: (before?.version ?? 0) + events.length, headHash: envelopes.at(-1)?.hash ?? NO_HASH };
}

export async function appendOwner(
  { ledger, clock, ids, protocol }: RecordPorts,
  before: Loaded<Owner> | undefined,
  events: readonly OwnerEvent[],
  context: Context,
  companions: readonly Companion[] = [],
): Promise<Loaded<Owner>> {
  const nowMs = clock.now();
  const { evolveOwner, ownerDueAtMs } = protocol ?? OWNER_RULES;
  const state = events.reduce<Owner | undefined>(evolveOwner, before?.state);
  if (!state) throw new Error('nothing to append');
  const envelopes = envelop(state.id, before ?? NEW, events, context, nowMs, ids);
  await ledger.appendOwner({ before, state, envelopes, dueAtMs: ownerDueAtMs(state, nowMs), companions });
  return { state, version: (before?.version ?? 0) + events.length, headHash: envelopes.at(-1)?.hash ?? NO_HASH };
}

/** The same of a record that is neither, by its own rules. */
export async function appendRecord<S extends { readonly id: string }, E extends Envelope['data']>(
  { clock, ids }: RecordPorts,
  before: Loaded<S> | undefined,
  events: readonly E[],
  context: Context,
  {
    evolve,
    dueAtMs,
    save,
  }: { evolve(state: S | undefined, event: E): S; dueAtMs(state: S): EpochMs | undefined; save(append: Append<S, E>): Promise<void> },
): Promise<Loaded<S>> {
  const state = events.reduce<S | undefined>(evolve, before?.state);
  if (!state) throw new Error('nothing to append');
  const envelopes = envelop(state.id, before ?? NEW, events, context, clock.now(), ids);
  await save({ before, state, envelopes, dueAtMs: dueAtMs(state), companions: [] });
  return { state, version: (before?.version ?? 0) + events.length, headHash: envelopes.at(-1)?.hash ?? NO_HASH };
}

/** A record that can't be read comes back in an hour, not in a minute: a person has to mend it, and nothing is to wait behind it. */
const SET_ASIDE_MS = 3_600_000;

/** What a worker reads first. `unreadable`: it does not parse, and is out of the sweep's way for a while; the ledger has told of it. */
export async function readOrSetAside<S>(
  { ledger, clock }: Pick<RecordPorts, 'ledger' | 'clock'>,
  id: CredentialId | OwnerId | PolicyId,
  read: () => Promise<Loaded<S> | undefined>,
): Promise<Loaded<S> | 'unreadable' | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    await ledger.setAside(id, plusMs(clock.now(), SET_ASIDE_MS));
    return 'unreadable';
  }
}

/** For a read that can do without: the ledger tells of such a record by itself. */
export function unlessUnreadable(error: unknown): undefined {
  if (!isUnreadable(error)) throw error;
}

export const isUnreadable = (error: unknown): boolean => error instanceof Fault && error.code === 'ledger-unreadable';

/** Runs `attempt` again when another writer was first: every try reads and decides anew. */
export async function retryingConflicts<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'ledger-conflict' && tries < MAX_CONFLICTS)) throw error;
    }
  }
}

/** Decides a command on the record as it is now, and records it. Needs no lease. `requires`: the owner is looked at in the transaction. */
export const command = (
  ports: RecordPorts,
  id: CredentialId,
  wanted: Command,
  context: Context,
  requires?: OwnerCondition,
): Promise<{ readonly decision: Decision; readonly record: Loaded<Credential> | undefined }> =>
  retryingConflicts(async () => {
    const before = await ports.ledger.credential(id);
    const { decide } = ports.protocol ?? CREDENTIAL_RULES;
    const decision = decide(before?.state, wanted, ports.clock.now(), ports.timing);
    return {
      decision,
      record: decision.ok ? await appendCredential(ports, before, decision.events, context, requires ? { requires } : {}) : before,
    };
  });
