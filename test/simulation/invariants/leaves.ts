import type { Owner } from '../../../lib/domain/owner/state.ts';
import type { World } from '../world.ts';
import { isFollowedUp, type Knowledge } from './knowledge.ts';
import { type Report, report } from './violation.ts';

/** A leave that is closed stays so: nothing comes back to life that they knew. */
export function checkLeft(here: World, knows: Knowledge, to: Report): void {
  for (const { state } of here.ledger.owners.values())
    if (state.converged && isFollowedUp(here, state))
      checkNothingWorks(here, state, knows, state.converged.epoch, '8 a leave that is closed stays closed', to);
}

/** The longest overlap there is, and what a sweep, a lease and a call that lands late take, and that twice. */
const ALLOWED_MS = 600_000 + 600_000;

/**
 * By the deadline nothing works that they knew, whoever holds it then. Where workers come every minute: in seeded runs they may be dead for
 * as long as the dice say, and what holds there is that the record is due.
 */
export function checkDeadlines(here: World, knows: Knowledge, to: Report): void {
  for (const { state } of here.ledger.owners.values()) {
    const leave = state.offboarding ?? state.converged;
    if (!leave || state.epoch === 0 || !isFollowedUp(here, state)) continue;
    if (here.clock.now() < leave.receivedAtMs + here.timing.revokeWithinMs + ALLOWED_MS) continue;
    if (here.ledger.history.get(state.id)?.some(({ type }) => type === 'RemovalObserved')) continue; // from when it was enforced
    checkNothingWorks(here, state, knows, Number.POSITIVE_INFINITY, '8 no version a leaver knew works beyond the deadline', to);
  }
}

function checkNothingWorks(here: World, owner: Owner, knows: Knowledge, epochBelow: number, rule: string, to: Report): void {
  for (const id of knows.heldBy(owner.id)) {
    const credential = here.ledger.credentials.get(id)?.state;
    const keyId = credential && knows.worksFor(owner, credential, epochBelow);
    if (keyId) report(to, rule, `${owner.id} knows ${keyId} of ${id}`);
  }
}
