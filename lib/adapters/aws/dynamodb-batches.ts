import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, type QueryCommandInput, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { HeldMember, Ledger, Release } from '../../application/ports.ts';
import { KEYS, type Key } from '../../contract/table.ts';
import { ABSENT, OPEN_BATCH_NAMES } from './dynamodb-items.ts';

type Item = Readonly<Record<string, unknown>>;

interface Reads {
  readonly client: DynamoDBDocumentClient;
  readonly TableName: string;
  readonly get: (key: Key) => Promise<Item | undefined>;
  readonly queryAll: (input: Omit<QueryCommandInput, 'TableName'>) => Promise<readonly Item[]>;
}

/** The batches of the guard: one is open, and counts its members, so that nobody joins while it is closed. */
export const dynamodbBatches = ({
  client,
  TableName,
  get,
  queryAll,
}: Reads): Pick<Ledger, 'openBatch' | 'heldIn' | 'release' | 'closeBatch'> => ({
  openBatch: async () => Number((await get(KEYS.openBatch()))?.['batch'] ?? 1),
  heldIn: async (batch) => {
    const items = await queryAll({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :member)',
      ExpressionAttributeValues: { ':pk': KEYS.batchRelease(batch).pk, ':member': KEYS.batchMemberPrefix },
      ConsistentRead: true,
    });
    return items.map(({ member }) => member as HeldMember);
  },
  release: async (batch) => (await get(KEYS.batchRelease(batch)))?.['release'] as Release | undefined,
  closeBatch: async (release, size) => {
    const next = {
      Key: KEYS.openBatch(),
      UpdateExpression: 'SET #batch = :next, #size = :none',
      ConditionExpression: '#batch = :batch AND #size = :size',
      ExpressionAttributeNames: OPEN_BATCH_NAMES,
      ExpressionAttributeValues: { ':next': release.batch + 1, ':none': 0, ':batch': release.batch, ':size': size },
    };
    const record = { Item: { ...KEYS.batchRelease(release.batch), release }, ...ABSENT };
    try {
      await client.send(
        new TransactWriteCommand({ TransactItems: [{ Update: { TableName, ...next } }, { Put: { TableName, ...record } }] }),
      );
      return true;
    } catch (error) {
      if (error instanceof TransactionCanceledException) return false;
      throw error;
    }
  },
});
