import type { Credential, RevocationCause } from '../domain/credential/state.ts';
import { entitlement } from '../domain/entitlement.ts';
import { Fault } from '../domain/faults.ts';
import { decideLeave, decidePage, decideReviewPage, nextOwnerStep, type OwnerStep, tallied } from '../domain/owner/decide.ts';
import type { Offboarding, Owner, Review } from '../domain/owner/state.ts';
import type { Policy } from '../domain/policy.ts';
import type { EpochMs, OwnerId } from '../domain/types.ts';
import type { Context } from './envelope.ts';
import type { Companion, Loaded, Wake } from './ports.ts';
import { appendOwner, command, type RecordPorts } from './record.ts';
import type { WorkEnd } from './work-credential.ts';

export interface OwnerWorkerPorts extends RecordPorts {
  readonly wake: Wake;
  readonly policy: Policy;
  readonly policyDigest: string;
}

type Acting = Exclude<OwnerStep, { readonly do: 'rest' | 'wait' }>;

/** One page fits a worker's run and a transaction's patience; a leaver with thousands takes many. */
const PAGE = 200;
const LONGEST_DELAY_MS = 900_000;

/** Does what an owner's record wants: the leave whose day has come, and pages of the offboarding. */
export const workOnOwner =
  (ports: OwnerWorkerPorts) =>
  async (id: OwnerId, stopAtMs: EpochMs): Promise<WorkEnd> => {
    const { ledger, clock, wake } = ports;
    const item = { queue: 'owner', id } as const;
    for (let acted = false; ; acted = true) {
      const before = await ledger.owner(id);
      if (!before) return 'unknown';
      const next = nextOwnerStep(before.state, clock.now());
      if (next.do === 'rest') return 'rest';
      if (next.do === 'wait') {
        const delayMs = next.untilMs - clock.now();
        if (acted && delayMs <= LONGEST_DELAY_MS) await wake.send(item, delayMs);
        return 'waiting';
      }
      if (clock.now() >= stopAtMs) {
        await wake.send(item, 0);
        return 'out-of-time';
      }
      await act(ports, before, next).catch((error: unknown) => {
        if (!(error instanceof Fault && error.code === 'ledger-conflict')) throw error; // another worker did it: read again
      });
    }
  };

const act = (ports: OwnerWorkerPorts, before: Loaded<Owner>, next: Acting): Promise<void> => {
  switch (next.do) {
    case 'leave':
      return leave(ports, before);
    case 'offboard':
      return offboardPage(ports, before, next.offboarding);
    case 'review':
      return reviewPage(ports, before, next.review);
  }
};

async function leave(ports: OwnerWorkerPorts, before: Loaded<Owner>): Promise<void> {
  const decision = decideLeave(before.state, ports.clock.now());
  if (decision.ok) await appendOwner(ports, before, decision.events, contextOf(ports, before.state, 'effective'));
}

/** One page of what the owner holds: an idempotent command for each credential, then the tally and the cursor. */
async function offboardPage(ports: OwnerWorkerPorts, before: Loaded<Owner>, offboarding: Offboarding): Promise<void> {
  const { id } = before.state;
  const { page, nextCursor } = await ports.ledger.heldBy(id, offboarding.cursor, PAGE);
  await Promise.all(
    page
      .filter(mustEnd(id, offboarding))
      .map((credential) => end(ports, before.state, credential, causeOf(offboarding), offboarding.epochBelow)),
  );
  const tally = tallied(offboarding.tally, id, offboarding.epochBelow, page);
  const decision = decidePage(before.state, { tally, nextCursor }, ports.clock.now(), ports.timing);
  if (!decision.ok) return;
  const companions = decision.events.flatMap((event): readonly Companion[] =>
    event.type === 'OwnerOffboarded' ? [{ item: 'convergence', ownerId: id, convergence: event.convergence }] : [],
  );
  await appendOwner(ports, before, decision.events, contextOf(ports, before.state, `offboarding, pass ${offboarding.pass}`), companions);
}

/** One page of what a mover holds: what they could not ask for in their new role ends, where its profile says so. */
async function reviewPage(ports: OwnerWorkerPorts, before: Loaded<Owner>, review: Review): Promise<void> {
  const { state } = before;
  const { page, nextCursor } = await ports.ledger.heldBy(state.id, review.cursor, PAGE);
  const tooMuch = page.filter((credential) => exceeds(ports.policy, state, credential));
  await Promise.all(
    tooMuch.filter(({ status }) => status !== 'revoking').map((one) => end(ports, state, one, 'owner-moved', state.epoch + 1)),
  );
  const after = { ended: review.ended + tooMuch.length, nextCursor };
  const decision = decideReviewPage(state, after, ports.clock.now(), ports.timing);
  if (decision.ok) await appendOwner(ports, before, decision.events, contextOf(ports, state, `review, pass ${review.pass}`));
}

/** A profile that is no longer in the policy says nothing about movers; the sweep reports its credentials. */
function exceeds(policy: Policy, owner: Owner, { holder, grant, status }: Credential): boolean {
  const profile = Object.hasOwn(policy.profiles, grant.profile) ? policy.profiles[grant.profile] : undefined;
  if (holder.id !== owner.id || status === 'revoked' || profile?.onMove !== 'revoke') return false;
  const entitled = entitlement(policy, owner, grant.profile, grant.environment);
  return !entitled.ok && entitled.why !== 'owner-not-active';
}

const mustEnd =
  (ownerId: OwnerId, { epochBelow }: Offboarding) =>
  ({ holder, status }: Credential): boolean =>
    holder.id === ownerId && holder.epoch < epochBelow && status !== 'revoking' && status !== 'revoked';

const causeOf = ({ cause }: Offboarding): RevocationCause => (cause === 'for-cause' ? 'owner-left-for-cause' : 'owner-left');

async function end(
  ports: OwnerWorkerPorts,
  owner: Owner,
  { id, grant }: Credential,
  why: RevocationCause,
  epochBelow: number,
): Promise<void> {
  const wanted = { type: 'revoke', cause: why, ifHeldBy: { ownerId: owner.id, epochBelow } } as const;
  const { decision } = await command(ports, id, wanted, contextOf(ports, owner, why));
  if (decision.ok) await ports.wake.send({ queue: grant.connector, id }, 0);
}

const contextOf = ({ policyDigest }: OwnerWorkerPorts, { id }: Owner, cause: string): Context => ({
  actor: { kind: 'system', id: 'offboard' },
  cause,
  correlationId: id,
  policyDigest,
});
