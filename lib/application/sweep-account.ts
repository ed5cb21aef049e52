import { CONNECTOR_KINDS } from '../domain/credential/capabilities.ts';
import type { Credential } from '../domain/credential/state.ts';
import { Fault } from '../domain/faults.ts';
import { type AccountListing, type Act, dueAct, type Finding, findOrphans, type Orphan, sameFinding, seen } from '../domain/orphans.ts';
import type { Owner } from '../domain/owner/state.ts';
import type { Policy, SweepRules } from '../domain/policy.ts';
import type { CredentialId } from '../domain/types.ts';
import type { Context } from './envelope.ts';
import type { Wake } from './ports.ts';
import { isUnreadable, type RecordPorts } from './record.ts';
import { commandAndWake } from './wake-at.ts';

/** The provider's whole account, apart from single credentials. */
export interface AccountPort {
  /** Every user, all pages. Throws when one of them is missing: half a listing would make everybody else an orphan. */
  list(): Promise<AccountListing>;
  /** Denies everything to a user of our path and disables its keys. `false`: the user is gone, or is not of our path. */
  quarantine(name: string): Promise<boolean>;
  /** Removes a user of our path with what hangs on it. `false`: something came in between; the next sweep goes on. */
  remove(name: string): Promise<boolean>;
}

export interface AccountSweepPorts extends RecordPorts {
  readonly account: AccountPort;
  readonly wake: Wake;
  readonly policy: Policy;
  readonly policyDigest: string;
  readonly path: string;
  /** The credential that a user's name stands for, if it is one of ours. */
  readonly idOf: (name: string) => CredentialId | undefined;
}

export interface AccountSweepResult {
  readonly users: number;
  readonly findings: number;
  readonly acted: number;
  /** Acts that were held, since they were more than one sweep may do. */
  readonly held: number;
  /** Acts that the provider refused or did not answer; the next sweep tries them again. */
  readonly failed: number;
}

/** Compares the account with the ledger, puts what is wrong on record, and does about it what the policy says. */
export const sweepAccount = (ports: AccountSweepPorts) => async (): Promise<AccountSweepResult> => {
  const { ledger, clock, policy } = ports;
  const listing = await ports.account.list();
  const found = await orphansIn(ports, listing);
  const before = await ledger.findings();
  const nowMs = clock.now();
  const rules: SweepRules = policy.mode === 'observe' ? { ...policy.sweeps.orphans, mode: 'observe' } : policy.sweeps.orphans;
  const current = found.map((orphan) =>
    seen(
      before.find((finding) => sameFinding(finding, orphan)),
      orphan,
      nowMs,
    ),
  );
  const due = current.map((finding) => ({ finding, act: dueAct(finding, rules, nowMs) }));
  const acts = due.filter(({ act }) => act !== 'none').length;
  const held = rules.mode === 'enforce' && acts > rules.maxActs ? acts : 0; // a wrong listing, or a wrong policy: for a person to see
  let acted = 0;
  let failed = 0;
  for (const { finding, act } of due) {
    const acting = act !== 'none' && rules.mode === 'enforce' && held === 0;
    const done =
      acting &&
      (await carryOut(ports, finding, act).catch((error: unknown) => {
        if (!(error instanceof Fault)) throw error;
        failed += 1;
        return false;
      }));
    if (done) acted += 1;
    const status = !done ? finding.status : act === 'revoke' || finding.kind === 'unknown-key' ? 'ended' : 'quarantined';
    await ledger.putFinding({ ...finding, status, wouldHave: acting ? 'none' : act });
  }
  for (const old of before) {
    if (old.status === 'resolved' || current.some((finding) => sameFinding(finding, old)) || (await isStillObserved(ports, old))) continue;
    await ledger.putFinding({ ...old, status: old.status === 'ended' ? 'ended' : 'resolved', wouldHave: 'none' });
  }
  return { users: listing.users.length, findings: current.length, acted, held, failed };
};

/** What a leave or a move would have done is not in the listing: it stands while its owner still waits for a policy that enforces. */
async function isStillObserved({ ledger }: AccountSweepPorts, { kind, ownerId, credentialId }: Finding): Promise<boolean> {
  if ((kind !== 'leaver' && kind !== 'mover') || !ownerId || !credentialId) return false;
  const owner = (await ledger.owner(ownerId))?.state;
  const credential = (await ledger.credential(credentialId))?.state;
  const removal = kind === 'leaver' ? owner?.offboarding : owner?.review;
  const living = credential?.status === 'active' || credential?.status === 'suspended' || credential?.status === 'provisioning';
  return removal?.admission.is === 'observed' && living && credential.holder.id === ownerId;
}

async function orphansIn({ ledger, policy, path, idOf }: AccountSweepPorts, listing: AccountListing): Promise<readonly Orphan[]> {
  // Read after the listing: a user whose record came first can't be missed here.
  const listed = listing.users.flatMap(({ name, path: of }) => (of === path ? (idOf(name) ?? []) : []));
  // Tokens too: no listing has them, and their owners come and go as well.
  const working = await Promise.all(CONNECTOR_KINDS.map((kind) => ledger.unrested(kind)));
  const { known, unreadable } = await ledger.credentialsOf([...new Set([...listed, ...working.flat()])]);
  const owners = new Map<Owner['id'], Owner | 'unreadable' | undefined>();
  for (const ownerId of new Set(known.map(({ state }) => state.holder.id))) owners.set(ownerId, await ownerOf(ledger, ownerId));
  // What can't be read is no proof of anything: whoever it is about is left alone, and the alarm on unreadable records tells.
  const users = listing.users.filter(({ name, path: of }) => of !== path || !unreadable.some((id) => id === idOf(name)));
  const sure = known.filter(({ state }) => owners.get(state.holder.id) !== 'unreadable');
  const unsure = new Set(known.filter((record) => !sure.includes(record)).map(({ state }) => state.grant.accountName));
  const readable = new Map([...owners].flatMap(([id, owner]) => (owner && owner !== 'unreadable' ? [[id, owner] as const] : [])));
  return findOrphans({ ...listing, users: users.filter(({ name }) => !unsure.has(name)) }, sure, readable, policy, path);
}

const ownerOf = async (ledger: AccountSweepPorts['ledger'], id: Owner['id']): Promise<Owner | 'unreadable' | undefined> =>
  ledger.owner(id).then(
    (owner) => owner?.state,
    (error: unknown) => {
      if (isUnreadable(error)) return 'unreadable';
      throw error;
    },
  );

/** The live subject is looked at again before anything is done to it. `false`: nothing was done. */
async function carryOut(ports: AccountSweepPorts, finding: Finding, act: Exclude<Act, 'none'>): Promise<boolean> {
  const { kind, subject, credentialId } = finding;
  if (kind === 'stray-user') {
    const id = ports.idOf(subject);
    const record = id && (await ports.ledger.credential(id));
    if (record && record.state.status !== 'revoked') return false; // known by now
    return act === 'quarantine' ? ports.account.quarantine(subject) : ports.account.remove(subject);
  }
  if (!credentialId) return false;
  const wanted = kind === 'unknown-key' ? ({ type: 'look' } as const) : ({ type: 'revoke', cause: 'orphaned' } as const);
  return (await commandAndWake(ports, credentialId, wanted, contextOf(ports, credentialId, finding))).ok;
}

const contextOf = ({ policyDigest }: AccountSweepPorts, id: Credential['id'], { kind, detail }: Finding): Context => ({
  actor: { kind: 'system', id: 'sweep-account' },
  cause: `${kind}: ${detail}`,
  correlationId: id,
  policyDigest,
});
