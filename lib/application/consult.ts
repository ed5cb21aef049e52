import { type AuthorizationRejection, authorize, type Caller } from '../domain/authorize.ts';
import { CONNECTOR_KINDS } from '../domain/credential/capabilities.ts';
import type { Credential } from '../domain/credential/state.ts';
import { type DenyEntry, killListId } from '../domain/deny-list.ts';
import { Fault } from '../domain/faults.ts';
import type { Finding } from '../domain/orphans.ts';
import type { Owner } from '../domain/owner/state.ts';
import type { CredentialId, OwnerId } from '../domain/types.ts';
import type { Envelope, Ledger } from './ports.ts';
import { unlessUnreadable } from './record.ts';
import { resolveOwner } from './request-credential.ts';
import { ownersBehind } from './who.ts';

export type Denied = {
  readonly ok: false;
  readonly why: AuthorizationRejection | 'not-found';
  readonly field: string;
  readonly value: string;
};

/** One credential with its whole timeline, for its owner, who may act for them, or an auditor. To everybody else it isn't there. */
export const showCredential =
  (ledger: Ledger) =>
  async (caller: Caller | undefined, arn: string, id: CredentialId): Promise<ShownCredential | Denied> => {
    if (!caller) return { ok: false, why: 'unmapped-caller', field: 'caller', value: arn };
    const credential = (await ledger.credential(id))?.state;
    if (!credential || !(await maySeeCredential(ledger, caller, credential)))
      return { ok: false, why: 'not-found', field: 'id', value: id };
    const events = await ledger.events(id);
    return { ok: true, credential, events, names: await namesOf(ledger, ownersIn(credential, events)) };
  };

interface ShownCredential {
  readonly ok: true;
  readonly credential: Credential;
  readonly events: readonly Envelope[];
  /** What its sources call every owner that is spoken of. */
  readonly names: ReadonlyMap<OwnerId, string>;
}

const ownersIn = (credential: Credential, events: readonly Envelope[]): readonly OwnerId[] => {
  const { holder, succession } = credential;
  const heir = credential.status === 'active' ? credential.replacement?.heir : undefined;
  const told = events.flatMap(({ data }) => [
    ...('to' in data ? [data.to.id] : []),
    ...('heir' in data && data.heir ? [data.heir.to.id] : []),
    ...('by' in data ? [data.by] : []),
  ]);
  return [holder.id, ...(succession ? [succession.from.id, ...succession.refused] : []), ...(heir?.refused ?? []), ...told];
};

/** `<source>:<external id>` of each owner that is known. */
export async function namesOf(ledger: Ledger, ids: readonly OwnerId[]): Promise<ReadonlyMap<OwnerId, string>> {
  const found = await Promise.all([...new Set(ids)].map(async (id) => (await ledger.owner(id))?.state));
  return new Map(found.flatMap((owner) => (owner ? [[owner.id, `${owner.source}:${owner.subject}`] as const] : [])));
}

const OWNER_PAGE = 100;

/** One owner with what they hold, the first hundred. */
export const showOwner =
  ({ ledger, account }: { readonly ledger: Ledger; readonly account: string }) =>
  async (
    caller: Caller | undefined,
    arn: string,
    ref: string,
  ): Promise<
    | {
        readonly ok: true;
        readonly owner: Owner;
        readonly credentials: readonly Credential[];
        readonly more: boolean;
        /** Of a killed owner who is on the list that the provider denies by. */
        readonly killEntry: DenyEntry | undefined;
      }
    | Denied
  > => {
    if (!caller) return { ok: false, why: 'unmapped-caller', field: 'caller', value: arn };
    const id = await resolveOwner(ledger, ref);
    const owner = id && (await ledger.owner(id));
    if (!owner || !(await maySee(ledger, caller, owner.state.id))) return { ok: false, why: 'not-found', field: 'owner', value: ref };
    const { page, nextCursor } = await ledger.heldBy(owner.state.id, undefined, OWNER_PAGE);
    const credentials = page.filter(({ holder }) => holder.id === id); // others passed on
    const { key, killed } = owner.state;
    const list = killed && (await ledger.denyList(killListId(account)));
    const killEntry = list?.state.entries.find((entry) => entry.key === key);
    return { ok: true, owner: owner.state, credentials, more: nextCursor !== undefined, killEntry };
  };

/** A live credential with what of its owner decides whether they may have it. */
export interface Listed {
  readonly credential: Credential;
  readonly owner: Pick<Owner, 'status' | 'source' | 'subject' | 'attributes'> | undefined;
}

interface ListedPage {
  readonly ok: true;
  readonly page: readonly Listed[];
  /** Credentials whose record does not parse. */
  readonly unreadable: readonly CredentialId[];
  readonly nextCursor: string | undefined;
}

const LIST_PAGE = 100;

/** One page of the live credentials, with their owners; for auditors. */
export const listCredentials =
  (ledger: Ledger) =>
  async (caller: Caller | undefined, arn: string, cursor: string | undefined): Promise<ListedPage | Denied> => {
    const refused = authorize(caller, 'audit');
    if (refused) return { ok: false, why: refused, field: 'caller', value: arn };
    const { page, unreadable, nextCursor } = await livePage(ledger, cursor);
    const ids = [...new Set(page.map(({ holder }) => holder.id))];
    const ownerOf = async (id: Owner['id']) => (await ledger.owner(id).catch(unlessUnreadable))?.state;
    const owners = new Map(await Promise.all(ids.map(async (id) => [id, await ownerOf(id)] as const)));
    return { ok: true, page: page.map((credential) => ({ credential, owner: owners.get(credential.holder.id) })), unreadable, nextCursor };
  };

/** One kind after the other; `cursor` is `<kind>`, or `<kind>.<cursor of the ledger>`. */
async function livePage(ledger: Ledger, cursor: string | undefined) {
  const [name, within] = (cursor ?? CONNECTOR_KINDS[0]).split('.', 2);
  const kind = CONNECTOR_KINDS.find((one) => one === name);
  if (!kind) throw new Fault('misconfigured', false, 'no cursor of ours');
  const { nextCursor, ...found } = await ledger.live(kind, within, LIST_PAGE);
  return { ...found, nextCursor: nextCursor === undefined ? CONNECTOR_KINDS[CONNECTOR_KINDS.indexOf(kind) + 1] : `${kind}.${nextCursor}` };
}

/** What the sweep of the account found; for auditors. */
export const listFindings =
  (ledger: Ledger) =>
  async (caller: Caller | undefined, arn: string): Promise<{ readonly ok: true; readonly findings: readonly Finding[] } | Denied> => {
    const refused = authorize(caller, 'audit');
    if (refused) return { ok: false, why: refused, field: 'caller', value: arn };
    return { ok: true, findings: await ledger.findings() };
  };

/** To everybody else a credential isn't there. Who approves sees what waits for it. */
export async function maySeeCredential(ledger: Ledger, caller: Caller, credential: Credential): Promise<boolean> {
  const waits = credential.status === 'active' && credential.approval?.kind === 'pending';
  return (waits && !authorize(caller, 'approve')) || maySee(ledger, caller, credential.holder.id);
}

async function maySee(ledger: Ledger, caller: Caller, ownerId: Owner['id']): Promise<boolean> {
  if (!authorize(caller, 'audit') || !authorize(caller, 'operate')) return true;
  return (await ownersBehind(ledger, caller)).includes(ownerId);
}
