import type { Command } from '../domain/credential/decide.ts';
import type { Credential } from '../domain/credential/state.ts';
import { isOff, killListId } from '../domain/deny-list.ts';
import { Fault } from '../domain/faults.ts';
import { decideKillPage, decideUnlisted, killWants, liftWants } from '../domain/owner/kill.ts';
import type { KillWork, Owner } from '../domain/owner/state.ts';
import type { Context } from './envelope.ts';
import { holderOf } from './find-heir.ts';
import { listChange } from './kill-owner.ts';
import type { Loaded, OwnerCondition } from './ports.ts';
import { appendOwner } from './record.ts';
import { contextOf, type OwnerWorkerPorts, PAGE } from './removal.ts';
import { commandAndWake } from './wake-at.ts';

/** One page of what the owner holds: while killed, each credential gets its own deny; after the lifting, what the kill suspended comes back. */
export async function killPage(ports: OwnerWorkerPorts, before: Loaded<Owner>, { phase, cursor, pass }: KillWork): Promise<void> {
  const { state } = before;
  if (phase === 'unlist') return awaitUnlisted(ports, before);
  const { page, unreadable, nextCursor } = await ports.ledger.heldBy(state.id, cursor, PAGE);
  const act = phase === 'deny' ? deny : resume;
  let unfinished = unreadable.length; // whoever can't be looked at keeps the owner on the list
  // One after the other: each looks at the owner's record in its transaction, and two that do so at once collide.
  for (const credential of page) if (!(await act(ports, state, credential))) unfinished += 1;
  const nowMs = ports.clock.now();
  const decision = decideKillPage(state, { unfinished, nextCursor }, nowMs, ports.timing);
  if (!decision.ok) return;
  const companions = await listChange(ports, state.key, decision.events, nowMs);
  await appendOwner(ports, before, decision.events, contextOf(ports, state, `${phase}, pass ${pass}`), companions);
  if (companions.length) await ports.wake.send({ queue: 'deny-list', id: killListId(ports.account) }, 0);
}

/** Nothing comes back while the provider still denies the owner as such: a record that says active would be wrong. */
async function awaitUnlisted(ports: OwnerWorkerPorts, before: Loaded<Owner>): Promise<void> {
  const list = (await ports.ledger.denyList(killListId(ports.account)))?.state;
  const decision = decideUnlisted(before.state, !list || isOff(list, before.state.key), ports.clock.now());
  if (decision.ok) await appendOwner(ports, before, decision.events, contextOf(ports, before.state, 'unkill'));
}

/** The owner's record is looked at in the transaction: a page that was read before the kill was lifted writes nothing after it. */
async function deny(ports: OwnerWorkerPorts, owner: Owner, credential: Credential): Promise<boolean> {
  const wants = killWants(owner, credential);
  if (wants !== 'order' || !owner.killed) return wants === 'nothing';
  const ifHeldBy = { ownerId: owner.id, epochBelow: Number.MAX_SAFE_INTEGER };
  const wish = { type: 'kill', killedAtMs: owner.killed.atMs, ifHeldBy } as const;
  const underKill = { id: owner.id, killedAtMs: owner.killed.atMs };
  return ordered(ports, credential, wish, contextOf(ports, owner, `killed: ${owner.killed.reason}`), underKill);
}

/** The owner's record is looked at in the transaction: whoever was killed again, or left, by now gets nothing back. */
async function resume(ports: OwnerWorkerPorts, owner: Owner, credential: Credential): Promise<boolean> {
  if (!liftWants(owner, credential)) return true;
  const holder = holderOf(owner);
  return ordered(ports, credential, { type: 'resume', holder }, contextOf(ports, owner, 'unkill'), holder);
}

/** `false`: the next pass looks what became of it. */
async function ordered(
  ports: OwnerWorkerPorts,
  { id }: Credential,
  wish: Command,
  context: Context,
  requires: OwnerCondition,
): Promise<false> {
  try {
    await commandAndWake(ports, id, wish, context, requires);
  } catch (error) {
    if (!(error instanceof Fault && (error.code === 'owner-not-active' || error.code === 'kill-over'))) throw error;
  }
  return false;
}
