import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Ledger } from '../../application/ports.ts';
import { KEYS, type Key } from '../../contract/table.ts';
import type { DenyList } from '../../domain/deny-list.ts';
import { Fault } from '../../domain/faults.ts';
import { denyListPut } from './dynamodb-items.ts';

interface Table {
  readonly client: DynamoDBDocumentClient;
  readonly TableName: string;
  readonly get: (key: Key) => Promise<Readonly<Record<string, unknown>> | undefined>;
}

/** Deny lists by themselves; with an owner's event they are written in its transaction. */
export const dynamodbDenyLists = ({ client, TableName, get }: Table): Pick<Ledger, 'denyList' | 'putDenyList'> => ({
  denyList: async (id) => {
    const item = await get(KEYS.state(id));
    return item && { state: item['state'] as DenyList, version: Number(item['version']) };
  },
  putDenyList: async (before, state, dueAtMs) => {
    await client.send(new PutCommand({ TableName, ...denyListPut(before, state, dueAtMs) })).catch((error: unknown) => {
      if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
      throw new Fault('ledger-conflict', true, state.id);
    });
  },
});
