import type { Credential } from '../domain/credential/state.ts';
import { isOff, killListId } from '../domain/deny-list.ts';
import { Fault } from '../domain/faults.ts';
import { decideKillPage, decideUnlisted, killWants, liftWants } from '../domain/owner/kill.ts';
import type { KillWork, Owner } from '../domain/owner/state.ts';
import { holderOf } from './find-heir.ts';
import { listChange } from './kill-owner.ts';
import type { Loaded } from './ports.ts';
import { appendOwner, command } from './record.ts';
import { contextOf, type OwnerWorkerPorts, PAGE } from './removal.ts';

/** One page of what the owner holds: while killed, each credential gets its own deny; after the lifting, what the kill suspended comes back. */
export async function killPage(ports: OwnerWorkerPorts, before: Loaded<Owner>, { phase, cursor, pass }: KillWork): Promise<void> {
  const { state } = before;
  if (phase === 'unlist') return awaitUnlisted(ports, before);
  const { page, nextCursor } = await ports.ledger.heldBy(state.id, cursor, PAGE);
  const act = phase === 'deny' ? deny : resume;
  const done = await Promise.all(page.map((credential) => act(ports, state, credential)));
  const nowMs = ports.clock.now();
  const unfinished = done.filter((isDone) => !isDone).length;
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

async function deny(ports: OwnerWorkerPorts, owner: Owner, credential: Credential): Promise<boolean> {
  const wants = killWants(owner, credential);
  if (wants !== 'order' || !owner.killed) return wants === 'nothing';
  const ifHeldBy = { ownerId: owner.id, epochBelow: Number.MAX_SAFE_INTEGER };
  const wish = { type: 'kill', killedAtMs: owner.killed.atMs, ifHeldBy } as const;
  const { decision } = await command(ports, credential.id, wish, contextOf(ports, owner, `killed: ${owner.killed.reason}`));
  if (decision.ok) await ports.wake.send({ queue: credential.grant.connector, id: credential.id }, 0);
  return false;
}

/** The owner's record is looked at in the transaction: whoever was killed again, or left, by now gets nothing back. */
async function resume(ports: OwnerWorkerPorts, owner: Owner, credential: Credential): Promise<boolean> {
  if (!liftWants(owner, credential)) return true;
  const { id, grant } = credential;
  const holder = holderOf(owner);
  try {
    const { decision } = await command(ports, id, { type: 'resume', holder }, contextOf(ports, owner, 'unkill'), holder);
    if (decision.ok) await ports.wake.send({ queue: grant.connector, id }, 0);
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'owner-not-active')) throw error;
  }
  return false;
}
