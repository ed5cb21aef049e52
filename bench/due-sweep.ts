import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamodbLedger } from '../lib/adapters/aws/dynamodb-ledger.ts';
import { sweepDue } from '../lib/application/sweep-due.ts';
import { DUE_SHARDS, duePartition } from '../lib/contract/table.ts';
import type { EpochMs } from '../lib/domain/types.ts';
import type { Row } from './table.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z') as EpochMs;
const DUE = 300;
const FEW = 1_000;
const MANY = 1_000_000;

interface Entry {
  readonly pk: string;
  dueAt: number;
}

/**
 * The due index as DynamoDB documents a query of one: entries of a partition in the order of their sort key, reading begins at the key
 * condition and not before, and is charged half a unit a 4 KB begun (eventually consistent), whatever lies beyond. An update is charged
 * a write unit, and is counted apart.
 */
function indexOf(records: number) {
  const partitions = new Map<string, Entry[]>();
  for (let n = 0; n < records; n += 1) {
    const partition = duePartition('aws-iam-user', n % DUE_SHARDS);
    const entries = partitions.get(partition) ?? [];
    partitions.set(partition, entries);
    entries.push({ pk: `CRED#cred_${String(n).padStart(26, '0')}`, dueAt: n < DUE ? NOW - DUE + n : NOW + 60_000 + n });
  }
  const counts = { queries: 0, readUnits: 0, updates: 0 };
  const byKey = new Map([...partitions.values()].flat().map((entry) => [entry.pk, entry]));
  const query = ({ ExpressionAttributeValues: values, Limit }: QueryLike) => {
    const entries = partitions.get(values[':due']) ?? [];
    const Items: Entry[] = [];
    for (const entry of entries) {
      if (entry.dueAt > values[':now'] || Items.length === Limit) break;
      Items.push(entry);
    }
    counts.queries += 1;
    counts.readUnits += Math.max(0.5, Math.ceil(sizeOf(Items, values[':due']) / 4_096) / 2);
    return { Items: Items.map((entry) => ({ ...entry })) };
  };
  const update = ({ Key, ExpressionAttributeValues: values }: UpdateLike) => {
    const entry = byKey.get(Key.pk);
    if (entry?.dueAt !== values[':seen']) throw new Error('not as it was seen');
    entry.dueAt = values[':until'];
    counts.updates += 1;
    return {};
  };
  const send = async ({ input }: { readonly input: QueryLike | UpdateLike }) => ('Key' in input ? update(input) : query(input));
  return { records: byKey.size, counts, client: { send } as unknown as DynamoDBDocumentClient };
}

interface QueryLike {
  readonly ExpressionAttributeValues: { readonly ':due': string; readonly ':now': number };
  readonly Limit: number;
}
interface UpdateLike {
  readonly Key: { readonly pk: string };
  readonly ExpressionAttributeValues: { readonly ':seen': number; readonly ':until': number };
}

/** Names and values of the keys, as DynamoDB counts them. */
const sizeOf = (items: readonly Entry[], partition: string): number =>
  items.reduce((sum, { pk }) => sum + 'pkskSTATEduePkdueAt'.length + pk.length + partition.length + 8, 0);

async function swept(records: number) {
  const index = indexOf(records);
  let sent = 0;
  const send = async () => {
    sent += 1;
  };
  const wake = { send, depth: async () => 0 };
  const ledger = dynamodbLedger({ client: index.client, table: 't' });
  const { queued } = await sweepDue({ ledger, wake, clock: { now: () => NOW }, queues: ['aws-iam-user', 'owner'] })();
  if (queued !== DUE || index.records !== records) throw new Error(`${queued} queued of ${index.records} records`);
  return { ...index.counts, sent };
}

/** The same number due among a thousand records and among a million. */
export async function dueSweep(): Promise<readonly Row[]> {
  const [few, many] = [await swept(FEW), await swept(MANY)];
  const told = ({ queries, readUnits }: typeof few): string => `${queries} queries, ${readUnits} read units`;
  return [
    {
      what: `due sweep, ${FEW.toLocaleString('en')} and ${MANY.toLocaleString('en')} records`,
      bar: 'the same',
      measured: JSON.stringify(few) === JSON.stringify(many) ? told(few) : `${told(few)} / ${told(many)}`,
      holds: JSON.stringify(few) === JSON.stringify(many),
      note: `${DUE} due in both; ${many.updates} updates and ${many.sent} messages in both. The real ledger adapter over a model of the index`,
    },
  ];
}
