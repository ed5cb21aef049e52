import type { CredentialEvent } from '../domain/credential/events.ts';
import type { Credential, Grant, Holder } from '../domain/credential/state.ts';
import type { DenyList } from '../domain/deny-list.ts';
import type { Secret } from '../domain/faults.ts';
import type { Feed, FeedEvent } from '../domain/feed/record.ts';
import type { Count } from '../domain/guard.ts';
import type { Finding, Known } from '../domain/orphans.ts';
import type { Convergence, LeaveCause, Owner, OwnerEvent, Removal, ReviewCause } from '../domain/owner/state.ts';
import type { PolicyEvent, PolicyInForce } from '../domain/policy-in-force.ts';
import type { AttemptId, CredentialId, DenyListId, EpochMs, FeedId, KeyId, OwnerId, PolicyId } from '../domain/types.ts';

export interface Clock {
  now(): EpochMs;
}

/** The only source of chance. */
export interface Ids {
  ulid(): string;
  /** For attempts: Secrets Manager takes 32 to 64 characters. */
  uuid(): string;
}

// ---------------------------------------------------------------- ledger

/** An event as it is kept, published and archived; `hash` is SHA-256 over the RFC 8785 form of the rest, and so holds `prevHash`. */
export interface Envelope<E = CredentialEvent | OwnerEvent | PolicyEvent | FeedEvent> {
  readonly specversion: '1';
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly version: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly actor: { readonly kind: 'person' | 'service' | 'source' | 'system'; readonly id: string };
  readonly cause: string;
  readonly correlationId: string;
  readonly policyDigest: string;
  /** Of a credential: its kind. Absent in events of before there was more than one that somebody filters by. */
  readonly connector?: Grant['connector'];
  readonly data: E;
  readonly prevHash: string;
  readonly hash: string;
}

/** A record as it was read: whoever writes it back names `version`, and loses if somebody else was first. */
export interface Loaded<S> {
  readonly state: S;
  readonly version: number;
  readonly headHash: string;
}

/** Unique items written in the same transaction as the events that make them true; a second of the same name is `Fault('already-exists')`. */
export type Companion =
  /** That an owner holds, or once held, a credential: what they are looked through by. Who holds it now, its record says. */
  | { readonly item: 'ownership'; readonly ownerId: OwnerId; readonly credentialId: CredentialId }
  | { readonly item: 'subject'; readonly account: string; readonly subject: string; readonly credentialId: CredentialId }
  | { readonly item: 'request'; readonly caller: string; readonly key: string; readonly credentialId: CredentialId }
  | { readonly item: 'alias'; readonly source: string; readonly externalId: string; readonly ownerId: OwnerId }
  /** An alias that may change hands: from nobody, or from the owner it was seen with. */
  | { readonly item: 'email'; readonly email: string; readonly ownerId: OwnerId; readonly seen: OwnerId | undefined }
  | { readonly item: 'convergence'; readonly ownerId: OwnerId; readonly convergence: Convergence }
  /** Adds to a counter of the guard; one that would be more than full is `Fault('guard-tripped')`, and nothing is written. */
  | { readonly item: 'count'; readonly count: Count }
  /** Joins the batch; `Fault('guard-tripped')` when that is not the open one any more. */
  | { readonly item: 'held'; readonly member: HeldMember }
  /** A deny list after `before`, its version (0: none yet); `Fault('ledger-conflict')` when another writer was first. */
  | { readonly item: 'deny-list'; readonly before: number; readonly state: DenyList; readonly dueAtMs: EpochMs | undefined };

/** An owner whose removal is held. */
export interface HeldMember {
  readonly batch: number;
  readonly ownerId: OwnerId;
  readonly of: Removal;
  /** What made it: a leave or a move that the source told of, or the policy. */
  readonly cause: LeaveCause | ReviewCause;
  readonly source: string;
  readonly credentials: number;
  readonly heldAtMs: EpochMs;
}

/** Who let a batch go, exactly as it then was. */
export interface Release {
  readonly batch: number;
  readonly seal: string;
  readonly by: OwnerId;
  readonly reason: string;
  readonly atMs: EpochMs;
}

export interface Append<S, E> {
  /** The record the events were decided on; `undefined` for a new one. */
  readonly before: Loaded<S> | undefined;
  readonly state: S;
  readonly envelopes: readonly Envelope<E>[];
  /** `undefined` exactly when the record is at rest. */
  readonly dueAtMs: EpochMs | undefined;
  readonly companions: readonly Companion[];
}
export type CredentialAppend = Append<Credential, CredentialEvent> & {
  /** What the owner's record has to say in the same transaction. */
  readonly requires?: OwnerCondition;
};
/** Active in that life and not killed, else `Fault('owner-not-active')`; or under that very kill, else `Fault('kill-over')`. */
export type OwnerCondition = Holder | UnderKill;
interface UnderKill {
  readonly id: OwnerId;
  readonly killedAtMs: EpochMs;
}
export type OwnerAppend = Append<Owner, OwnerEvent>;
export type PolicyAppend = Append<PolicyInForce, PolicyEvent>;
export type FeedAppend = Append<Feed, FeedEvent>;
export type RecordAppend = CredentialAppend | OwnerAppend | PolicyAppend | FeedAppend;

/** Which worker does the steps of a record. */
export type WorkQueue = Grant['connector'] | 'owner' | 'deny-list' | 'feed';
export interface WorkItem {
  readonly queue: WorkQueue;
  readonly id: CredentialId | OwnerId | PolicyId | DenyListId | FeedId;
  /** A deny is what it waits for: it goes before what waits for anything else. */
  readonly denies?: true;
}
export interface DueItem extends WorkItem {
  readonly dueAtMs: EpochMs;
}

/** Part of a list. A record that can't be read is named, and the rest of its page is there all the same. */
interface Page {
  readonly page: readonly Credential[];
  readonly unreadable: readonly CredentialId[];
  readonly nextCursor: string | undefined;
}

/**
 * State and the events that made it, in one transaction. All reads are consistent, but `due`.
 * A record that does not parse is `Fault('ledger-unreadable')` where one is asked for.
 */
export interface Ledger {
  credential(id: CredentialId): Promise<Loaded<Credential> | undefined>;
  owner(id: OwnerId): Promise<Loaded<Owner> | undefined>;
  policy(): Promise<Loaded<PolicyInForce> | undefined>;
  feed(id: FeedId): Promise<Loaded<Feed> | undefined>;
  ownerByAlias(source: string, externalId: string): Promise<OwnerId | undefined>;
  credentialByRequest(caller: string, key: string): Promise<CredentialId | undefined>;
  /** One page, at most `limit`, of what an owner holds, by the ownership items (not an index: an index may lag). */
  heldBy(ownerId: OwnerId, cursor: string | undefined, limit: number): Promise<Page>;
  /** Those of them that are there, with the time of their last change; and those that are there and can't be read. */
  credentialsOf(ids: readonly CredentialId[]): Promise<{ readonly known: readonly Known[]; readonly unreadable: readonly CredentialId[] }>;
  /** Every credential with something to do, now or later, hence every live one. From the index: it may lag. */
  unrested(queue: Grant['connector']): Promise<readonly CredentialId[]>;
  /**
   * One page, at most `limit`, of the live credentials, for a list. From the index: what becomes due at another time while it is read may
   * come twice or not at all. Throws `Fault('misconfigured')` on a cursor that is none.
   */
  live(queue: Grant['connector'], cursor: string | undefined, limit: number): Promise<Page>;
  denyList(id: DenyListId): Promise<{ readonly state: DenyList; readonly version: number } | undefined>;
  /** Throws `Fault('ledger-conflict')` when the list is not at that version any more. A write of ours that went through unnoticed is success. */
  putDenyList(before: number, state: DenyList, dueAtMs: EpochMs | undefined): Promise<void>;
  findings(): Promise<readonly Finding[]>;
  putFinding(finding: Finding): Promise<void>;
  /** Number of the batch that what is held now joins. */
  openBatch(): Promise<number>;
  heldIn(batch: number): Promise<readonly HeldMember[]>;
  release(batch: number): Promise<Release | undefined>;
  /** Closes the open batch and opens the next. `false`: it has other than `size` members by now, or is not open any more. */
  closeBatch(release: Release, size: number): Promise<boolean>;
  events(id: CredentialId | OwnerId | PolicyId | FeedId): Promise<readonly Envelope[]>;
  /** Throws `Fault('ledger-conflict')` when another writer got to the version first. A write of ours that went through unnoticed is success. */
  appendCredential(append: CredentialAppend): Promise<void>;
  appendOwner(append: OwnerAppend): Promise<void>;
  appendPolicy(append: PolicyAppend): Promise<void>;
  appendFeed(append: FeedAppend): Promise<void>;
  /** The records due by `nowMs`, oldest first, at most `limit` a queue. From the index: it may lag, so whoever acts reads the record first. */
  due(queue: WorkQueue, nowMs: EpochMs, limit: number): Promise<readonly DueItem[]>;
  /** Moves the due time of a record on, if it is still as seen, so that the next sweep doesn't queue it again. */
  postpone(item: DueItem, untilMs: EpochMs): Promise<void>;
  /** The same for a record that can't be read, whatever its due time is; one at rest stays at rest. */
  setAside(id: CredentialId | OwnerId | PolicyId, untilMs: EpochMs): Promise<void>;
}

// ---------------------------------------------------------------- provider and secrets

/**
 * What speaks to one kind of provider: an account a credential, its versions the keys or tokens. What kinds do differently they declare
 * (`capabilitiesOf`), and the plan goes by that; `test/contract/connector-conformance.ts` holds each of them to both.
 * Throws `Fault('provider-…')`; only `provider-unknown` may have had an effect.
 */
export interface Connector {
  // ---- the account
  /** Idempotent; `Fault('foreign-account')` when the name is taken by something that is not ours. */
  ensureAccount(credential: Credential): Promise<void>;
  accountExists(credential: Credential): Promise<boolean>;
  /** Refuses everything to the account, whatever versions it has. Idempotent; succeeds when the account does not exist. */
  deny(credential: Credential): Promise<void>;
  /** Takes the deny off. Idempotent, but NOT repeatable by itself: a second one could come after a new deny. */
  lift(credential: Credential): Promise<void>;
  /** Writes anew whose it is. */
  tagOwner(credential: Credential, holder: Holder): Promise<void>;
  /**
   * Removes what hangs on the account, then the account. `false`: something came in between, deny and disable again. Refused half-way, its
   * fault says how much is `done`, and with that in the record (`blocked`) it goes on from there.
   */
  removeAccount(credential: Credential): Promise<boolean>;

  // ---- its versions
  /** Without `idempotentCreate` NOT repeatable: after a lost answer there may be a version that nobody knows. Never retried below this line. */
  createVersion(credential: Credential, attempt: AttemptId): Promise<{ readonly keyId: KeyId; readonly body: Secret }>;
  /** Every version, disabled ones and all pages; may miss one that is seconds old. */
  listVersions(credential: Credential): Promise<readonly KeyId[]>;
  /** Which version a stored value belongs to. */
  keyIdOf(body: Secret): KeyId;
  /** Uses it. `false`: the provider does not know it (yet). */
  verify(body: Secret): Promise<boolean>;
  /** When the provider last noted a use, our own verification included; `undefined`: never, it is gone, or there is no `usageEvidence`. */
  lastUsed(credential: Credential, keyId: KeyId): Promise<EpochMs | undefined>;
  /** Succeeds when the version, or the account, is gone. */
  disableVersion(credential: Credential, keyId: KeyId): Promise<void>;
  /** Gives a disabled one its access back; `false`: it is gone. NOT repeatable by itself either. */
  enableVersion(credential: Credential, keyId: KeyId): Promise<boolean>;
  /** Succeeds when the version, or the account, is gone. */
  deleteVersion(credential: Credential, keyId: KeyId): Promise<void>;
}

/** Where the values are. One secret a credential, one of its versions an attempt. */
export interface SecretStore {
  /** Idempotent; without a value, and readable by nobody but us. */
  ensure(credential: Credential): Promise<void>;
  /** Idempotent by `attempt`; staged AWSPENDING. */
  put(credential: Credential, attempt: AttemptId, body: Secret): Promise<void>;
  read(credential: Credential, attempt: AttemptId): Promise<Secret | undefined>;
  /** Stages `attempt` AWSCURRENT, from whichever attempt of ours holds the label; from a foreign one: `Fault('provider-refused')`. */
  promote(credential: Credential, attempt: AttemptId): Promise<void>;
  /**
   * Takes AWSPENDING off an attempt of ours that was given up: the record has no version of it any more, or a doomed one. Left there it
   * would block whatever uses the store's own rotation. Never off AWSCURRENT's holder, nor off what is none of ours. Idempotent; one that
   * lands late finds the label gone, or on another, and does nothing.
   */
  unstage(credential: Credential): Promise<void>;
  /** Writes the owner tag anew. */
  tagOwner(credential: Credential, holder: Holder): Promise<void>;
  /** Lets the consumers read. */
  share(credential: Credential): Promise<void>;
  /** Lets nobody read but us. Idempotent. */
  close(credential: Credential): Promise<void>;
  /** Reads fail at once; recoverable for the store's window. Succeeds when there is none. */
  withdraw(credential: Credential): Promise<void>;
  /** Whether anybody could still read it. */
  readable(credential: Credential): Promise<boolean>;
}

// ---------------------------------------------------------------- around

/** Makes work faster; losing a message costs a minute, since the ledger knows what is due. */
export interface Wake {
  /** At most 15 min ahead; what is due later is the sweep's. */
  send(item: WorkItem, delayMs: number): Promise<void>;
  /** Messages waiting, about. */
  depth(queue: WorkQueue): Promise<number>;
}

/** Where input goes that can't be taken: with its reason, for a person. */
export interface RejectBin {
  put(rejected: { readonly reason: string; readonly field?: string; readonly body: string }): Promise<void>;
}
