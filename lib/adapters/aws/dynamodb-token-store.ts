import { GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { type TokenStore, usesAdded } from '../../application/token-store.ts';
import { KEYS, type Key } from '../../contract/table.ts';
import { Fault } from '../../domain/faults.ts';
import type { TokenRecord } from '../../domain/token/check.ts';
import { ask } from './aws-fault.ts';
import { ABSENT } from './dynamodb-items.ts';
import type { DynamodbLedgerConfig } from './dynamodb-ledger.ts';

const lost = (): false => false;

/** Token records in the ledger's table, in partitions of their own: the authorizers' rights end there. */
export function dynamodbTokenStore({ client, table: TableName }: DynamodbLedgerConfig): TokenStore {
  const get = async (key: Key): Promise<Readonly<Record<string, unknown>> | undefined> =>
    ask('GetItem', async () => (await client.send(new GetCommand({ TableName, Key: key, ConsistentRead: true }))).Item);

  return {
    read: async (id) => {
      const item = await get(KEYS.token(id));
      return item && recordIn(item, id);
    },
    write: async (before, after) => {
      const asRead = before && { ConditionExpression: 'revision = :read', ExpressionAttributeValues: { ':read': before.revision } };
      const uses = [...usesAdded(before, after)].map(([keyId, count]) => ({
        Update: {
          TableName,
          Key: KEYS.keyUses(keyId),
          UpdateExpression: 'ADD uses :count',
          ExpressionAttributeValues: { ':count': count },
        },
      }));
      const record = { Put: { TableName, Item: { ...KEYS.token(after.id), ...after }, ...(asRead ?? ABSENT) } };
      const command = new TransactWriteCommand({ TransactItems: [record, ...uses] });
      // Cancelled: another writer was first, or is at the same counter this moment. Either way it is read again.
      return ask('TransactWriteItems', async () => void (await client.send(command)), {
        TransactionCanceled: lost,
        TransactionInProgress: lost,
      }).then((cancelled) => cancelled !== false);
    },
    usesOf: async (keyId) => Number((await get(KEYS.keyUses(keyId)))?.['uses'] ?? 0),
  };
}

/** Written by this code alone, so what makes it ours is looked at, not each field. */
function recordIn(item: Readonly<Record<string, unknown>>, id: string): TokenRecord {
  const { pk: _pk, sk: _sk, ...record } = item;
  if (record['id'] !== id || !Array.isArray(record['versions']) || typeof record['revision'] !== 'number')
    throw new Fault('provider-refused', false, `the record of the token ${id} can’t be read`);
  return record as unknown as TokenRecord;
}
