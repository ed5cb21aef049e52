import type { CredentialId, DenyListId, FeedId, OwnerId, PolicyId } from '../domain/types.ts';

/** Key of one item. */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

export type RecordId = CredentialId | OwnerId | PolicyId | FeedId | DenyListId;

/** The only index: sparse, keys only, partitioned by queue and shard, sorted by due time. */
export const DUE_INDEX = 'due';
/** Due records of one queue are spread over so many partitions: one takes 1,000 writes a second. */
export const DUE_SHARDS = 4;

const partitionOf = (id: RecordId): string => {
  const [, kind] = KINDS.find(([prefix]) => id.startsWith(prefix)) ?? [];
  return `${kind ?? 'CRED'}#${id}`;
};
const KINDS = [
  ['own_', 'OWNER'],
  ['policy', 'POLICY'],
  ['feed_', 'FEED'],
  ['deny_', 'DENY'],
] as const;
const padded = (version: number): string => version.toString().padStart(8, '0');

/** What the partitions of API tokens begin with; rights are bound to it. */
export const TOKEN_PARTITIONS = { token: 'TOKEN#', keyUses: 'TOKENKEY#' } as const;

/** What of a token's and its owner's record a check reads, and may read: an owner's holds a person's name besides. */
export const CHECKED_ATTRIBUTES = {
  token: ['id', 'credentialId', 'ownerId', 'ownerEpoch', 'environment', 'terms', 'denied', 'removed', 'versions'],
  owner: ['status', 'epoch', 'killed', 'forCause'],
} as const;

/** The forms of all keys. */
export const KEYS = {
  state: (id: RecordId): Key => ({ pk: partitionOf(id), sk: 'STATE' }),
  event: (id: RecordId, version: number): Key => ({ pk: partitionOf(id), sk: `EVENT#${padded(version)}` }),
  eventPrefix: 'EVENT#',
  ownership: (ownerId: OwnerId, credentialId: CredentialId): Key => ({ pk: partitionOf(ownerId), sk: `CRED#${credentialId}` }),
  ownershipPrefix: 'CRED#',
  subject: (account: string, subject: string): Key => ({ pk: `ACCOUNT#${account}`, sk: `SUBJECT#${subject}` }),
  request: (caller: string, key: string): Key => ({ pk: `REQUEST#${caller}`, sk: `KEY#${key}` }),
  alias: (source: string, externalId: string): Key => ({ pk: `ALIAS#${source}#${externalId}`, sk: 'ALIAS' }),
  /** What an API token is told by; `id` as it stands in the token. */
  token: (id: string): Key => ({ pk: `${TOKEN_PARTITIONS.token}${id}`, sk: 'STATE' }),
  /** How many live tokens a key is needed for. */
  keyUses: (keyId: string): Key => ({ pk: `${TOKEN_PARTITIONS.keyUses}${keyId}`, sk: 'USES' }),
  guardCount: (window: string, bucket: number): Key => ({ pk: 'GUARD', sk: `COUNT#${window}#${bucket}` }),
  openBatch: (): Key => ({ pk: 'GUARD', sk: 'OPEN' }),
  batchMember: (batch: number, ownerId: OwnerId, heldAtMs: number): Key => ({ pk: `BATCH#${batch}`, sk: `MEMBER#${ownerId}#${heldAtMs}` }),
  batchMemberPrefix: 'MEMBER#',
  batchRelease: (batch: number): Key => ({ pk: `BATCH#${batch}`, sk: 'RELEASE' }),
  finding: (kind: string, subject: string): Key => ({ pk: 'FINDING', sk: `${kind}#${subject}` }),
  /** By the month in which the fact came in, UTC, so that a report reads what it is about. */
  convergence: (receivedAtMs: number, ownerId: OwnerId, epoch: number): Key => ({
    pk: `CONVERGENCE#${new Date(receivedAtMs).toISOString().slice(0, 7)}`,
    sk: `${ownerId}#${padded(epoch)}`,
  }),
} as const;

/** `DUE#<queue>#<shard>` */
export const duePartition = (queue: string, shard: number): string => `DUE#${queue}#${shard}`;

/** Ids end in chance, so their last characters spread them evenly. */
export const dueShardOf = (id: RecordId): number => (id.charCodeAt(id.length - 1) + id.charCodeAt(id.length - 2)) % DUE_SHARDS;
