import { authorizeKill, type Caller } from '../domain/authorize.ts';
import { type DenyList, denyListDueAtMs, KILL_CAPACITY, killListId, listed, newDenyList, unlisted } from '../domain/deny-list.ts';
import { Fault } from '../domain/faults.ts';
import { killCount } from '../domain/guard.ts';
import { decideKill, decideLift, type KillDecision } from '../domain/owner/kill.ts';
import type { Owner, OwnerEvent } from '../domain/owner/state.ts';
import type { Policy } from '../domain/policy.ts';
import type { EpochMs, OwnerKey } from '../domain/types.ts';
import type { Denied } from './consult.ts';
import type { Companion, Ledger, Loaded, Wake } from './ports.ts';
import { appendOwner, type RecordPorts, retryingConflicts } from './record.ts';
import { resolveOwner } from './request-credential.ts';
import { activeOwner, ownersBehind } from './who.ts';

export interface KillPorts extends RecordPorts {
  readonly wake: Wake;
  readonly policy: Policy;
  readonly policyDigest: string;
  /** The provider account whose kill list the owner goes on. */
  readonly account: string;
}

export type KillResult =
  | { readonly ok: true; readonly owner: Owner }
  | Denied
  | {
      readonly ok: false;
      readonly why: Extract<KillDecision, { ok: false }>['why'] | 'own-kill' | 'caller-not-active';
      readonly field: 'owner' | 'caller';
      readonly value: string;
    };

/**
 * Cuts an owner off, or lifts that. One transaction: the owner's record, on which nothing can start, resume or be received from now on,
 * and the list that the provider denies by. What each credential needs besides follows in passes over what the owner holds.
 */
export const killOwner =
  (ports: KillPorts) =>
  async (caller: Caller | undefined, arn: string, ref: string, verb: 'kill' | 'unkill', reason: string): Promise<KillResult> => {
    const { ledger, clock, policy, policyDigest, wake } = ports;
    if (!caller) return { ok: false, why: 'unmapped-caller', field: 'caller', value: arn };
    const [id, by] = await Promise.all([resolveOwner(ledger, ref), activeOwner(ledger, caller)]);
    const refused = authorizeKill(caller, verb, id !== undefined && (await ownersBehind(ledger, caller)).includes(id));
    if (refused) return { ok: false, why: refused, field: 'caller', value: arn };
    if (!id) return { ok: false, why: 'not-found', field: 'owner', value: ref };
    if (!by) return { ok: false, why: 'caller-not-active', field: 'caller', value: caller.ownerRef };
    const context = { actor: { kind: 'person', id: arn }, cause: reason, correlationId: id, policyDigest } as const;

    const order = (confirmed: boolean): Promise<KillResult> =>
      retryingConflicts(async () => {
        const before = await ledger.owner(id);
        if (!before) return { ok: false, why: 'not-found', field: 'owner', value: ref };
        const { state } = before;
        const nowMs = clock.now();
        const decision = verb === 'kill' ? decideKill(state, { by, reason, confirmed }, nowMs) : decideLift(state, { by, reason }, nowMs);
        if (!decision.ok) return { ok: false, why: decision.why, field: 'owner', value: ref };
        if (!decision.events.length) return { ok: true, owner: state };
        const counts = startsKill(decision.events) && confirmed ? [killCount(policy.guard, by, nowMs)] : [];
        const companions: readonly Companion[] = [
          ...counts.map((count): Companion => ({ item: 'count', count })),
          ...(await listChange(ports, state.key, decision.events, nowMs)),
        ];
        return { ok: true, owner: (await appendOwner(ports, before, decision.events, context, companions)).state };
      });

    const result = await order(true).catch((error: unknown) => {
      if (error instanceof Fault && error.code === 'guard-tripped') return order(false);
      throw error;
    });
    if (!result.ok) return result;
    await wake.send({ queue: 'deny-list', id: killListId(ports.account) }, 0);
    await wake.send({ queue: 'owner', id, ...(verb === 'kill' && { denies: true }) }, 0);
    return result;
  };

const startsKill = (events: readonly OwnerEvent[]): boolean => events.some(({ type }) => type === 'OwnerKilled');

/** What the owner's events mean for the list that the provider denies by; written in the same transaction. */
export async function listChange(
  { ledger, account }: { readonly ledger: Ledger; readonly account: string },
  key: OwnerKey,
  events: readonly OwnerEvent[],
  nowMs: EpochMs,
): Promise<readonly Companion[]> {
  const starts = startsKill(events);
  if (!starts && !events.some(({ type }) => type === 'KillCompleted' || type === 'LiftRequested')) return [];
  const id = killListId(account);
  const before = await ledger.denyList(id);
  if (!before && !starts) return [];
  const list = before?.state ?? newDenyList(id, account, KILL_CAPACITY);
  return [denyListCompanion(before, starts ? listed(list, key, nowMs) : unlisted(list, key), nowMs)];
}

export const denyListCompanion = (before: Pick<Loaded<DenyList>, 'version'> | undefined, state: DenyList, nowMs: EpochMs): Companion => ({
  item: 'deny-list',
  before: before?.version ?? 0,
  state,
  dueAtMs: denyListDueAtMs(state, nowMs),
});
