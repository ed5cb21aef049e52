import { describe, expect, it } from 'vitest';
import { memoryLedger } from '../../../lib/adapters/memory/ledger.ts';
import { envelop, firstBreak, NO_HASH } from '../../../lib/application/envelope.ts';
import type { Envelope, Ledger, Loaded } from '../../../lib/application/ports.ts';
import {
  appendCredential,
  appendOwner,
  appendRecord,
  command,
  isUnreadable,
  readOrSetAside,
  retryingConflicts,
  unlessUnreadable,
} from '../../../lib/application/record.ts';
import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import { Fault, Secret } from '../../../lib/domain/faults.ts';
import type { CredentialId, EpochMs, OwnerId, OwnerKey } from '../../../lib/domain/types.ts';
import { at, grant, holder, rotation, timing } from '../domain/given.ts';

const context = { actor: { kind: 'person', id: 'arn' }, cause: 'because', correlationId: 'c', policyDigest: 'd' } as const;
const ID = 'cred_1' as CredentialId;
let count = 0;
const ids = () => {
  const next = () => {
    count += 1;
    return `${count}`;
  };
  return { ulid: next, uuid: next };
};
const portsOn = (ledger: Ledger, nowMs = 5_000) => ({ ledger, timing, ids: ids(), clock: { now: () => nowMs as EpochMs } });
const requested: CredentialEvent = {
  ...{ type: 'CredentialRequested', id: ID, holder, grant, rotation },
  ...{ requestedAtMs: at(5_000), deadlineMs: at(9_000) },
} as CredentialEvent;
const revoked: CredentialEvent = { type: 'RevocationStarted', cause: 'requested', atMs: at(6_000), deadlineMs: at(9_000) };

describe('a chain of events', () => {
  const chainOf = () => {
    const first = envelop(ID, { version: 0, headHash: NO_HASH }, [requested], context, at(5_000), ids());
    const headHash = first[0]?.hash ?? '';
    return [...first, ...envelop(ID, { version: 1, headHash }, [revoked, revoked], context, at(6_000), ids())];
  };

  it('says who, when, why and under which policy, and holds the hash of the one before', () => {
    const chain = chainOf();
    expect(chain[0]).toMatchObject({
      specversion: '1',
      type: 'CredentialRequested',
      subject: ID,
      version: 1,
      at: '1970-01-01T00:00:05.000Z',
    });
    expect(chain[0]).toMatchObject({ ...context, data: requested, prevHash: NO_HASH, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(chain.map(({ version }) => version)).toEqual([1, 2, 3]);
    expect(chain.map(({ prevHash }) => prevHash)).toEqual([NO_HASH, chain[0]?.hash, chain[1]?.hash]);
    expect(NO_HASH).toMatch(/^0{64}$/);
  });

  type Chain = readonly Envelope[];
  const change =
    (index: number, what: Partial<Envelope>) =>
    (chain: Chain): Chain =>
      chain.map((envelope, at) => (at === index ? { ...envelope, ...what } : envelope));
  /** With its hash as it would be, so that only the place in the chain is wrong. */
  const renumbered = (version: number) => (chain: Chain) => {
    const [one] = envelop(ID, { version: version - 1, headHash: chain[0]?.hash ?? '' }, [revoked], context, at(6_000), ids());
    return one ? [...chain.slice(0, 1), one] : [];
  };
  const rehung = (chain: Chain) => [
    ...chain.slice(0, 1),
    ...envelop(ID, { version: 1, headHash: 'e'.repeat(64) }, [revoked], context, at(6_000), ids()),
  ];
  it.each<readonly [string, (chain: Chain) => Chain, number | undefined]>([
    ['whole', (chain) => chain, undefined],
    ['none', () => [], undefined],
    ['another cause', change(1, { cause: 'other' }), 2],
    ['another hash', change(2, { hash: 'f'.repeat(64) }), 3],
    ['other data', change(0, { data: revoked }), 1],
    ['another order', ([a, b, c]) => [a, c, b] as Chain, 2],
    ['one cut out', ([a, , c]) => [a, c] as Chain, 2],
    ['without the first', (chain) => chain.slice(1), 1],
    ['another number', change(1, { version: 5 }), 2],
    ['another predecessor', change(1, { prevHash: NO_HASH }), 2],
    ['another number, hashed anew', renumbered(5), 2],
    ['another predecessor, hashed anew', rehung, 2],
  ])('verified: %s', (_name, changed, broken) => expect(firstBreak(changed(chainOf()))).toBe(broken));
});

interface Counter {
  readonly id: string;
  readonly n: number;
}

describe('writing a record', () => {
  it('gives it as it then is, with the head of its chain', async () => {
    const ledger = memoryLedger();
    const ports = portsOn(ledger);
    const made = await appendCredential(ports, undefined, [requested], context);
    expect(made).toMatchObject({ version: 1, state: { id: ID, status: 'provisioning' } });
    const ended = await appendCredential(ports, made, [revoked], context);
    expect(ended).toMatchObject({ version: 2, state: { status: 'revoking' } });
    expect(ledger.credentials.get(ID)).toMatchObject({ version: 2, headHash: ended.headHash, dueAtMs: 6_000 });
    const told = await ledger.events(ID);
    expect(told.map(({ connector }) => connector)).toEqual(['aws-iam-user', 'aws-iam-user']); // what filters events goes by it
    expect(firstBreak(told)).toBeUndefined();
    expect(firstBreak(told.map((event) => ({ ...event, connector: 'api-token' })))).toBe(1);
    expect((await ledger.events(ID)).at(-1)?.hash).toBe(ended.headHash);
    expect(firstBreak(await ledger.events(ID))).toBeUndefined();
  });

  it('without events, changes nothing where there is a record, and is a mistake where there is none', async () => {
    const ports = portsOn(memoryLedger());
    await expect(appendCredential(ports, undefined, [], context)).rejects.toThrow('nothing to append');
    await expect(appendOwner(ports, undefined, [], context)).rejects.toThrow('nothing to append');
    const made = await appendCredential(ports, undefined, [requested], context);
    expect(await appendCredential(ports, made, [], context)).toBe(made);
    expect(await ports.ledger.events(ID)).toHaveLength(1);
  });

  it('writes what must be unique with it, and looks at the owner only where that is wanted', async () => {
    const ledger = memoryLedger();
    const ports = portsOn(ledger);
    const companions = [{ item: 'request', caller: 'a', key: 'k', credentialId: ID }] as const;
    await expect(appendCredential(ports, undefined, [requested], context, { companions, requires: holder })).rejects.toMatchObject({
      code: 'owner-not-active',
    });
    await appendCredential(ports, undefined, [requested], context, { companions });
    expect(await ledger.credentialByRequest('a', 'k')).toBe(ID);
  });

  it('of an owner, with aliases', async () => {
    const ledger = memoryLedger();
    const ownerId = 'own_1' as OwnerId;
    const attributes = { email: '', roles: [] };
    const registered = { type: 'OwnerRegistered', id: ownerId, key: 'k' as OwnerKey, source: 'hr', subject: '1', attributes } as const;
    const alias = { item: 'alias', source: 'hr', externalId: '1', ownerId } as const;
    const made = await appendOwner(portsOn(ledger), undefined, [registered], context, [alias]);
    expect(made).toMatchObject({ version: 1, state: { id: ownerId, status: 'active' }, headHash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await ledger.ownerByAlias('hr', '1')).toBe(ownerId);
    const joined = { type: 'OwnerJoined', sequence: 1, attributes, occurredAtMs: at(1), receivedAtMs: at(2) } as const;
    const next = await appendOwner(portsOn(ledger), made, [joined, { ...joined, sequence: 2 }], context);
    expect(next).toMatchObject({ version: 3, headHash: (await ledger.events(ownerId)).at(-1)?.hash });
    for (const event of await ledger.events(ownerId)) expect(event).not.toHaveProperty('connector');
  });

  it('of another kind, by its own rules', async () => {
    const saved: unknown[] = [];
    const rules = {
      evolve: (state: Counter | undefined) => ({ id: 'feed_1', n: (state?.n ?? 0) + 1 }),
      dueAtMs: ({ n }: Counter) => at(n),
      save: async (append: unknown) => void saved.push(append),
    };
    const write = (before: Loaded<Counter> | undefined, events: readonly CredentialEvent[]) =>
      appendRecord<Counter, CredentialEvent>(portsOn(memoryLedger()), before, events, context, rules);
    await expect(write(undefined, [])).rejects.toThrow('nothing to append');
    const made = await write(undefined, [revoked]);
    expect(made).toMatchObject({ state: { n: 1 }, version: 1 });
    const next = await write(made, [revoked, revoked]);
    expect(next).toMatchObject({ state: { n: 3 }, version: 3 });
    expect(saved).toMatchObject([
      { before: undefined, dueAtMs: 1, companions: [], envelopes: [{ hash: made.headHash }] },
      {
        before: made,
        dueAtMs: 3,
        companions: [],
        envelopes: [
          { version: 2, prevHash: made.headHash },
          { version: 3, hash: next.headHash },
        ],
      },
    ]);
  });
});

describe('a command', () => {
  const living = async () => {
    const ledger = memoryLedger();
    await appendCredential(portsOn(ledger), undefined, [requested], context);
    return ledger;
  };

  it('is decided and recorded; refused, it changes nothing', async () => {
    const ledger = await living();
    const ports = portsOn(ledger, 6_000);
    expect(await command(ports, ID, { type: 'rotate' }, context)).toMatchObject({ decision: { ok: false }, record: { version: 1 } });
    const done = await command(ports, ID, { type: 'revoke', cause: 'requested' }, context);
    expect(done).toMatchObject({ decision: { ok: true }, record: { version: 2, state: { status: 'revoking' } } });
    const none = await command(ports, 'cred_2' as CredentialId, { type: 'revoke', cause: 'requested' }, context);
    expect(none).toMatchObject({ decision: { ok: false, why: 'no-such-credential' }, record: undefined });
  });

  it('reads and decides anew when another writer was first', async () => {
    const ledger = await living();
    let raced = false;
    const racing: Ledger = {
      ...ledger,
      appendCredential: async (append) => {
        if (!raced) {
          raced = true;
          await appendCredential(portsOn(ledger), await ledger.credential(ID), [revoked], context);
        }
        return ledger.appendCredential(append);
      },
    };
    const { record } = await command(portsOn(racing, 7_000), ID, { type: 'revoke', cause: 'owner-left-for-cause' }, context);
    expect(record?.version).toBeGreaterThanOrEqual(2);
    expect((await ledger.events(ID))[1]).toMatchObject({ data: revoked });
  });
});

describe('conflicts', () => {
  const failing = (times: number, fault: unknown) => {
    const tries = { count: 0 };
    const attempt = async () => {
      tries.count += 1;
      if (tries.count <= times) throw fault;
      return 'done';
    };
    return { tries, attempt };
  };
  const conflict = new Fault('ledger-conflict', true);

  it.each([
    [0, 1],
    [7, 8],
  ])('after %i of them it went through at try %i', async (times, tries) => {
    const run = failing(times, conflict);
    await expect(retryingConflicts(run.attempt)).resolves.toBe('done');
    expect(run.tries.count).toBe(tries);
  });
  it('more than seven are thrown, and anything else at once', async () => {
    await expect(retryingConflicts(failing(8, conflict).attempt)).rejects.toBe(conflict);
    const other = failing(1, new Fault('already-exists', false));
    await expect(retryingConflicts(other.attempt)).rejects.toMatchObject({ code: 'already-exists' });
    expect(other.tries.count).toBe(1);
  });
});

describe('a record that can’t be read', () => {
  const unreadable = new Fault('ledger-unreadable', false, ID);
  it('is set aside for an hour; what is there, or isn’t, is given', async () => {
    const asked: unknown[] = [];
    const ports = {
      clock: { now: () => at(1_000) },
      ledger: { setAside: async (...args: unknown[]) => void asked.push(args) } as unknown as Ledger,
    };
    const read = (result: () => Promise<undefined>) => readOrSetAside(ports, ID, result);
    expect(await read(() => Promise.reject(unreadable))).toBe('unreadable');
    expect(asked).toEqual([[ID, 3_601_000]]);
    expect(await read(async () => undefined)).toBeUndefined();
    await expect(read(() => Promise.reject(new Error('no connection')))).rejects.toThrow('no connection');
    expect(asked).toHaveLength(1);
  });

  it('can be done without, and no other fault can', () => {
    expect(isUnreadable(unreadable)).toBe(true);
    expect(isUnreadable(new Error('ledger-unreadable'))).toBe(false);
    expect(isUnreadable(new Fault('ledger-conflict', true))).toBe(false);
    expect(unlessUnreadable(unreadable)).toBeUndefined();
    expect(() => unlessUnreadable(new Error('x'))).toThrow('x');
  });
});

describe('a secret value', () => {
  it('does not print', () => {
    const secret = new Secret('hunter2');
    expect([`${secret}`, JSON.stringify({ secret }), String(secret)]).toEqual(['[secret]', '{"secret":"[secret]"}', '[secret]']);
    expect(secret.reveal()).toBe('hunter2');
  });
  it.each([
    [new Fault('key-quota', true, 'CreateAccessKey'), 'key-quota: CreateAccessKey'],
    [new Fault('key-quota', true), 'key-quota'],
  ])('a fault says its code and what it is about', (fault, message) => {
    expect([fault.message, fault.name, fault.retryable]).toEqual([message, 'Fault', true]);
  });
});
