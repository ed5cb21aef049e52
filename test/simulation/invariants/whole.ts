import { hash as digest } from 'node:crypto';
import { NO_HASH } from '../../../lib/application/envelope.ts';
import type { Envelope } from '../../../lib/application/ports.ts';
import { canonicalJson } from '../../../lib/domain/canonical-json.ts';
import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import { type Credential, keyIdsOf } from '../../../lib/domain/credential/state.ts';
import { mayHold } from '../../../lib/domain/entitlement.ts';
import type { Owner, OwnerEvent } from '../../../lib/domain/owner/state.ts';
import { evolvePolicy, type PolicyEvent, type PolicyInForce } from '../../../lib/domain/policy-in-force.ts';
import type { Said } from '../actions.ts';
import { PATH } from '../wiring.ts';
import { accountOf, type World } from '../world.ts';
import { isFollowedUp, type Knowledge } from './knowledge.ts';
import { checkSessionsAtRest } from './sessions.ts';
import { same } from './values.ts';
import { type Report, report } from './violation.ts';

/** How far each history was replayed: an event is read once, however often the whole is looked at. */
export interface Replayed {
  readonly credentials: Map<string, { readonly state: Credential; readonly version: number }>;
  readonly owners: Map<string, { readonly state: Owner; readonly version: number }>;
}
export const nothingReplayed = (): Replayed => ({ credentials: new Map(), owners: new Map() });

/** Replay equals state, and no secret value is anywhere but where secrets are. */
export function checkWhole({ ledger, messages, protocol }: World, replayed: Replayed, to: Report): void {
  const replay = <S, E>(
    records: ReadonlyMap<string, { readonly state: S; readonly version: number }>,
    known: Map<string, { readonly state: S; readonly version: number }>,
    step: (state: S | undefined, event: E) => S,
  ): void => {
    for (const [id, { state, version }] of records) {
      const before = known.get(id);
      if (before?.version === version) continue;
      const chain = ledger.history.get(id) ?? [];
      let now = before?.state;
      for (let index = before?.version ?? 0; index < chain.length; index += 1) now = step(now, chain[index]?.data as E);
      if (now === undefined || !same(now, state)) report(to, '11 replay equals state', id);
      checkChain(id, before?.version ?? 0, chain, to);
      known.set(id, { state, version });
    }
  };
  replay<Credential, CredentialEvent>(ledger.credentials, replayed.credentials, protocol.evolve);
  replay<Owner, OwnerEvent>(ledger.owners, replayed.owners, protocol.evolveOwner);
  if (SECRET.test(JSON.stringify(messages))) report(to, '3 no secret value in a queue', 'a message');
}

const SECRET = /secret-of-|nhi_e_|key-\d+-x/;

/** From version `from` on the chain verifies, and no secret value is in it. */
function checkChain(id: string, from: number, chain: readonly Envelope[], to: Report): void {
  for (let index = from; index < chain.length; index += 1) {
    const event = chain[index];
    if (!event) continue;
    const said = canonicalJson({ ...event, hash: undefined });
    const follows = event.version === index + 1 && event.prevHash === (chain[index - 1]?.hash ?? NO_HASH);
    if (!follows || digest('sha256', said, 'hex') !== event.hash) report(to, '11 the chain verifies', `${id} at ${index + 1}`);
    if (SECRET.test(said)) report(to, '3 no secret value in the ledger', id);
  }
}

/** What must hold when nothing is left to do. */
export async function checkEnd(here: World, said: Said, knows: Knowledge, to: Report): Promise<void> {
  const { ledger, provider } = here;
  for (const [id, { state, version }] of ledger.credentials) {
    const chain = ledger.history.get(id) ?? [];
    if (chain.length !== version) report(to, '11 the chain verifies', id);
    checkAtRest(here, state, to);
    checkKnown(here, state, knows, to);
  }
  for (const [name, { path, credential, denied }] of provider.users) {
    const state = credential && ledger.credentials.get(credential)?.state;
    const isKnown = state && state.status !== 'revoked';
    if (path === PATH && !isKnown && (credential || here.policy.mode === 'enforce')) report(to, '2 no user is unknown', name);
    if (path !== PATH && denied) report(to, 'what is outside our path is not touched', name);
  }
  for (const { credentialId, removed, versions } of here.tokens.records.values()) {
    const isKnown = ledger.credentials.get(credentialId)?.state.status !== 'revoked';
    if (removed ? versions.length > 0 : !isKnown) report(to, '15 a receipt means absence', `${credentialId} has a token`);
  }
  await checkTokenKeys(here, to);
  checkSessionsAtRest(here, knows, to);
  checkPolicy(here, to);
  for (const name of said.outside) if (!provider.users.has(name)) report(to, 'what is outside our path is not touched', name);
  for (const [id, { state, version }] of ledger.owners) {
    const chain = ledger.history.get(id) ?? [];
    if (chain.length !== version) report(to, '11 the chain verifies', id);
    if (state.review && state.review.admission.is !== 'observed') report(to, 'a move is closed by its review', id);
    const isMoot = state.offboarding?.admission.is === 'observed' && !holdsLive(here, state, knows); // observed, and then nothing left to take
    if (state.epoch > 0 && !state.converged && !isMoot && isFollowedUp(here, state)) report(to, 'a leave is closed by its receipt', id);
    checkFacts(state, said, to);
    await checkReleases(here, state, to);
  }
}

/** What was held was let go by somebody else, on the seal of exactly that batch. */
async function checkReleases({ ledger }: World, { id }: Owner, to: Report): Promise<void> {
  const batches = new Map<string, number>();
  for (const { data, cause } of (ledger.history.get(id) ?? []) as readonly Envelope<OwnerEvent>[]) {
    if (data.type === 'RemovalHeld') batches.set(data.of, data.batch);
    const [, by, seal] = (data.type === 'RemovalAdmitted' && /^released by (\S+) on the seal (\S+): /.exec(cause)) || [];
    if (data.type !== 'RemovalAdmitted' || !seal) continue;
    const release = await ledger.release(batches.get(data.of) ?? 0);
    if (!(release && release.seal === seal && release.by === by && by !== id))
      report(to, '14 what is held is released by somebody else, on its seal', id);
  }
}

const holdsLive = ({ ledger }: World, { id, epoch }: Owner, knows: Knowledge): boolean =>
  [...knows.heldBy(id)].some((one) => {
    const state = ledger.credentials.get(one)?.state;
    return state?.holder.id === id && state.holder.epoch < epoch && state.status !== 'revoked';
  });

/** Which policy is in force is on record, and whoever it concerns was looked up. */
function checkPolicy({ ledger, policy, policyOf }: World, to: Report): void {
  for (const { state } of ledger.policies.values()) {
    const replay = (ledger.history.get(state.id) ?? []).map(({ data }) => data as PolicyEvent);
    if (!same(replay.reduce<PolicyInForce | undefined>(evolvePolicy, undefined), state)) report(to, '11 replay equals state', state.id);
    if (state.status !== 'followed-up' || policyOf(state.digest) !== policy)
      report(to, '10 the policy in force is followed up', state.digest);
  }
}

/** A key that tokens are told by stays as long as one needs it, and no longer: as many need it as are counted. */
async function checkTokenKeys({ tokens }: World, to: Report): Promise<void> {
  const needed = [...tokens.records.values()].flatMap(({ versions }) => versions.map(({ macKey }) => macKey));
  for (const keyId of new Set([...needed, 'k1']))
    if ((await tokens.usesOf(keyId)) !== needed.filter((one) => one === keyId).length)
      report(to, '4 a token key is needed as counted', keyId);
}

function checkAtRest(here: World, state: Credential, to: Report): void {
  const { ledger, policy } = here;
  const { id, status, grant, holder } = state;
  const user = accountOf(here, state);
  if (status === 'provisioning' || status === 'revoking') report(to, '10 nothing gets stuck', `${id} is ${status}`);
  if (status !== 'revoked' && state.expiry && here.clock.now() >= state.expiry.atMs) report(to, '10 what is limited ends at its end', id);
  if (status !== 'active' && status !== 'suspended') return;
  const byHand = (attempt: string | undefined): boolean => attempt === undefined && (status === 'suspended' || policy.mode === 'observe'); // denied; a sweep looks when it is active
  const keyIds = [...(user?.keys ?? [])].flatMap(([keyId, { attempt }]) => (byHand(attempt) ? [] : [keyId])).sort();
  const known = [...keyIdsOf(state.versions)].sort();
  const asKnown = status === 'active' ? keyIds.join() === known.join() : keyIds.every((keyId) => known.includes(keyId)); // suspended, a lost answer waits
  if (!asKnown) report(to, '2 the provider has the keys the ledger has', `${id}: ${keyIds.join()}, not ${known.join()}`);
  if (status === 'active' && keyIds.length !== 1) report(to, '2 exactly one key at rest', `${id} has ${keyIds.length}`);
  if (state.taggedFor !== holder.id) report(to, '17 the owner tag is of the owner', id);
  const owner = ledger.owners.get(holder.id)?.state;
  if (status === 'active' && owner?.killed) report(to, '7, 8 nothing lives for who is killed', id);
  if (status !== 'active' || !owner || !isFollowedUp(here, owner)) return;
  if (!(owner.status === 'active' && owner.epoch === holder.epoch)) report(to, '7, 8 nothing lives for who is not there', id);
  const kept = policy.profiles[grant.profile]?.onMove === 'keep' || state.approval?.kind === 'granted';
  if (!kept && !mayHold(policy, owner, grant.profile, grant.environment).ok)
    report(to, 'a mover keeps nothing that exceeds the new role', id);
}

/** Whoever holds it now: nobody who is gone knows a key that works. */
export function checkKnown(here: World, credential: Credential, knows: Knowledge, to: Report): void {
  for (const { state: owner } of here.ledger.owners.values()) {
    if (owner.epoch === 0 || !isFollowedUp(here, owner)) continue;
    const keyId = knows.worksFor(owner, credential);
    if (keyId) report(to, '8 no version a leaver knew works', `${credential.id} ${keyId}, known to ${owner.id}`);
  }
}

/**
 * The facts of an owner say it all, in any order: the attributes of the last, the status of the last that speaks of it, the last leave.
 * A leave that was to be, and was taken back, may have come to be before that was heard.
 */
function checkFacts(owner: Owner, { all }: Said, to: Report): void {
  const own = all.filter(({ source, subject }) => source === owner.source && subject === owner.subject);
  const ofStatus = own.filter(({ type }) => type !== 'Moved').at(-1);
  const leaves = own.filter(({ type }) => type === 'Left');
  const certain = leaves.filter(
    ({ effectiveAtMs, occurredAtMs, sequence }) => effectiveAtMs <= occurredAtMs || sequence === ofStatus?.sequence,
  );
  const epochs = [certain.at(-1)?.sequence ?? 0, ...leaves.map(({ sequence }) => sequence)].filter(
    (one) => one >= (certain.at(-1)?.sequence ?? 0),
  );
  const status = ofStatus?.type === 'Left' ? 'left' : 'active';
  const roles = own.at(-1)?.attributes.roles.join();
  if (owner.status !== status || !epochs.includes(owner.epoch) || roles !== owner.attributes.roles.join())
    report(
      to,
      '9 the same facts end in the same state',
      `${owner.id} is ${owner.status}, epoch ${owner.epoch}; said is ${status}, ${epochs.join()}`,
    );
}
