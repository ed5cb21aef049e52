import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ulid } from 'ulid';
import { beforeAll, describe, expect, it } from 'vitest';
import { dynamodbLedger } from '../../lib/adapters/aws/dynamodb-ledger.ts';
import { memoryLedger } from '../../lib/adapters/memory/ledger.ts';
import { envelop, firstBreak, NO_HASH } from '../../lib/application/envelope.ts';
import { grantFor } from '../../lib/application/naming.ts';
import type { Companion, Ledger, Loaded } from '../../lib/application/ports.ts';
import { DUE_INDEX } from '../../lib/contract/table.ts';
import { decide } from '../../lib/domain/credential/decide.ts';
import type { CredentialEvent } from '../../lib/domain/credential/events.ts';
import { evolve } from '../../lib/domain/credential/evolve.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import { decideFact } from '../../lib/domain/owner/decide.ts';
import { evolveOwner } from '../../lib/domain/owner/evolve.ts';
import type { Owner, OwnerEvent, OwnerFact } from '../../lib/domain/owner/state.ts';
import { DEFAULT_TIMING } from '../../lib/domain/timing.ts';
import type { CredentialId, EpochMs, OwnerId, OwnerKey } from '../../lib/domain/types.ts';
import { localClient } from '../../local/endpoint.ts';
import { rotation } from '../unit/domain/given.ts';
import { useLocalCloud } from './cloud.ts';

const TABLE = 'ledger-contract';
const NOW = 1_800_000_000_000 as EpochMs;
const cloud = useLocalCloud();
const ids = { ulid: () => ulid(), uuid: () => crypto.randomUUID() };
const context = { actor: { kind: 'system', id: 'test' }, cause: 'test', correlationId: 'c', policyDigest: 'd' } as const;

let dynamo: DynamoDBDocumentClient;
beforeAll(async () => {
  const client = new DynamoDBClient(localClient(cloud().endpoint));
  const key = (AttributeName: string, AttributeType: 'S' | 'N') => ({ AttributeName, AttributeType });
  const schema = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ];
  const index = { IndexName: DUE_INDEX, KeySchema: schema('duePk', 'dueAt'), Projection: { ProjectionType: 'KEYS_ONLY' as const } };
  await client.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [key('pk', 'S'), key('sk', 'S'), key('duePk', 'S'), key('dueAt', 'N')],
      KeySchema: schema('pk', 'sk'),
      GlobalSecondaryIndexes: [index],
    }),
  );
  dynamo = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
});

/** A record after `events`, as a use case would write it. */
const after = <S extends Credential | Owner, E extends CredentialEvent | OwnerEvent>(
  before: Loaded<S> | undefined,
  events: readonly E[],
  step: (state: S | undefined, event: E) => S,
) => {
  const state = events.reduce<S | undefined>(step, before?.state);
  if (!state) throw new Error('no state');
  const envelopes = envelop(state.id, before ?? { version: 0, headHash: NO_HASH }, events, context, NOW, ids);
  return { before, state, envelopes, dueAtMs: NOW, companions: [] as readonly Companion[] };
};

const newOwner = (subject: string) => {
  const fact: OwnerFact = {
    ...({ type: 'Joined', id: 'f', source: 'hr', cause: 'normal' } as const),
    ...{ subject, sequence: 1, occurredAtMs: NOW, effectiveAtMs: NOW },
    attributes: { email: `${subject}@example.com`, roles: ['R'] },
  };
  const decision = decideFact(undefined, fact, { id: `own_${ulid()}` as OwnerId, key: 'k' as OwnerKey }, NOW, 10);
  if (!decision.ok) throw new Error(decision.why);
  const append = after<Owner, OwnerEvent>(undefined, decision.events, evolveOwner);
  return {
    ...append,
    dueAtMs: undefined,
    companions: [{ item: 'alias', source: 'hr', externalId: subject, ownerId: append.state.id }] as const,
  };
};

const newCredential = (owner: Owner, key = ulid()) => {
  const id = `cred_${ulid()}` as CredentialId;
  const holder = { id: owner.id, key: owner.key, epoch: owner.epoch };
  const asked = { profile: 'p', purpose: 'x', environment: 'dev', consumers: [] };
  const decision = decide(
    undefined,
    { type: 'request', id, holder, grant: grantFor(id, 'aws-iam-user', '1', asked), rotation },
    NOW,
    DEFAULT_TIMING,
  );
  if (!decision.ok) throw new Error(decision.why);
  const append = after<Credential, CredentialEvent>(undefined, decision.events, evolve);
  const companions: readonly Companion[] = [
    { item: 'ownership', ownerId: owner.id, credentialId: id },
    { item: 'subject', account: '1', subject: append.state.grant.accountName, credentialId: id },
    { item: 'request', caller: 'hr:1', key, credentialId: id },
  ];
  return { ...append, companions, requires: holder };
};

const revoking = (before: Loaded<Credential>) => {
  const decision = decide(before.state, { type: 'revoke', cause: 'requested' }, NOW, DEFAULT_TIMING);
  if (!decision.ok) throw new Error(decision.why);
  return after<Credential, CredentialEvent>(before, decision.events, evolve);
};

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe.each([
  ['in memory', () => memoryLedger()],
  ['in DynamoDB', () => dynamodbLedger({ client: dynamo, table: TABLE })],
] as const)('a ledger %s', (_name, make) => {
  let ledger: Ledger;
  let owner: Owner;
  beforeAll(async () => {
    ledger = make();
    const joined = newOwner(ulid());
    await ledger.appendOwner(joined);
    owner = joined.state;
  });
  const mustLoad = async (id: CredentialId): Promise<Loaded<Credential>> => {
    const loaded = await ledger.credential(id);
    if (!loaded) throw new Error(`${id} is not there`);
    return loaded;
  };

  it('gives back what was written: state, version, chain', async () => {
    const asked = newCredential(owner);
    await ledger.appendCredential(asked);
    const loaded = await mustLoad(asked.state.id);
    expect(plain(loaded.state)).toEqual(plain(asked.state));
    expect([loaded.version, loaded.headHash]).toEqual([1, asked.envelopes.at(-1)?.hash]);
    await ledger.appendCredential(revoking(loaded));
    const events = await ledger.events(asked.state.id);
    expect(events.map(({ version, type }) => [version, type])).toEqual([
      [1, 'CredentialRequested'],
      [2, 'RevocationStarted'],
    ]);
    expect(firstBreak(events)).toBeUndefined();
  });

  it('knows what is not there', async () => {
    expect(await ledger.credential(`cred_${ulid()}` as CredentialId)).toBeUndefined();
    expect(await ledger.owner(`own_${ulid()}` as OwnerId)).toBeUndefined();
    expect(await ledger.ownerByAlias('hr', 'nobody')).toBeUndefined();
    expect(await ledger.credentialByRequest('hr:1', 'never')).toBeUndefined();
    expect(await ledger.events(`cred_${ulid()}` as CredentialId)).toEqual([]);
  });

  it('lets one of two writers through', async () => {
    const asked = newCredential(owner);
    await ledger.appendCredential(asked);
    const loaded = await mustLoad(asked.state.id);
    const results = await Promise.allSettled([ledger.appendCredential(revoking(loaded)), ledger.appendCredential(revoking(loaded))]);
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(refused).toMatchObject([{ code: 'ledger-conflict', retryable: true }]);
    expect((await mustLoad(asked.state.id)).version).toBe(2);
  });

  it('takes a write that went through unnoticed for the success it was', async () => {
    const asked = newCredential(owner);
    await ledger.appendCredential(asked);
    await ledger.appendCredential(asked);
    const end = revoking(await mustLoad(asked.state.id));
    await ledger.appendCredential(end);
    await ledger.appendCredential(end);
    expect((await mustLoad(asked.state.id)).version).toBe(2);
  });

  it('gives a name, a request key and an alias once', async () => {
    const key = ulid();
    const first = newCredential(owner, key);
    await ledger.appendCredential(first);
    const second = newCredential(owner, key);
    await expect(ledger.appendCredential(second)).rejects.toMatchObject({ code: 'already-exists' });
    expect(await ledger.credential(second.state.id)).toBeUndefined(); // nothing half done
    expect(await ledger.credentialByRequest('hr:1', key)).toBe(first.state.id);
    await expect(ledger.appendOwner(newOwner(owner.subject))).rejects.toMatchObject({ code: 'already-exists' });
    expect(await ledger.ownerByAlias('hr', owner.subject)).toBe(owner.id);
  });

  it('lets an e-mail address go from the owner it was seen with, and from no other', async () => {
    const email = `${ulid().toLowerCase()}@example.com`;
    const give = async (seen: OwnerId | undefined): Promise<OwnerId> => {
      const joined = newOwner(ulid());
      await ledger.appendOwner({ ...joined, companions: [...joined.companions, { item: 'email', email, ownerId: joined.state.id, seen }] });
      return joined.state.id;
    };
    const ann = await give(undefined);
    await expect(give(undefined)).rejects.toMatchObject({ code: 'already-exists' });
    const bob = await give(ann);
    await expect(give(ann)).rejects.toMatchObject({ code: 'already-exists' });
    expect(await ledger.ownerByAlias('email', email)).toBe(bob);
  });

  it('starts nothing for an owner who has left, or is back in another life', async () => {
    const joined = newOwner(ulid());
    await ledger.appendOwner(joined);
    const later = { ...newCredential(joined.state), requires: { id: joined.state.id, key: joined.state.key, epoch: 5 } };
    await expect(ledger.appendCredential(later)).rejects.toMatchObject({ code: 'owner-not-active' });
    const loaded = await ledger.owner(joined.state.id);
    const gone: OwnerEvent = {
      ...{ type: 'OwnerLeft', sequence: 2, attributes: undefined, cause: 'normal' },
      ...{ occurredAtMs: NOW, receivedAtMs: NOW, stillActive: false },
    };
    await ledger.appendOwner(after<Owner, OwnerEvent>(loaded, [gone], evolveOwner));
    const asked = newCredential(joined.state);
    await expect(ledger.appendCredential(asked)).rejects.toMatchObject({ code: 'owner-not-active', retryable: false });
    expect(await ledger.credential(asked.state.id)).toBeUndefined();
    expect((await ledger.heldBy(joined.state.id, undefined, 10)).page).toEqual([]);
  });

  it('tells page by page what an owner holds', async () => {
    const joined = newOwner(ulid());
    await ledger.appendOwner(joined);
    const all = Array.from({ length: 5 }, () => newCredential(joined.state));
    for (const asked of all) await ledger.appendCredential(asked);
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const { page, nextCursor } = await ledger.heldBy(joined.state.id, cursor, 2);
      seen.push(...page.map(({ id }) => id));
      cursor = nextCursor;
      pages += 1;
    } while (cursor !== undefined && pages < 10);
    expect(seen.sort()).toEqual(all.map(({ state }) => state.id).sort());
    expect(pages).toBeLessThanOrEqual(4);
  });

  it('lists what is live, page by page, and refuses a cursor that is none', async () => {
    const asked = Array.from({ length: 3 }, () => newCredential(owner));
    const [first, , resting] = asked;
    for (const one of asked) await ledger.appendCredential(one);
    if (resting) await ledger.appendCredential({ ...revoking(await mustLoad(resting.state.id)), dueAtMs: undefined });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { page, nextCursor } = await ledger.live('aws-iam-user', cursor, 2);
      expect(page.length).toBeLessThanOrEqual(2);
      seen.push(...page.map(({ id }) => id));
      cursor = nextCursor;
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toContain(first?.state.id);
    expect(seen).not.toContain(resting?.state.id);
    expect([...seen].sort()).toEqual([...(await ledger.unrested('aws-iam-user'))].sort());
    const known = await ledger.credentialsOf([...seen.slice(0, 1), `cred_${ulid()}`] as CredentialId[]);
    expect(known).toMatchObject([{ state: { id: seen[0] }, changedAtMs: NOW }]);
    for (const bad of ['x', 'WzldCg', Buffer.from('[99]').toString('base64url')])
      await expect(ledger.live('aws-iam-user', bad, 2)).rejects.toMatchObject({ code: 'misconfigured' });
  });

  it('keeps findings by kind and subject', async () => {
    const finding = {
      ...({ kind: 'stray-user', subject: 'mallory', credentialId: undefined, ownerId: undefined, detail: 'd', wouldHave: 'none' } as const),
      ...{ firstSeenAtMs: NOW, lastSeenAtMs: NOW },
    };
    await ledger.putFinding({ ...finding, status: 'open' });
    await ledger.putFinding({ ...finding, status: 'ended' });
    await ledger.putFinding({ ...finding, kind: 'unmanaged', status: 'open' });
    const findings = await ledger.findings();
    expect(findings.map(({ kind, subject, status }) => `${kind} ${subject} ${status}`).sort()).toEqual([
      'stray-user mallory ended',
      'unmanaged mallory open',
    ]);
  });

  it('tells what is due, oldest first, until it is postponed or at rest', async () => {
    const early = { ...newCredential(owner), dueAtMs: (NOW - 5_000) as EpochMs };
    const late = { ...newCredential(owner), dueAtMs: (NOW + 5_000) as EpochMs };
    await ledger.appendCredential(early);
    await ledger.appendCredential(late);
    const due = async (nowMs: number) => (await ledger.due('aws-iam-user', nowMs as EpochMs, 100)).map(({ id }) => id);
    expect((await due(NOW - 1))[0]).toBe(early.state.id);
    expect(await due(NOW)).not.toContain(late.state.id);
    expect((await ledger.due('owner', NOW, 100)).map(({ id }) => id)).not.toContain(early.state.id);
    const [item] = await ledger.due('aws-iam-user', (NOW - 1) as EpochMs, 1);
    if (!item) throw new Error('nothing due');
    await ledger.postpone(item, (NOW + 60_000) as EpochMs);
    expect(await due(NOW)).not.toContain(early.state.id);
    await ledger.postpone(item, NOW); // it is not as it was seen any more: nothing happens
    expect(await due(NOW)).not.toContain(early.state.id);
    expect((await mustLoad(early.state.id)).version).toBe(1);
    await ledger.appendCredential({ ...revoking(await mustLoad(late.state.id)), dueAtMs: undefined });
    expect(await due(NOW + 50_000)).not.toContain(late.state.id);
  });
});

describe('a ledger in DynamoDB', () => {
  it('a record that does not parse is a fault that says which, not a wrong state', async () => {
    const ledger = dynamodbLedger({ client: dynamo, table: TABLE });
    const { PutCommand } = await import('@aws-sdk/lib-dynamodb');
    const id = `cred_${ulid()}` as CredentialId;
    await dynamo.send(
      new PutCommand({ TableName: TABLE, Item: { pk: `CRED#${id}`, sk: 'STATE', version: 1, headHash: 'h', state: { id: 'x' } } }),
    );
    await expect(ledger.credential(id)).rejects.toMatchObject({ code: 'ledger-unreadable', message: expect.stringContaining(id) });
  });

  it('twenty writers of one owner’s credentials get through, though their transactions collide', async () => {
    const ledger = dynamodbLedger({ client: dynamo, table: TABLE });
    const joined = newOwner(ulid());
    await ledger.appendOwner(joined);
    await Promise.all(Array.from({ length: 20 }, () => ledger.appendCredential(newCredential(joined.state))));
    expect((await ledger.heldBy(joined.state.id, undefined, 50)).page).toHaveLength(20);
  });
});
