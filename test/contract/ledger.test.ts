import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { ulid } from 'ulid';
import { beforeAll, describe, expect, it } from 'vitest';
import { dynamodbLedger } from '../../lib/adapters/aws/dynamodb-ledger.ts';
import { firstBreak } from '../../lib/application/envelope.ts';
import type { Ledger, Loaded } from '../../lib/application/ports.ts';
import type { Credential, Holder } from '../../lib/domain/credential/state.ts';
import { evolveOwner } from '../../lib/domain/owner/evolve.ts';
import type { Owner, OwnerEvent } from '../../lib/domain/owner/state.ts';
import type { CredentialId, EpochMs, OwnerId } from '../../lib/domain/types.ts';
import { appended, ledgersOf, looking, NOW, newCredential, newOwner, revoking, TABLE, useLedgerTable } from './records.ts';

const dynamo = useLedgerTable();

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe.each(ledgersOf(dynamo))('a ledger %s', (_name, make) => {
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
    await ledger.appendOwner(appended<Owner, OwnerEvent>(loaded, [gone], evolveOwner));
    const asked = newCredential(joined.state);
    await expect(ledger.appendCredential(asked)).rejects.toMatchObject({ code: 'owner-not-active', retryable: false });
    expect(await ledger.credential(asked.state.id)).toBeUndefined();
    expect((await ledger.heldBy(joined.state.id, undefined, 10)).page).toEqual([]);
  });

  it('starts nothing for an owner who is killed, until that is lifted', async () => {
    const joined = newOwner(ulid());
    await ledger.appendOwner(joined);
    const { id, key, epoch } = joined.state;
    const asked = newCredential(joined.state);
    await ledger.appendCredential(asked);
    const tell = async (...events: readonly OwnerEvent[]) =>
      ledger.appendOwner(appended<Owner, OwnerEvent>(await ledger.owner(id), events, evolveOwner));
    const resume = async () => ledger.appendCredential({ ...looking(await mustLoad(asked.state.id)), requires: { id, key, epoch } });
    const by = { by: 'own_9' as OwnerId, reason: 'an incident' };
    await tell({ type: 'OwnerKilled', ...by, confirmed: true, atMs: NOW });
    await expect(ledger.appendCredential(newCredential(joined.state))).rejects.toMatchObject({ code: 'owner-not-active' });
    await expect(resume()).rejects.toMatchObject({ code: 'owner-not-active' });
    await tell({ type: 'LiftRequested', ...by, atMs: NOW }, { type: 'KillLifted', atMs: NOW });
    await resume();
    expect((await mustLoad(asked.state.id)).version).toBe(2);
  });

  it('writes what a kill wants while that kill stands, also as it is being lifted, and not for one before or after', async () => {
    const joined = newOwner(ulid());
    await ledger.appendOwner(joined);
    const { id } = joined.state;
    const asked = newCredential(joined.state);
    await ledger.appendCredential(asked);
    const tell = async (...events: readonly OwnerEvent[]) =>
      ledger.appendOwner(appended<Owner, OwnerEvent>(await ledger.owner(id), events, evolveOwner));
    const write = async (killedAtMs: number) =>
      ledger.appendCredential({
        ...looking(await mustLoad(asked.state.id)),
        requires: { id, killedAtMs: killedAtMs as EpochMs },
      });
    const by = { by: 'own_9' as OwnerId, reason: 'an incident' };
    await expect(write(NOW)).rejects.toMatchObject({ code: 'kill-over', retryable: false });
    await tell({ type: 'OwnerKilled', ...by, confirmed: true, atMs: NOW });
    await write(NOW);
    await expect(write(NOW - 1)).rejects.toMatchObject({ code: 'kill-over' });
    await tell({ type: 'LiftRequested', ...by, atMs: NOW });
    await write(NOW);
    await tell({ type: 'KillLifted', atMs: NOW });
    await expect(write(NOW)).rejects.toMatchObject({ code: 'kill-over' });
    expect((await mustLoad(asked.state.id)).version).toBe(3);
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

  it('keeps where to look for what passed on, also when it comes back', async () => {
    const [ann, bob] = [newOwner(ulid()), newOwner(ulid())];
    for (const one of [ann, bob]) await ledger.appendOwner(one);
    const asked = newCredential(ann.state);
    await ledger.appendCredential(asked);
    const held = async (of: Owner) => (await ledger.heldBy(of.id, undefined, 10)).page.map(({ id }) => id);
    const passTo = async (of: Owner) => {
      const looked = looking(await mustLoad(asked.state.id));
      await ledger.appendCredential({ ...looked, companions: [{ item: 'ownership', ownerId: of.id, credentialId: asked.state.id }] });
    };
    await passTo(bob.state);
    expect([await held(ann.state), await held(bob.state)]).toEqual([[asked.state.id], [asked.state.id]]);
    await passTo(ann.state);
    expect([await held(ann.state), await held(bob.state)]).toEqual([[asked.state.id], [asked.state.id]]);
  });

  it('looks at the owner in the transaction of a change too, not of a new credential alone', async () => {
    const [ann, bob] = [newOwner(ulid()), newOwner(ulid())];
    for (const one of [ann, bob]) await ledger.appendOwner(one);
    const asked = newCredential(ann.state);
    await ledger.appendCredential(asked);
    const change = async (requires: Holder) => {
      const looked = looking(await mustLoad(asked.state.id));
      await ledger.appendCredential({ ...looked, requires });
    };
    const { id, key, epoch } = bob.state;
    await change({ id, key, epoch });
    await expect(change({ id, key, epoch: 7 })).rejects.toMatchObject({ code: 'owner-not-active', retryable: false });
    await expect(change({ id: `own_${ulid()}` as OwnerId, key, epoch })).rejects.toMatchObject({ code: 'owner-not-active' });
    expect((await mustLoad(asked.state.id)).version).toBe(2);
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
    expect(known).toMatchObject({ known: [{ state: { id: seen[0] }, changedAtMs: NOW }], unreadable: [] });
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
    const ledger = dynamodbLedger({ client: dynamo(), table: TABLE });
    const id = `cred_${ulid()}` as CredentialId;
    await dynamo().send(
      new PutCommand({ TableName: TABLE, Item: { pk: `CRED#${id}`, sk: 'STATE', version: 1, headHash: 'h', state: { id: 'x' } } }),
    );
    await expect(ledger.credential(id)).rejects.toMatchObject({ code: 'ledger-unreadable', message: expect.stringContaining(id) });
  });

  it('twenty writers of one owner’s credentials get through, though their transactions collide', async () => {
    const ledger = dynamodbLedger({ client: dynamo(), table: TABLE });
    const joined = newOwner(ulid());
    await ledger.appendOwner(joined);
    await Promise.all(Array.from({ length: 20 }, () => ledger.appendCredential(newCredential(joined.state))));
    expect((await ledger.heldBy(joined.state.id, undefined, 50)).page).toHaveLength(20);
  });
});
