import { minuteOf } from '../domain/feed/trouble.ts';
import { decideFact, type OwnerRejection } from '../domain/owner/decide.ts';
import { CLOCK_SKEW_MS } from '../domain/owner/fact-limits.ts';
import type { Owner, OwnerFact } from '../domain/owner/state.ts';
import type { Policy } from '../domain/policy.ts';
import type { EpochMs, OwnerId, OwnerKey } from '../domain/types.ts';
import type { Companion, Ledger, Loaded, Wake } from './ports.ts';
import { appendOwner, type RecordPorts, retryingConflicts } from './record.ts';

export interface FactPorts extends RecordPorts {
  readonly wake: Wake;
  readonly policy: Policy;
  readonly policyDigest: string;
}

export type FactResult =
  | { readonly ok: true; readonly changed: boolean; readonly owner: Owner | undefined }
  | { readonly ok: false; readonly why: OwnerRejection | 'unknown-source'; readonly field: string; readonly value: string };

/** Joins one fact of a source into the owner's record. Late and repeated facts change nothing. */
export const applyFact =
  (ports: FactPorts) =>
  async (fact: OwnerFact): Promise<FactResult> => {
    const { ledger, clock, ids, policy, policyDigest } = ports;
    const source = Object.hasOwn(policy.sources, fact.source) ? policy.sources[fact.source] : undefined;
    if (!source) return { ok: false, why: 'unknown-source', field: 'detail.source', value: fact.source };
    return retryingConflicts(async () => {
      const id = await ledger.ownerByAlias(fact.source, fact.subject);
      const before = id && (await ledger.owner(id));
      const fresh = { id: `own_${ids.ulid()}` as OwnerId, key: ids.uuid() as OwnerKey };
      const decision = decideFact(before?.state, fact, fresh, clock.now(), furthest(source, before?.state, clock.now()));
      if (!decision.ok) return { ok: false, why: decision.why, ...fault(fact, decision.why) };
      if (!decision.events.length) return { ok: true, changed: false, owner: before?.state };
      const context = { actor: { kind: 'source', id: fact.source }, cause: fact.type, correlationId: fact.id, policyDigest } as const;
      const companions = await aliases(ledger, before, before?.state.id ?? fresh.id, fact);
      const { state } = await appendOwner(ports, before, decision.events, context, companions);
      if (state.offboarding || state.review) await ports.wake.send({ queue: 'owner', id: state.id }, 0);
      return { ok: true, changed: true, owner: state };
    });
  };

/**
 * How far a sequence may be. Of a source with a feed it is the minute of a snapshot: none can be ahead of the clock, and who has not changed
 * for years is not told of in small steps.
 */
const furthest = ({ feed, maxSequenceJump }: Policy['sources'][string], owner: Owner | undefined, nowMs: EpochMs): number =>
  feed ? minuteOf(nowMs + CLOCK_SKEW_MS) : (owner?.sequence ?? Number.MAX_SAFE_INTEGER) + maxSequenceJump;

/** The e-mail address follows the owner who has it now; one that another active owner has stays with them. */
async function aliases(
  ledger: Ledger,
  before: Loaded<Owner> | undefined,
  ownerId: OwnerId,
  fact: OwnerFact,
): Promise<readonly Companion[]> {
  const own: readonly Companion[] = before ? [] : [{ item: 'alias', source: fact.source, externalId: fact.subject, ownerId }];
  const email = fact.attributes.email.toLowerCase();
  if (!email || fact.type === 'Left' || before?.state.attributes.email.toLowerCase() === email) return own;
  const seen = await ledger.ownerByAlias('email', email);
  const holder = seen && (await ledger.owner(seen));
  if (holder && holder.state.status !== 'left') return own;
  return [...own, { item: 'email', email, ownerId, seen }];
}

const fault = (fact: OwnerFact, why: OwnerRejection) =>
  why === 'from-the-future'
    ? { field: 'detail.occurredAt', value: new Date(fact.occurredAtMs).toISOString() }
    : { field: 'detail.sequence', value: `${fact.sequence}` };
