import type { Credential } from '../domain/credential/state.ts';
import { Fault } from '../domain/faults.ts';
import { countsOf } from '../domain/guard.ts';
import type { OwnerStep } from '../domain/owner/decide.ts';
import type { Owner, OwnerEvent, Removal } from '../domain/owner/state.ts';
import { notePolicy } from './follow-policy.ts';
import type { Companion, HeldMember, Loaded } from './ports.ts';
import { appendOwner } from './record.ts';
import { contextOf, type Due, dueActs, type OwnerWorkerPorts } from './removal.ts';
import { commandAndWake } from './wake-at.ts';

/**
 * Before anything is taken from an owner: whether it may be. Where only observation is wanted, what would be done is put on record instead.
 * The counters are in the transaction of the decision; where one is full, the owner joins the batch that is held.
 */
export async function admit(ports: OwnerWorkerPorts, before: Loaded<Owner>, of: Removal): Promise<void> {
  const { policy, clock, ledger } = ports;
  const { state } = before;
  const due = await dueActs(ports, state, of);
  const append = (event: OwnerEvent, companions: readonly Companion[], cause: string): Promise<unknown> =>
    appendOwner(ports, before, [event], contextOf(ports, state, cause), companions);
  const credentials = due.length;
  const nowMs = clock.now();
  if (policy.mode === 'observe' || policy.sources[state.source]?.mode === 'observe') {
    await notePolicy(ports)(); // gone back from before a sweep has seen it, this policy would be no change, and nobody be asked for anew
    for (const one of due) await putOnRecord(ports, state, one, of);
    await append({ type: 'RemovalObserved', of, credentials, under: ports.policyDigest }, [], 'observe');
    return;
  }
  const forCause = of === 'leave' && state.offboarding?.cause === 'for-cause';
  const counts = credentials === 0 ? [] : countsOf(policy.guard, forCause, credentials, nowMs); // who holds nothing loses nothing
  const companions = counts.map((count): Companion => ({ item: 'count', count }));
  try {
    await append({ type: 'RemovalAdmitted', of, credentials, atMs: nowMs }, companions, 'guard');
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'guard-tripped')) throw error;
    const batch = await ledger.openBatch();
    const member = { batch, ownerId: state.id, of, cause: causeOf(state, of), source: state.source, credentials, heldAtMs: nowMs };
    await append({ type: 'RemovalHeld', of, batch, credentials, atMs: nowMs }, [{ item: 'held', member }], 'guard');
  }
}

/** Who may not release it follows from this, so it stands in the batch. */
function causeOf({ offboarding, review }: Owner, of: Removal): HeldMember['cause'] {
  const removal = of === 'leave' ? offboarding : review;
  if (removal && 'policyChanged' in removal.admission) return 'policy-changed';
  return removal?.cause ?? 'normal';
}

/** Whether the batch was let go. Who left for cause is suspended meanwhile, reversibly. */
export async function askRelease(
  ports: OwnerWorkerPorts,
  before: Loaded<Owner>,
  { of, held }: Extract<OwnerStep, { do: 'ask-release' }>,
): Promise<boolean> {
  const { state } = before;
  const nowMs = ports.clock.now();
  const append = (event: OwnerEvent, cause: string) => appendOwner(ports, before, [event], contextOf(ports, state, cause));
  const release = await ports.ledger.release(held.batch);
  if (release) {
    await append(
      { type: 'RemovalAdmitted', of, credentials: 0, atMs: nowMs },
      `released by ${release.by} on the seal ${release.seal}: ${release.reason}`,
    );
    return true;
  }
  const { offboarding } = state;
  if (of === 'leave' && offboarding?.cause === 'for-cause')
    for (const { credential } of await dueActs(ports, state, of))
      if (credential.status === 'active') await suspend(ports, state, credential, offboarding.epochBelow);
  if (held.escalated || nowMs < held.sinceMs + ports.policy.guard.escalateAfterMs) return false;
  await append({ type: 'HoldEscalated', of, atMs: nowMs }, `batch ${held.batch} is held since ${new Date(held.sinceMs).toISOString()}`);
  return true;
}

async function suspend(ports: OwnerWorkerPorts, owner: Owner, { id }: Credential, epochBelow: number): Promise<void> {
  const wish = { type: 'suspend', why: 'owner-left', ifHeldBy: { ownerId: owner.id, epochBelow } } as const;
  await commandAndWake(ports, id, wish, contextOf(ports, owner, 'left for cause; held by the guard'));
}

const putOnRecord = ({ ledger, clock }: OwnerWorkerPorts, owner: Owner, { credential, act }: Due, of: Removal): Promise<void> =>
  ledger.putFinding({
    kind: of === 'leave' ? 'leaver' : 'mover',
    subject: credential.grant.accountName,
    credentialId: credential.id,
    ownerId: owner.id,
    detail:
      of === 'leave'
        ? 'the owner left'
        : owner.review?.cause === 'policy-changed'
          ? 'exceeds the policy as it now is'
          : 'exceeds the owner’s new role',
    status: 'open',
    firstSeenAtMs: clock.now(),
    lastSeenAtMs: clock.now(),
    wouldHave: act,
  });
