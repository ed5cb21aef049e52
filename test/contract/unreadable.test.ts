import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { ulid } from 'ulid';
import { describe, expect, it } from 'vitest';
import { dynamodbLedger } from '../../lib/adapters/aws/dynamodb-ledger.ts';
import { memoryLedger } from '../../lib/adapters/memory/ledger.ts';
import type { Ledger } from '../../lib/application/ports.ts';
import { KEYS } from '../../lib/contract/table.ts';
import type { CredentialId, EpochMs, OwnerId } from '../../lib/domain/types.ts';
import { NOW, newCredential, newOwner, TABLE, useLedgerTable } from './records.ts';

const dynamo = useLedgerTable();

/** A ledger, and how a record of it is damaged. */
interface Made {
  readonly ledger: Ledger;
  damage(id: CredentialId | OwnerId): Promise<void>;
}

const told: string[] = [];

const inMemory = (): Made => {
  const ledger = memoryLedger();
  return {
    ledger,
    damage: async (id) => {
      ledger.damaged.add(id);
    },
  };
};

const inDynamodb = (): Made => ({
  ledger: dynamodbLedger({ client: dynamo(), table: TABLE, onUnreadable: (id) => told.push(id) }),
  damage: async (id) => {
    const names = { ExpressionAttributeNames: { '#state': 'state', '#status': 'status' }, ExpressionAttributeValues: { ':lost': 'lost' } };
    const update = { TableName: TABLE, Key: KEYS.state(id), UpdateExpression: 'SET #state.#status = :lost', ...names };
    await dynamo().send(new UpdateCommand(update));
  },
});

describe.each([
  ['in memory', inMemory],
  ['in DynamoDB', inDynamodb],
] as const)('a record that does not parse, in a ledger %s', (_name, make) => {
  it('is named, and the rest of its page is there', async () => {
    const { ledger, damage } = make();
    const joined = newOwner(ulid());
    await ledger.appendOwner(joined);
    const [good, bad] = [newCredential(joined.state), newCredential(joined.state)];
    for (const one of [good, bad]) await ledger.appendCredential(one);
    await damage(bad.state.id);
    const fault = { code: 'ledger-unreadable', retryable: false, message: expect.stringContaining(bad.state.id) };
    await expect(ledger.credential(bad.state.id)).rejects.toMatchObject(fault);
    const part = { page: [{ id: good.state.id }], unreadable: [bad.state.id] };
    expect(await ledger.heldBy(joined.state.id, undefined, 10)).toMatchObject(part);
    const known = await ledger.credentialsOf([bad.state.id, good.state.id]);
    expect(known).toMatchObject({ known: [{ state: { id: good.state.id } }], unreadable: [bad.state.id] });
    await damage(joined.state.id);
    await expect(ledger.owner(joined.state.id)).rejects.toMatchObject({ code: 'ledger-unreadable' });
  });

  it('is set aside: due later, and not at all where it was at rest', async () => {
    const { ledger, damage } = make();
    const joined = newOwner(ulid());
    await ledger.appendOwner(joined);
    const late = { ...newCredential(joined.state), dueAtMs: (NOW - 9_000_000) as EpochMs };
    await ledger.appendCredential(late);
    await damage(late.state.id);
    const due = async (untilMs: number) => (await ledger.due('aws-iam-user', untilMs as EpochMs, 100)).map(({ id }) => id);
    expect(await due(NOW - 8_000_000)).toContain(late.state.id);
    await ledger.setAside(late.state.id, (NOW - 7_000_000) as EpochMs);
    expect(await due(NOW - 8_000_000)).not.toContain(late.state.id);
    expect(await due(NOW - 7_000_000)).toContain(late.state.id);
    await ledger.setAside(joined.state.id, (NOW - 7_000_000) as EpochMs);
    expect((await ledger.due('owner', (NOW - 6_000_000) as EpochMs, 100)).map(({ id }) => id)).not.toContain(joined.state.id);
  });
});

it('the ledger in DynamoDB tells of it each time it is met', () => expect(told.length).toBeGreaterThanOrEqual(4));

it.each([
  ['no state', {}],
  ['a state of another record', { state: { id: 'x', status: 'active' } }],
  ['no version', { version: 'one' }],
  ['no list of versions', { state: { versions: 'none' } }],
  ['no holder', { state: { holder: undefined } }],
])('an item with %s is such a record', async (_name, change: { readonly state?: object; readonly version?: string }) => {
  const ledger = dynamodbLedger({ client: dynamo(), table: TABLE });
  const joined = newOwner(ulid());
  await ledger.appendOwner(joined);
  const made = newCredential(joined.state);
  await ledger.appendCredential(made);
  const { PutCommand } = await import('@aws-sdk/lib-dynamodb');
  const state = 'state' in change ? { ...made.state, ...change.state } : Object.keys(change).length ? made.state : undefined;
  await dynamo().send(
    new PutCommand({ TableName: TABLE, Item: { ...KEYS.state(made.state.id), version: 1, headHash: 'h', ...change, state } }),
  );
  await expect(ledger.credential(made.state.id)).rejects.toMatchObject({ code: 'ledger-unreadable' });
});
