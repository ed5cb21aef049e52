import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { ulid } from 'ulid';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamodbLedger } from '../../lib/adapters/aws/dynamodb-ledger.ts';
import type { Companion, Ledger } from '../../lib/application/ports.ts';
import { type DenyList, KILL_CAPACITY, killListId, listed, newDenyList } from '../../lib/domain/deny-list.ts';
import { evolveOwner } from '../../lib/domain/owner/evolve.ts';
import type { Owner, OwnerEvent } from '../../lib/domain/owner/state.ts';
import type { DenyListId, OwnerId } from '../../lib/domain/types.ts';
import { appended, ledgersOf, NOW, newOwner, TABLE, useLedgerTable } from './records.ts';

const dynamo = useLedgerTable();
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const KILLED: OwnerEvent = { type: 'OwnerKilled', by: 'own_9' as OwnerId, reason: 'an incident', confirmed: true, atMs: NOW };

describe.each(ledgersOf(dynamo))('deny lists of a ledger %s', (_name, make) => {
  let ledger: Ledger;
  let empty: DenyList;
  let id: DenyListId;
  beforeAll(() => {
    ledger = make();
  });
  beforeEach(() => {
    id = killListId(ulid());
    empty = newDenyList(id, '1', KILL_CAPACITY);
  });
  const on = (...keys: readonly string[]): DenyList => keys.reduce((list, key) => listed(list, key, NOW), empty);
  const joined = async (): Promise<OwnerId> => {
    const owner = newOwner(ulid());
    await ledger.appendOwner(owner);
    return owner.state.id;
  };
  const killing = async (owner: OwnerId, before: number, state: DenyList, more: readonly Companion[] = []) => {
    const list: Companion = { item: 'deny-list', before, state, dueAtMs: NOW };
    return { ...appended<Owner, OwnerEvent>(await ledger.owner(owner), [KILLED], evolveOwner), companions: [list, ...more] };
  };
  const conflict = { code: 'ledger-conflict', retryable: true };
  const due = async () => (await ledger.due('deny-list', NOW, 1_000)).map((item) => item.id);

  it('are not there, then as they were written, and due when they say', async () => {
    expect(await ledger.denyList(id)).toBeUndefined();
    await ledger.putDenyList(0, on('a'), NOW);
    expect(plain(await ledger.denyList(id))).toMatchObject({ version: 1, state: plain(on('a')) });
    expect(await due()).toContain(id);
    await ledger.putDenyList(1, empty, undefined);
    expect(plain(await ledger.denyList(id))).toMatchObject({ version: 2, state: { entries: [] } });
    expect(await due()).not.toContain(id);
  });

  it('take one of two writers', async () => {
    const first = await Promise.allSettled([ledger.putDenyList(0, on('a'), NOW), ledger.putDenyList(0, on('b'), NOW)]);
    expect(first.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))).toMatchObject([conflict]);
    await ledger.putDenyList(1, on('c'), NOW);
    await expect(ledger.putDenyList(1, on('d'), NOW)).rejects.toMatchObject(conflict);
    expect((await ledger.denyList(id))?.state.entries.map(({ key }) => key)).toEqual(['c']);
  });

  it('are written where the answer was lost, and the write repeated finds itself', async () => {
    const real = dynamo();
    const repeats = { send: (command: PutCommand) => real.send(command).then(() => real.send(command)) };
    const puts = dynamodbLedger({
      client: { send: (command: PutCommand) => (command instanceof PutCommand ? repeats : real).send(command) } as DynamoDBDocumentClient,
      table: TABLE,
    });
    await puts.putDenyList(0, on('a'), NOW);
    await puts.putDenyList(1, on('a', 'b'), NOW);
    expect((await puts.denyList(id))?.version).toBe(2);
    await expect(puts.putDenyList(1, on('a', 'b'), NOW)).rejects.toMatchObject(conflict); // the same list, and somebody else's write
  });

  it('are written with what befell the owner, both or neither, and that twice only once', async () => {
    const owner = await joined();
    const append = await killing(owner, 0, on('a'));
    await ledger.appendOwner(append);
    await ledger.appendOwner(append); // the answer was lost
    expect([(await ledger.denyList(id))?.version, (await ledger.owner(owner))?.state.killed?.atMs]).toEqual([1, NOW]);
    const other = await joined();
    const stale = await killing(other, 0, on('b'));
    await expect(ledger.appendOwner(stale)).rejects.toMatchObject(conflict);
    expect((await ledger.owner(other))?.state.killed).toBeUndefined();
    expect((await ledger.denyList(id))?.state.entries.map(({ key }) => key)).toEqual(['a']);
  });

  it('are left alone where the guard refuses the owner’s event', async () => {
    const owner = await joined();
    const spent = { window: 'for-cause', bucket: ulid(), addOwners: 1, addCredentials: 0, maxOwners: 0, maxCredentials: 0, endsAtMs: NOW };
    const count = { item: 'count', count: spent } as unknown as Companion;
    await expect(ledger.appendOwner(await killing(owner, 0, on('a'), [count]))).rejects.toMatchObject({ code: 'guard-tripped' });
    expect([await ledger.denyList(id), (await ledger.owner(owner))?.state.killed]).toEqual([undefined, undefined]);
  });

  it('of two kills at the same moment, one is told to read again', async () => {
    const [one, two] = [await joined(), await joined()];
    const both = await Promise.allSettled([
      ledger.appendOwner(await killing(one, 0, on('a'))),
      ledger.appendOwner(await killing(two, 0, on('b'))),
    ]);
    expect(both.flatMap((kill) => (kill.status === 'rejected' ? [kill.reason] : []))).toMatchObject([conflict]);
    const before = await ledger.denyList(id);
    const [late, key] = before?.state.entries[0]?.key === 'a' ? [two, 'b'] : [one, 'a'];
    await ledger.appendOwner(await killing(late, 1, listed(before?.state ?? empty, key, NOW)));
    expect((await ledger.denyList(id))?.state.entries.map((entry) => entry.key).sort()).toEqual(['a', 'b']);
  });
});
