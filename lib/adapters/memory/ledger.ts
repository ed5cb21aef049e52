import type {
  Companion,
  CredentialAppend,
  DueItem,
  Envelope,
  FeedAppend,
  HeldMember,
  Ledger,
  Loaded,
  OwnerAppend,
  OwnerCondition,
  PolicyAppend,
  RecordAppend,
  Release,
  WorkItem,
  WorkQueue,
} from '../../application/ports.ts';
import type { Credential } from '../../domain/credential/state.ts';
import type { DenyList } from '../../domain/deny-list.ts';
import { Fault } from '../../domain/faults.ts';
import type { Feed } from '../../domain/feed/record.ts';
import type { Count } from '../../domain/guard.ts';
import type { Finding } from '../../domain/orphans.ts';
import type { Owner } from '../../domain/owner/state.ts';
import { POLICY_ID, type PolicyInForce } from '../../domain/policy-in-force.ts';
import type { CredentialId, DenyListId, EpochMs, FeedId, OwnerId, PolicyId } from '../../domain/types.ts';

interface Kept<S> extends Loaded<S> {
  readonly queue: WorkQueue;
  /** When the sweep sees it; `postpone` moves it without a new version. */
  readonly dueAtMs: EpochMs | undefined;
}

/** What a simulation looks at: everything, without a copy. */
export interface MemoryLedger extends Ledger {
  readonly credentials: ReadonlyMap<CredentialId, Kept<Credential>>;
  readonly owners: ReadonlyMap<OwnerId, Kept<Owner>>;
  readonly denyLists: ReadonlyMap<DenyListId, KeptList>;
  readonly policies: ReadonlyMap<PolicyId, Kept<PolicyInForce>>;
  readonly history: ReadonlyMap<string, readonly Envelope[]>;
  /** Records that can't be read, for a test to damage and to mend. */
  readonly damaged: Set<string>;
  /** Calls `listener` with every append as it takes effect. */
  watch(listener: (append: RecordAppend) => void): void;
}

interface KeptList {
  readonly state: DenyList;
  readonly version: number;
  readonly dueAtMs: EpochMs | undefined;
}

/** The ledger in memory, with the semantics of the DynamoDB one. States are shared, not copied: everything in them is readonly. */
export function memoryLedger(): MemoryLedger {
  const credentials = new Map<CredentialId, Kept<Credential>>();
  const owners = new Map<OwnerId, Kept<Owner>>();
  const policies = new Map<PolicyId, Kept<PolicyInForce>>();
  const feeds = new Map<FeedId, Kept<Feed>>();
  const denyLists = new Map<DenyListId, KeptList>();
  const history = new Map<string, Envelope[]>();
  const unique = new Map<string, string>();
  const held = new Map<OwnerId, CredentialId[]>();
  const findings = new Map<string, Finding>();
  const damaged = new Set<string>();
  const listeners: ((append: RecordAppend) => void)[] = [];
  const guard: Guard = { counts: new Map(), members: [], releases: [], open: 1 };

  const putDenyList = (before: number, state: DenyList, dueAtMs: EpochMs | undefined): void => {
    if ((denyLists.get(state.id)?.version ?? 0) !== before) throw new Fault('ledger-conflict', true, state.id);
    denyLists.set(state.id, { state, version: before + 1, dueAtMs });
  };

  const isOurs = (id: string, last: Envelope): boolean => history.get(id)?.some((event) => event.id === last.id) ?? false;

  const write = <S extends Credential | Owner | PolicyInForce | Feed>(
    records: Map<S['id'], Kept<S>>,
    queue: WorkQueue,
    append: RecordAppend & { readonly state: S },
  ): void => {
    const { before, state, envelopes, dueAtMs, companions } = append;
    const last = envelopes.at(-1);
    if (!last) throw new Fault('misconfigured', false, 'an append without events');
    if ((records.get(state.id)?.version ?? 0) !== (before?.version ?? 0)) {
      if (isOurs(state.id, last)) return; // it went through unnoticed
      throw new Fault('ledger-conflict', true, state.id);
    }
    for (const companion of companions) claim(unique, guard, companion);
    for (const companion of companions)
      if (companion.item === 'deny-list') putDenyList(companion.before, companion.state, companion.dueAtMs);
    for (const companion of companions) keep(unique, held, guard, companion);
    const events = history.get(state.id);
    if (events) events.push(...envelopes);
    else history.set(state.id, [...envelopes]);
    records.set(state.id, { state, version: last.version, headHash: last.hash, queue, dueAtMs });
    for (const listener of listeners) listener(append);
  };

  const load = <S>(records: ReadonlyMap<string, Kept<S>>, id: string): Kept<S> | undefined => {
    if (damaged.has(id)) throw new Fault('ledger-unreadable', false, id);
    return records.get(id);
  };
  const pageOf = (ids: readonly CredentialId[]) => ({
    page: ids.flatMap((id) => (damaged.has(id) ? [] : (credentials.get(id)?.state ?? []))),
    unreadable: ids.filter((id) => damaged.has(id)),
  });
  type Due = Pick<KeptList, 'dueAtMs'> & { readonly queue?: WorkQueue; readonly state: Pick<WorkItem, 'id'> };
  const dueIn = (queue: WorkQueue): readonly ReadonlyMap<string, Due>[] => {
    if (queue === 'deny-list') return [denyLists];
    if (queue === 'feed') return [feeds];
    return queue === 'owner' ? [owners, policies] : [credentials];
  };
  const dueAgain = (queue: WorkQueue | undefined, id: string, move: (dueAtMs: EpochMs | undefined) => EpochMs | undefined): void => {
    const change = <R extends Pick<KeptList, 'dueAtMs'>>(records: Map<string, R>): void => {
      const record = records.get(id);
      if (record) records.set(id, { ...record, dueAtMs: move(record.dueAtMs) });
    };
    if (queue === 'deny-list') change(denyLists as Map<string, KeptList>);
    else if (queue === 'feed') change(feeds as Map<string, Kept<Feed>>);
    else if (queue !== 'owner') change(credentials as Map<string, Kept<Credential>>);
    if (queue === 'owner' || queue === undefined) {
      change(owners as Map<string, Kept<Owner>>);
      change(policies as Map<string, Kept<PolicyInForce>>);
    }
  };

  return {
    credentials,
    owners,
    denyLists,
    policies,
    history,
    damaged,
    watch: (listener) => void listeners.push(listener),
    credential: async (id) => load(credentials, id),
    owner: async (id) => load(owners, id),
    policy: async () => load(policies, POLICY_ID),
    feed: async (id) => load(feeds, id),
    ownerByAlias: async (source, externalId) => unique.get(`ALIAS#${source}#${externalId}`) as OwnerId | undefined,
    credentialByRequest: async (caller, key) => unique.get(`REQUEST#${caller}#${key}`) as CredentialId | undefined,
    heldBy: async (ownerId, cursor, limit) => {
      const ids = held.get(ownerId) ?? [];
      const from = cursor === undefined ? 0 : Number(cursor);
      return { ...pageOf(ids.slice(from, from + limit)), nextCursor: from + limit < ids.length ? `${from + limit}` : undefined };
    },
    credentialsOf: async (ids) => {
      const { page, unreadable } = pageOf(ids);
      const changedAtMs = (id: CredentialId) => Date.parse(history.get(id)?.at(-1)?.at ?? '') as EpochMs;
      return { known: page.map((state) => ({ state, changedAtMs: changedAtMs(state.id) })), unreadable };
    },
    unrested: async (queue) =>
      [...credentials].flatMap(([id, { queue: own, dueAtMs }]) => (own === queue && dueAtMs !== undefined ? [id] : [])),
    live: async (queue, cursor, limit) => {
      const all = [...credentials.values()].filter(({ queue: own, dueAtMs }) => own === queue && dueAtMs !== undefined);
      const from = cursor === undefined ? 0 : Number(cursor);
      if (!Number.isInteger(from)) throw new Fault('misconfigured', false, 'no cursor of ours');
      return {
        ...pageOf(all.slice(from, from + limit).map(({ state }) => state.id)),
        nextCursor: from + limit < all.length ? `${from + limit}` : undefined,
      };
    },
    denyList: async (id) => denyLists.get(id),
    putDenyList: async (before, state, dueAtMs) => putDenyList(before, state, dueAtMs),
    findings: async () => [...findings.values()],
    putFinding: async (finding) => void findings.set(`${finding.kind} ${finding.subject}`, finding),
    openBatch: async () => guard.open,
    heldIn: async (batch) => guard.members.filter((member) => member.batch === batch),
    release: async (batch) => guard.releases.find((release) => release.batch === batch),
    closeBatch: async (release, size) => {
      if (guard.open !== release.batch || guard.members.filter(({ batch }) => batch === release.batch).length !== size) return false;
      guard.releases.push(release);
      guard.open += 1;
      return true;
    },
    events: async (id) => [...(history.get(id) ?? [])],
    appendCredential: async (append: CredentialAppend) => {
      const { requires, state, envelopes } = append;
      const owner = requires && owners.get(requires.id)?.state;
      const [last] = envelopes.slice(-1);
      if (requires && !holds(requires, owner) && !(last && isOurs(state.id, last)))
        throw new Fault('killedAtMs' in requires ? 'kill-over' : 'owner-not-active', false, requires.id);
      write(credentials, state.grant.connector, append);
    },
    appendOwner: async (append: OwnerAppend) => write(owners, 'owner', append),
    appendPolicy: async (append: PolicyAppend) => write(policies, 'owner', append),
    appendFeed: async (append: FeedAppend) => write(feeds, 'feed', append),
    due: async (queue, nowMs, limit) => {
      const due: DueItem[] = [];
      for (const records of dueIn(queue))
        for (const { queue: own = queue, dueAtMs, state } of records.values())
          if (own === queue && dueAtMs !== undefined && dueAtMs <= nowMs) due.push({ queue, id: state.id, dueAtMs });
      return due.sort((a, b) => a.dueAtMs - b.dueAtMs).slice(0, limit);
    },
    postpone: async ({ queue, id, dueAtMs }, untilMs) => dueAgain(queue, id, (seen) => (seen === dueAtMs ? untilMs : seen)),
    setAside: async (id, untilMs) => dueAgain(undefined, id, (seen) => (seen === undefined ? undefined : untilMs)),
  };
}

const holds = (required: OwnerCondition, owner: Owner | undefined): boolean =>
  'killedAtMs' in required
    ? owner?.killed?.atMs === required.killedAtMs
    : owner?.status === 'active' && owner.epoch === required.epoch && !owner.killed;

const keyOf = (companion: Companion): string | undefined => {
  switch (companion.item) {
    case 'ownership':
    case 'convergence':
    case 'count':
    case 'held':
    case 'deny-list':
      return undefined;
    case 'subject':
      return `ACCOUNT#${companion.account}#${companion.subject}`;
    case 'request':
      return `REQUEST#${companion.caller}#${companion.key}`;
    case 'alias':
      return `ALIAS#${companion.source}#${companion.externalId}`;
    case 'email':
      return `ALIAS#email#${companion.email}`;
  }
};

interface Guard {
  readonly counts: Map<string, { owners: number; credentials: number }>;
  readonly members: HeldMember[];
  readonly releases: Release[];
  open: number;
}

const countAfter = (guard: Guard, { window, bucket, addOwners, addCredentials }: Count) => {
  const { owners, credentials } = guard.counts.get(`${window}#${bucket}`) ?? { owners: 0, credentials: 0 };
  return { owners: owners + addOwners, credentials: credentials + addCredentials };
};

function claim(unique: ReadonlyMap<string, string>, guard: Guard, companion: Companion): void {
  if (companion.item === 'count') {
    const { owners, credentials } = countAfter(guard, companion.count);
    if (owners > companion.count.maxOwners || credentials > companion.count.maxCredentials)
      throw new Fault('guard-tripped', false, companion.count.window);
  }
  if (companion.item === 'held' && companion.member.batch !== guard.open) throw new Fault('guard-tripped', true, 'another batch is open');
  const key = keyOf(companion);
  const holder = key === undefined ? undefined : unique.get(key);
  if (holder === undefined || (companion.item === 'email' && (holder === companion.seen || holder === companion.ownerId))) return;
  throw new Fault('already-exists', false, companion.item);
}

function keep(unique: Map<string, string>, held: Map<OwnerId, CredentialId[]>, guard: Guard, companion: Companion): void {
  if (companion.item === 'count')
    guard.counts.set(`${companion.count.window}#${companion.count.bucket}`, countAfter(guard, companion.count));
  if (companion.item === 'held') guard.members.push(companion.member);
  const key = keyOf(companion);
  if (key !== undefined)
    unique.set(key, 'credentialId' in companion ? companion.credentialId : 'ownerId' in companion ? companion.ownerId : '');
  if (companion.item !== 'ownership') return;
  const already = held.get(companion.ownerId) ?? [];
  if (!already.includes(companion.credentialId)) held.set(companion.ownerId, [...already, companion.credentialId]);
}
