import { setTimeout as sleep } from 'node:timers/promises';
import { TransactionCanceledException, TransactionInProgressException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Companion, DueItem, Envelope, Ledger, Loaded, OwnerCondition, RecordAppend, WorkQueue } from '../../application/ports.ts';
import { DUE_INDEX, DUE_SHARDS, duePartition, dueShardOf, KEYS, type Key, type RecordId } from '../../contract/table.ts';
import type { Credential } from '../../domain/credential/state.ts';
import { Fault } from '../../domain/faults.ts';
import type { Feed } from '../../domain/feed/record.ts';
import type { Finding, Known } from '../../domain/orphans.ts';
import type { Owner } from '../../domain/owner/state.ts';
import { POLICY_ID, type PolicyInForce } from '../../domain/policy-in-force.ts';
import type { CredentialId, EpochMs, OwnerId } from '../../domain/types.ts';
import { dynamodbBatches } from './dynamodb-batches.ts';
import { readCursor, writeCursor } from './dynamodb-cursor.ts';
import { dynamodbDenyLists } from './dynamodb-deny-lists.ts';
import {
  ABSENT,
  besideOf,
  type Condition,
  companionPut,
  denyListPut,
  guardWrites,
  idIn,
  ownerCheck,
  type Place,
  type Put,
  recordIn,
  type Update,
} from './dynamodb-items.ts';

export interface DynamodbLedgerConfig {
  readonly client: DynamoDBDocumentClient;
  readonly table: string;
  /** Told of every record that does not parse, each time it is met: a person has to mend it. */
  readonly onUnreadable?: (id: string) => void;
}

type Item = Readonly<Record<string, unknown>>;
type Write =
  | { readonly place: 'owner'; readonly requires: OwnerCondition }
  | { readonly place: Exclude<Place, 'owner'>; readonly put: Put }
  | { readonly place: 'guard'; readonly update: Update };

/** BatchGetItem takes a hundred keys. */
const KEYS_A_CALL = 100;
/** Two transactions on one item at the same moment: DynamoDB refuses one of them, and its SDK does not repeat it. */
const MAX_COLLISIONS = 6;

/** The ledger in one DynamoDB table. */
export function dynamodbLedger({ client, table: TableName, onUnreadable = () => undefined }: DynamodbLedgerConfig): Ledger {
  const get = async (Key: Key): Promise<Item | undefined> =>
    (await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item;

  const query = async (input: Omit<QueryCommandInput, 'TableName'>) => client.send(new QueryCommand({ TableName, ...input }));

  const queryAll = async (input: Omit<QueryCommandInput, 'TableName'>): Promise<readonly Item[]> => {
    const items: Item[] = [];
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const page = await query({ ...input, ...(ExclusiveStartKey && { ExclusiveStartKey }) });
      items.push(...(page.Items ?? []));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return items;
  };

  const load = async <S>(id: RecordId): Promise<Loaded<S> | undefined> => {
    const item = await get(KEYS.state(id));
    if (!item) return undefined;
    const record = recordIn<S>(item, id);
    if (record) return record;
    onUnreadable(id);
    throw new Fault('ledger-unreadable', false, id);
  };

  const credentialsOf: Ledger['credentialsOf'] = async (ids) => {
    const found = new Map<string, Known>();
    const unreadable: CredentialId[] = [];
    for (let from = 0; from < ids.length; from += KEYS_A_CALL) {
      let keys: Record<string, unknown>[] = ids.slice(from, from + KEYS_A_CALL).map((id) => ({ ...KEYS.state(id) }));
      while (keys.length > 0) {
        const answer = await client.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys: keys, ConsistentRead: true } } }));
        for (const item of answer.Responses?.[TableName] ?? []) {
          const id = String(item['pk']).slice('CRED#'.length) as CredentialId;
          const record = recordIn<Credential>(item, id);
          if (record) found.set(id, { state: record.state, changedAtMs: (Number(item['changedAt']) || 0) as EpochMs });
          else unreadable.push(id);
        }
        keys = answer.UnprocessedKeys?.[TableName]?.Keys ?? [];
      }
    }
    for (const id of unreadable) onUnreadable(id);
    return { known: ids.flatMap((id) => found.get(id) ?? []), unreadable };
  };

  const pageOf = async (ids: readonly CredentialId[]) => {
    const { known, unreadable } = await credentialsOf(ids);
    return { page: known.map(({ state }) => state), unreadable };
  };

  const isOurs = async ({ state, envelopes }: RecordAppend): Promise<boolean> => {
    const last = envelopes.at(-1);
    const written = last && (await get(KEYS.event(state.id, last.version)));
    return written?.['id'] === last?.id;
  };

  const write = async (append: RecordAppend, writes: readonly Write[]): Promise<void> => {
    const TransactItems = writes.map((one) => {
      if (one.place === 'owner') return { ConditionCheck: { TableName, ...ownerCheck(one.requires) } };
      return 'put' in one ? { Put: { TableName, ...one.put } } : { Update: { TableName, ...one.update } };
    });
    for (let collisions = 1; ; collisions += 1) {
      try {
        await client.send(new TransactWriteCommand({ TransactItems }));
        return;
      } catch (error) {
        const failed = failedPlaces(error, writes);
        if (!failed) throw error;
        if (failed.length === 0 && collisions < MAX_COLLISIONS) {
          await sleep(Math.random() * 20 * 2 ** collisions);
          continue;
        }
        if (await isOurs(append)) return;
        if (failed.includes('owner')) throw new Fault(isUnderKill(append) ? 'kill-over' : 'owner-not-active', false, append.state.id);
        if (failed.includes('record')) throw new Fault('ledger-conflict', true, append.state.id);
        if (failed.includes('guard')) throw new Fault('guard-tripped', false, append.state.id);
        if (failed.includes('companion')) throw new Fault('already-exists', false, append.state.id);
        throw new Fault('ledger-conflict', true, append.state.id);
      }
    }
  };

  const due = async (queue: WorkQueue, nowMs: number, limit: number, shard: number): Promise<readonly DueItem[]> => {
    const { Items = [] } = await query({
      IndexName: DUE_INDEX,
      KeyConditionExpression: 'duePk = :due AND dueAt <= :now',
      ExpressionAttributeValues: { ':due': duePartition(queue, shard), ':now': nowMs },
      Limit: limit,
    });
    return Items.map(({ pk, dueAt }) => ({ queue, id: String(pk).slice(String(pk).indexOf('#') + 1), dueAtMs: dueAt }) as DueItem);
  };

  const makeDue = async (id: RecordId, untilMs: EpochMs, only: Condition): Promise<void> => {
    const ExpressionAttributeValues = { ...only.ExpressionAttributeValues, ':until': untilMs };
    const update = { TableName, Key: KEYS.state(id), UpdateExpression: 'SET dueAt = :until', ...only, ExpressionAttributeValues };
    await client.send(new UpdateCommand(update)).catch((error: unknown) => {
      if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
    });
  };

  return {
    credential: (id) => load<Credential>(id),
    owner: (id) => load<Owner>(id),
    policy: () => load<PolicyInForce>(POLICY_ID),
    feed: (id) => load<Feed>(id),
    ownerByAlias: async (source, externalId) => idIn<OwnerId>(await get(KEYS.alias(source, externalId))),
    credentialByRequest: async (caller, key) => idIn<CredentialId>(await get(KEYS.request(caller, key))),
    heldBy: async (ownerId, cursor, limit) => {
      const { Items = [], LastEvaluatedKey } = await query({
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :held)',
        ExpressionAttributeValues: { ':pk': KEYS.state(ownerId).pk, ':held': KEYS.ownershipPrefix },
        ConsistentRead: true,
        Limit: limit,
        ...(cursor !== undefined && { ExclusiveStartKey: KEYS.ownership(ownerId, cursor as CredentialId) }),
      });
      const ids = Items.map(({ sk }) => String(sk).slice(KEYS.ownershipPrefix.length) as CredentialId);
      return { ...(await pageOf(ids)), nextCursor: LastEvaluatedKey && ids.at(-1) };
    },
    events: async (id) => {
      const items = await queryAll({
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :event)',
        ExpressionAttributeValues: { ':pk': KEYS.state(id).pk, ':event': KEYS.eventPrefix },
        ConsistentRead: true,
      });
      return items.map(({ envelope }) => envelope as Envelope);
    },
    credentialsOf,
    unrested: async (queue) => {
      const shards = await Promise.all(
        Array.from({ length: DUE_SHARDS }, (_, shard) =>
          queryAll({
            IndexName: DUE_INDEX,
            KeyConditionExpression: 'duePk = :due',
            ExpressionAttributeValues: { ':due': duePartition(queue, shard) },
          }),
        ),
      );
      return shards.flat().map(({ pk }) => String(pk).slice('CRED#'.length) as CredentialId);
    },
    live: async (queue, cursor, limit) => {
      const { shard, after } = cursor === undefined ? { shard: 0, after: undefined } : readCursor(cursor, queue);
      const { Items = [], LastEvaluatedKey } = await query({
        IndexName: DUE_INDEX,
        KeyConditionExpression: 'duePk = :due',
        ExpressionAttributeValues: { ':due': duePartition(queue, shard) },
        Limit: limit,
        ...(after && { ExclusiveStartKey: after }),
      });
      const ids = Items.map(({ pk }) => String(pk).slice('CRED#'.length) as CredentialId);
      const nextShard = shard + 1 < DUE_SHARDS ? writeCursor(shard + 1) : undefined;
      return { ...(await pageOf(ids)), nextCursor: LastEvaluatedKey ? writeCursor(shard, LastEvaluatedKey) : nextShard };
    },
    findings: async () => {
      const { pk } = KEYS.finding('', '');
      const items = await queryAll({ KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': pk }, ConsistentRead: true });
      return items.map(({ finding }) => finding as Finding);
    },
    ...dynamodbDenyLists({ client, TableName, get }),
    ...dynamodbBatches({ client, TableName, get, queryAll }),
    putFinding: async (finding) => {
      await client.send(new PutCommand({ TableName, Item: { ...KEYS.finding(finding.kind, finding.subject), finding } }));
    },
    appendCredential: (append) => {
      const { requires } = append;
      const owner: readonly Write[] = requires ? [{ place: 'owner', requires }] : [];
      return write(append, [...recordWrites(append, append.state.grant.connector, {}), ...owner]);
    },
    // Status and epoch stand outside the state too, for the condition of those who need the owner to be there.
    appendOwner: (append) => write(append, recordWrites(append, 'owner', besideOf(append.state))),
    appendPolicy: (append) => write(append, recordWrites(append, 'owner', {})),
    appendFeed: (append) => write(append, recordWrites(append, 'feed', {})),
    due: async (queue, nowMs, limit) => {
      const shards = await Promise.all(Array.from({ length: DUE_SHARDS }, (_, shard) => due(queue, nowMs, limit, shard)));
      return shards
        .flat()
        .sort((a, b) => a.dueAtMs - b.dueAtMs)
        .slice(0, limit);
    },
    // Where the condition does not hold, the record has moved on by itself.
    postpone: ({ id, dueAtMs }, untilMs) =>
      makeDue(id, untilMs, { ConditionExpression: 'dueAt = :seen', ExpressionAttributeValues: { ':seen': dueAtMs } }),
    setAside: (id, untilMs) => makeDue(id, untilMs, { ConditionExpression: 'attribute_exists(dueAt)' }),
  };
}

function recordWrites(append: RecordAppend, queue: WorkQueue, beside: Item): readonly Write[] {
  const { before, state, envelopes, dueAtMs, companions } = append;
  const last = envelopes.at(-1);
  if (!last) throw new Fault('misconfigured', false, 'an append without events');
  const due = dueAtMs === undefined ? {} : { duePk: duePartition(queue, dueShardOf(state.id)), dueAt: dueAtMs };
  const Item = {
    ...KEYS.state(state.id),
    ...beside,
    ...due,
    version: last.version,
    headHash: last.hash,
    changedAt: Date.parse(last.at),
    state,
  };
  const asRead = before && { ConditionExpression: 'version = :read', ExpressionAttributeValues: { ':read': before.version } };
  return [
    { place: 'record', put: { Item, ...(asRead ?? ABSENT) } },
    ...envelopes.map((envelope): Write => {
      const event = { ...KEYS.event(state.id, envelope.version), id: envelope.id, envelope };
      return { place: 'record', put: { Item: event, ...ABSENT } };
    }),
    ...companions.flatMap(companionWrites),
  ];
}

function companionWrites(companion: Companion): readonly Write[] {
  if (companion.item === 'count' || companion.item === 'held')
    return guardWrites(companion).map((one): Write => ({ place: 'guard', ...one }));
  // One more record that was read and is written back: whoever was faster makes it a conflict, and it is read again.
  if (companion.item === 'deny-list') return [{ place: 'record', put: denyListPut(companion.before, companion.state, companion.dueAtMs) }];
  return [{ place: 'companion', put: companionPut(companion) }];
}

const isUnderKill = (append: RecordAppend): boolean =>
  'requires' in append && append.requires !== undefined && 'killedAtMs' in append.requires;

/** Which places failed their condition; none: only a collision with another transaction. `undefined`: something else broke. */
function failedPlaces(error: unknown, writes: readonly Write[]): readonly Place[] | undefined {
  if (error instanceof TransactionInProgressException) return [];
  if (!(error instanceof TransactionCanceledException)) return undefined;
  const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code ?? 'None');
  if (codes.some((code) => !['None', 'ConditionalCheckFailed', 'TransactionConflict'].includes(code))) return undefined;
  return writes.flatMap(({ place }, index) => (codes[index] === 'ConditionalCheckFailed' ? [place] : []));
}
