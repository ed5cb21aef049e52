import { createHash } from 'node:crypto';
import { authorize, type Caller, isSession } from '../domain/authorize.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { Fault } from '../domain/faults.ts';
import type { Owner } from '../domain/owner/state.ts';
import type { Policy } from '../domain/policy.ts';
import { type EpochMs, type OwnerId, plusMs } from '../domain/types.ts';
import { type Denied, namesOf } from './consult.ts';
import type { HeldMember, Release, Wake } from './ports.ts';
import type { RecordPorts } from './record.ts';
import { type Due, dueActs } from './removal.ts';
import { resolveOwner } from './request-credential.ts';
import { activeOwner, ownersBehind } from './who.ts';

export interface BatchPorts extends RecordPorts {
  readonly wake: Wake;
  readonly policy: Policy;
  readonly policyDigest: string;
}

/** One owner in a held batch, with what a release would let be taken from them. */
export interface ShownMember {
  readonly member: HeldMember;
  readonly owner: Owner | undefined;
  readonly due: readonly Due[];
}

export interface HeldBatch {
  readonly seal: string;
  readonly sinceMs: EpochMs;
  readonly escalatesAtMs: EpochMs;
  readonly overdue: boolean;
  readonly members: readonly ShownMember[];
}

/** How many of the last releases are shown. */
const RELEASES = 10;
/** Members read, or woken, at once. */
const AT_ONCE = 20;
/** A member that joins meanwhile changes the seal; only collisions are left to be tried again. */
const MAX_COLLISIONS = 8;

/** What is held now, and what was released last; for auditors and stewards. */
export const listBatches =
  (ports: BatchPorts) =>
  async (caller: Caller | undefined, arn: string): Promise<ShownBatches | Denied> => {
    const refused = authorize(caller, 'steward') && authorize(caller, 'audit');
    if (refused) return { ok: false, why: refused, field: 'caller', value: arn };
    const { ledger, policy, clock } = ports;
    const open = await ledger.openBatch();
    const members = await ledger.heldIn(open);
    const earlier = Array.from({ length: Math.min(RELEASES, open - 1) }, (_, back) => open - 1 - back);
    const released = (await Promise.all(earlier.map((batch) => ledger.release(batch)))).flatMap((release) => release ?? []);
    const names = await namesOf(
      ledger,
      released.map(({ by }) => by),
    );
    if (members.length === 0) return { ok: true, held: undefined, released, names };
    const sinceMs = Math.min(...members.map(({ heldAtMs }) => heldAtMs)) as EpochMs;
    const escalatesAtMs = plusMs(sinceMs, policy.guard.escalateAfterMs);
    const shown: ShownMember[] = [];
    for (let from = 0; from < members.length; from += AT_ONCE)
      shown.push(...(await Promise.all(members.slice(from, from + AT_ONCE).map((member) => shownMember(ports, member)))));
    const seal = sealOf(ports.policyDigest, open, members);
    return { ok: true, held: { seal, sinceMs, escalatesAtMs, overdue: clock.now() >= escalatesAtMs, members: shown }, released, names };
  };

interface ShownBatches {
  readonly ok: true;
  readonly held: HeldBatch | undefined;
  readonly released: readonly Release[];
  /** What their sources call those who released. */
  readonly names: ReadonlyMap<OwnerId, string>;
}

async function shownMember(ports: BatchPorts, member: HeldMember): Promise<ShownMember> {
  const owner = (await ports.ledger.owner(member.ownerId))?.state;
  return { member, owner, due: owner ? await dueActs(ports, owner, member.of) : [] };
}

/**
 * What a release names: exactly these members, and the policy that says what is done about them. Another member, or another policy, makes
 * another seal.
 */
const sealOf = (policyDigest: string, batch: number, members: readonly HeldMember[]): string =>
  createHash('sha256')
    .update(canonicalJson({ policyDigest, batch, members: [...members].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1)) }))
    .digest('hex')
    .slice(0, SEAL_LENGTH);

/** 96 bits: enough that nobody finds another batch with the same, and short enough to be read out. */
const SEAL_LENGTH = 24;
const idOf = ({ ownerId, of, heldAtMs }: HeldMember): string => `${ownerId} ${of} ${heldAtMs}`;

export type Released =
  | { readonly ok: true; readonly release: Release; readonly owners: number }
  | Denied
  | { readonly ok: false; readonly why: 'caller-not-active' | 'own-batch'; readonly field: 'caller'; readonly value: string }
  | { readonly ok: false; readonly why: 'nothing-held'; readonly field: 'seal'; readonly value: string }
  /** `allowed`: the seal of what is held now, for whoever has looked at it anew. */
  | {
      readonly ok: false;
      readonly why: 'seal-changed';
      readonly field: 'seal';
      readonly value: string;
      readonly allowed: readonly string[];
    };

/** Lets what is held go, exactly as whoever lets it go has seen it. The same release again wakes its owners again, and changes nothing. */
export const releaseBatch =
  (ports: BatchPorts) =>
  async (caller: Caller | undefined, arn: string, seal: string, reason: string): Promise<Released> => {
    const { ledger, policyDigest, clock } = ports;
    const refused = authorize(caller, 'steward');
    if (refused || !caller) return { ok: false, why: refused ?? 'unmapped-caller', field: 'caller', value: arn };
    const by = await activeOwner(ledger, caller);
    if (!by) return { ok: false, why: 'caller-not-active', field: 'caller', value: caller.ownerRef };
    for (let tries = 1; tries <= MAX_COLLISIONS; tries += 1) {
      const batch = await ledger.openBatch();
      const members = await ledger.heldIn(batch);
      const last = batch > 1 ? await ledger.release(batch - 1) : undefined;
      if (last?.seal === seal) return goOn(ports, last);
      if (members.length === 0) return { ok: false, why: 'nothing-held', field: 'seal', value: seal };
      const now = sealOf(policyDigest, batch, members);
      if (seal !== now) return { ok: false, why: 'seal-changed', field: 'seal', value: seal, allowed: [now] };
      const why = await causeBy(ports, caller, arn, members);
      if (why) return { ok: false, why: 'own-batch', field: 'caller', value: why };
      const release: Release = { batch, seal, by, reason, atMs: clock.now() };
      if (await ledger.closeBatch(release, members.length)) return goOn(ports, release);
    }
    throw new Fault('ledger-conflict', true, `batch ${seal}`);
  };

/** The owners in it don't wait for the sweep: each asks for its release at once. */
async function goOn({ ledger, wake }: BatchPorts, release: Release): Promise<Released> {
  const owners = [...new Set((await ledger.heldIn(release.batch)).map(({ ownerId }) => ownerId))];
  for (let from = 0; from < owners.length; from += AT_ONCE)
    await Promise.all(owners.slice(from, from + AT_ONCE).map((id) => wake.send({ queue: 'owner', id }, 0)));
  return { ok: true, release, owners: owners.length };
}

/**
 * Why the caller counts as who caused the batch, or is in it; `undefined`: they don't. A source's facts are caused by whoever may say them,
 * be it a role that uploads, and by whoever answers for the source; what a change of the policy makes, by whoever answers for the policy.
 */
async function causeBy(
  { ledger, policy }: BatchPorts,
  caller: Caller,
  arn: string,
  members: readonly HeldMember[],
): Promise<string | undefined> {
  const behind = await ownersBehind(ledger, caller);
  const own = members.find(({ ownerId }) => behind.includes(ownerId));
  if (own) return `${caller.ownerRef} is in it, or acts for somebody who is`;
  for (const name of new Set(members.map(({ source }) => source))) {
    const source = Object.hasOwn(policy.sources, name) ? policy.sources[name] : undefined;
    if (!source) continue;
    if (source.principals.some((principal) => isSession(arn, principal))) return `${arn} says facts of the source ${name}`;
    const accountable = await resolveOwner(ledger, source.accountable);
    if (accountable && behind.includes(accountable)) return `${caller.ownerRef} answers for the source ${name}, or acts for who does`;
  }
  const accountable = await resolveOwner(ledger, policy.accountable.policy);
  if (accountable && behind.includes(accountable) && members.some(({ cause }) => cause === 'policy-changed'))
    return `${caller.ownerRef} answers for the policy, or acts for who does, and a change of it is why`;
  return undefined;
}
