import { decideReviewPage, tallied } from '../domain/owner/decide.ts';
import type { Offboarding, Owner, Review } from '../domain/owner/state.ts';
import type { Companion, Loaded } from './ports.ts';
import { OWNER_RULES } from './protocol.ts';
import { appendOwner } from './record.ts';
import { type Because, carryOut, contextOf, type Heirs, leaveAct, moveAct, type OwnerWorkerPorts, PAGE } from './removal.ts';

const becauseOfLeave = ({ cause, epochBelow }: Offboarding): Because => ({
  of: 'leave',
  cause: cause === 'for-cause' ? 'owner-left-for-cause' : 'owner-left',
  epochBelow,
});

const becauseOfReview = ({ epoch }: Owner, { cause }: Review): Because => ({
  of: 'move',
  cause: cause === 'moved' ? 'owner-moved' : cause,
  epochBelow: epoch + 1,
});

/** One page of what the owner holds: an idempotent command for each credential, then the tally and the cursor. */
export async function offboardPage(ports: OwnerWorkerPorts, before: Loaded<Owner>, offboarding: Offboarding): Promise<void> {
  const { state } = before;
  const { page, unreadable, nextCursor } = await ports.ledger.heldBy(state.id, offboarding.cursor, PAGE);
  const heirs: Heirs = new Map();
  await Promise.all(
    page.map(async (credential) => {
      const wanted = leaveAct(ports.policy, state, offboarding, credential);
      if (wanted) await carryOut(ports, state, credential, wanted, becauseOfLeave(offboarding), heirs);
    }),
  );
  const told = tallied(offboarding.tally, state.id, offboarding.epochBelow, page);
  const tally = { ...told, unfinished: told.unfinished + unreadable.length }; // no receipt while nobody knows what became of one
  const { decidePage } = ports.protocol ?? OWNER_RULES;
  const decision = decidePage(state, { tally, nextCursor }, ports.clock.now(), ports.timing);
  if (!decision.ok) return;
  const companions = decision.events.flatMap((event): readonly Companion[] =>
    event.type === 'OwnerOffboarded' ? [{ item: 'convergence', ownerId: state.id, convergence: event.convergence }] : [],
  );
  await appendOwner(ports, before, decision.events, contextOf(ports, state, `offboarding, pass ${offboarding.pass}`), companions);
}

/** One page of what a mover holds, or whom another policy concerns: about what they could not ask for now, the profile says what becomes of it. */
export async function reviewPage(ports: OwnerWorkerPorts, before: Loaded<Owner>, review: Review): Promise<void> {
  const { state } = before;
  const { page, unreadable, nextCursor } = await ports.ledger.heldBy(state.id, review.cursor, PAGE);
  const heirs: Heirs = new Map();
  const nowMs = ports.clock.now();
  const acts = page.map((credential) => ({ credential, wanted: moveAct(ports.policy, state, credential, nowMs) }));
  await Promise.all(
    acts.map(async ({ credential, wanted }) => {
      if (wanted && wanted !== 'settled') await carryOut(ports, state, credential, wanted, becauseOfReview(state, review), heirs);
    }),
  );
  const ended = review.ended + unreadable.length + acts.filter(({ wanted }) => wanted !== undefined).length;
  const decision = decideReviewPage(state, { ended, nextCursor }, ports.clock.now(), ports.timing);
  if (decision.ok) await appendOwner(ports, before, decision.events, contextOf(ports, state, `review, pass ${review.pass}`));
}
