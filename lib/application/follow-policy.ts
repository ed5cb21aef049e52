import type { Credential, Grant } from '../domain/credential/state.ts';
import { Fault } from '../domain/faults.ts';
import type { Admission, Owner, OwnerEvent } from '../domain/owner/state.ts';
import type { Policy } from '../domain/policy.ts';
import {
  decideFollowUpPage,
  decidePolicy,
  evolvePolicy,
  POLICY_ID,
  type PolicyEvent,
  type PolicyInForce,
  policyDueAtMs,
} from '../domain/policy-in-force.ts';
import type { EpochMs, OwnerId } from '../domain/types.ts';
import type { Context } from './envelope.ts';
import type { Loaded } from './ports.ts';
import { appendOwner, appendRecord, type RecordPorts, retryingConflicts } from './record.ts';
import { moveAct, type OwnerWorkerPorts } from './removal.ts';
import type { WorkEnd } from './work-credential.ts';

type NotePorts = RecordPorts & Pick<OwnerWorkerPorts, 'wake' | 'policyDigest'>;
export type FollowPolicyPorts = OwnerWorkerPorts & { readonly kinds: readonly Grant['connector'][] };

const PAGE = 100;

/** Puts on record that functions decide by another policy than before. `true`: it is news. */
export const notePolicy = (ports: NotePorts) => (): Promise<boolean> =>
  retryingConflicts(async () => {
    const before = await ports.ledger.policy();
    const events = decidePolicy(before?.state, ports.policyDigest, ports.clock.now());
    if (events.length === 0) return false;
    await append(ports, before, events, 'deployed');
    await ports.wake.send({ queue: 'owner', id: POLICY_ID }, 0);
    return true;
  });

/**
 * Looks through the live credentials, page by page, for whoever the policy in force concerns. Each of their owners is reviewed as a mover
 * is, guard and all; what was only observed under another policy is asked for again.
 */
export const followPolicy =
  (ports: FollowPolicyPorts) =>
  async (stopAtMs: EpochMs): Promise<WorkEnd> => {
    const { ledger, clock, wake, policyDigest } = ports;
    const item = { queue: 'owner', id: POLICY_ID } as const;
    for (;;) {
      const before = await ledger.policy();
      if (!before) return 'unknown';
      const { state } = before;
      if (state.status === 'followed-up') return 'rest';
      // A function of another deployment knows another policy; the record stays due until one of this deployment sees it.
      if (state.digest !== policyDigest || clock.now() < state.nextAtMs) return 'waiting';
      if (clock.now() >= stopAtMs) {
        await wake.send(item, 0);
        return 'out-of-time';
      }
      await followPage(ports, before, state).catch((error: unknown) => {
        if (!(error instanceof Fault && error.code === 'ledger-conflict')) throw error; // else another worker did it: read again
      });
    }
  };

async function followPage(
  ports: FollowPolicyPorts,
  before: Loaded<PolicyInForce>,
  state: Extract<PolicyInForce, { status: 'following-up' }>,
): Promise<void> {
  const { page, nextCursor } = await livePage(ports, state.cursor);
  const byOwner = Map.groupBy(page, ({ holder }) => holder.id);
  let touched = 0;
  for (const [ownerId, credentials] of byOwner) if (await touch(ports, ownerId, credentials)) touched += 1;
  const event = decideFollowUpPage(state, { touched: state.touched + touched, nextCursor }, ports.clock.now(), ports.timing.passGapMs);
  await append(ports, before, [event], `pass ${state.pass}`);
}

/** One page over the credentials of all kinds, one kind after the other. */
async function livePage({ ledger, kinds }: FollowPolicyPorts, cursor: string | undefined) {
  const bar = cursor?.indexOf('|') ?? -1;
  const at = cursor === undefined ? 0 : kinds.findIndex((kind) => cursor.startsWith(`${kind}|`));
  const kind = kinds[at];
  if (kind === undefined) return { page: [], nextCursor: undefined };
  const { page, nextCursor } = await ledger.live(kind, cursor?.slice(bar + 1) || undefined, PAGE);
  const next = nextCursor === undefined ? kinds[at + 1] : kind;
  return { page, nextCursor: next && `${next}|${nextCursor ?? ''}` };
}

function touch(ports: FollowPolicyPorts, ownerId: OwnerId, credentials: readonly Credential[]): Promise<boolean> {
  const { ledger, policy, policyDigest, clock, wake } = ports;
  return retryingConflicts(async () => {
    const before = await ledger.owner(ownerId);
    if (!before) return false;
    const events = reconsidered(policy, policyDigest, before.state, credentials, clock.now());
    if (events.length === 0) return false;
    await appendOwner(ports, before, events, contextOf(ports, 'policy changed'));
    await wake.send({ queue: 'owner', id: ownerId }, 0);
    return true;
  });
}

/** What a policy wants of an owner that the one before did not, or only observed. */
function reconsidered(
  policy: Policy,
  digest: string,
  owner: Owner,
  credentials: readonly Credential[],
  atMs: EpochMs,
): readonly OwnerEvent[] {
  const isOpen = (admission: Admission | undefined): boolean => admission?.is === 'observed' && admission.under !== digest;
  const { offboarding, review } = owner;
  const exceeds = (credential: Credential): boolean => {
    const act = moveAct(policy, owner, credential, atMs);
    return act !== undefined && act !== 'settled';
  };
  return [
    ...(isOpen(offboarding?.admission) ? [{ type: 'RemovalReconsidered', of: 'leave', atMs } as const] : []),
    ...(isOpen(review?.admission) ? [{ type: 'RemovalReconsidered', of: 'move', atMs } as const] : []),
    ...(!review && credentials.some(exceeds) ? [{ type: 'ReviewOrdered', atMs } as const] : []),
  ];
}

const contextOf = ({ policyDigest }: Pick<NotePorts, 'policyDigest'>, cause: string): Context => ({
  actor: { kind: 'system', id: 'policy' },
  cause,
  correlationId: policyDigest,
  policyDigest,
});

const append = (ports: NotePorts, before: Loaded<PolicyInForce> | undefined, events: readonly PolicyEvent[], cause: string) =>
  appendRecord(ports, before, events, contextOf(ports, cause), {
    evolve: evolvePolicy,
    dueAtMs: policyDueAtMs,
    save: (one) => ports.ledger.appendPolicy(one),
  });
