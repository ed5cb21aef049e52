import type { Command } from '../domain/credential/decide.ts';
import type { Credential, HandoverCause, Holder, Rung } from '../domain/credential/state.ts';
import { unfit } from '../domain/owner/succession.ts';
import type { Policy } from '../domain/policy.ts';
import type { OwnerId } from '../domain/types.ts';
import { findHeir, holderOf, noteOf } from './find-heir.ts';
import type { Ledger, OwnerCondition } from './ports.ts';
import { unlessUnreadable } from './record.ts';

/** `next`: who is to have it now; `undefined`: nobody could. */
interface Onward {
  readonly next: { readonly wish: Extract<Command, { type: 'hand-over' }>; readonly requires: OwnerCondition } | undefined;
  readonly note: readonly string[];
}

/**
 * Where a handover goes that its heir did not take: back to who gave it away by a command, where they could still have it; else on up the
 * succession it came by. Who did not take it is not asked again.
 */
export async function onward(
  { ledger, policy }: { readonly ledger: Ledger; readonly policy: Policy },
  credential: Credential,
  cause: Extract<HandoverCause, 'refused' | 'not-accepted'>,
): Promise<Onward> {
  const { succession, holder, grant } = credential;
  const line = succession && (await ledger.owner(succession.line).catch(unlessUnreadable))?.state;
  if (!line) return { next: undefined, note: [] };
  const refused = [...succession.refused, holder.id];
  const to = (heir: Holder, rung: Rung): Onward['next'] => ({
    wish: handOver(credential, heir, rung, cause, succession.line, refused),
    requires: heir,
  });
  if (succession.cause === 'requested' && unfit(policy, line, grant, refused) === undefined)
    return { next: to(holderOf(line), 'chosen'), note: [] };
  const found = await findHeir({ ledger, policy }, line, grant, [line.id, ...refused]);
  return { next: found.heir && to(found.heir.to, found.heir.rung), note: noteOf(found) };
}

/** To somebody by name, not for a leave: with the overlap and the regret time of every rotation. */
export const handOver = (
  { rotation }: Credential,
  to: Holder,
  rung: Rung,
  cause: HandoverCause,
  line: OwnerId,
  refused: readonly OwnerId[],
): Extract<Command, { type: 'hand-over' }> => ({
  ...{ type: 'hand-over', to, rung, cause, leave: undefined, line, refused },
  ...{ overlapMs: rotation.overlapMs, regretMs: rotation.regretMs },
});
