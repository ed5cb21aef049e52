import { randomUUID } from 'node:crypto';
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
    const { Item, ...asRead } = denyListPut(before, state, dueAtMs);
    const by = randomUUID();
    await client.send(new PutCommand({ TableName, Item: { ...Item, by }, ...asRead })).catch(async (error: unknown) => {
      if ((await get(KEYS.state(state.id)))?.['by'] === by) return; // it went through unnoticed: a lease of ours, and nobody else's
      if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
      throw new Fault('ledger-conflict', true, state.id);
    });
  },
});
