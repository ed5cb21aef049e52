import { randomBytes } from 'node:crypto';
import { ulid } from 'ulid';
import { describe, expect, it } from 'vitest';
import { memoryIam } from '../../../lib/adapters/memory/iam.ts';
import { providerWorld } from '../../../lib/adapters/memory/provider-world.ts';
import { memoryTokenStore } from '../../../lib/adapters/memory/token-store.ts';
import type { Connector } from '../../../lib/application/ports.ts';
import type { TokenStore } from '../../../lib/application/token-store.ts';
import { apiTokenConnector } from '../../../lib/connectors/api-token/connector.ts';
import { expiryOf } from '../../../lib/domain/credential/expiry.ts';
import type { Credential } from '../../../lib/domain/credential/state.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import { tokenIdOf } from '../../../lib/domain/token/format.ts';
import type { EpochMs } from '../../../lib/domain/types.ts';
import { ACCOUNT, attempt, type Candidate, conforms, credentialOf } from '../../contract/connector-conformance.ts';
import { KEYRING } from '../token/given-tokens.ts';

const PROPAGATION_MS = 100;
const lost = (site: string): Fault => new Fault('provider-unknown', true, site);

/** Stands before `port`: the next call of the member that is named takes effect, and its answer is lost. */
function losing<T extends object>(port: T): { readonly port: T; lose(member: PropertyKey): void } {
  let losing: PropertyKey | undefined;
  const proxy = new Proxy(port, {
    get: (target, member, receiver) => {
      const value: unknown = Reflect.get(target, member, receiver);
      if (typeof value !== 'function' || member !== losing) return value;
      losing = undefined;
      return async (...args: readonly unknown[]) => {
        await Reflect.apply(value, target, args);
        throw lost(String(member));
      };
    },
  });
  return {
    port: proxy,
    lose: (member) => {
      losing = member;
    },
  };
}

const inMemoryIam = (): Candidate => {
  const world = providerWorld(PROPAGATION_MS);
  const clock = { now: () => Date.now() as EpochMs };
  const { port, lose } = losing<Connector>(memoryIam(world, clock, () => `AKIA${ulid()}`));
  return {
    connector: port,
    calm: async () => undefined,
    loseAnswer: async (member) => lose(member),
    isDenied: async ({ grant }) => world.users.get(grant.accountName)?.denied ?? false,
    ownerOf: async ({ grant }) => world.users.get(grant.accountName)?.ownerKey,
    propagationMs: PROPAGATION_MS,
  };
};

const tokensInMemory = (): Candidate => {
  const store = memoryTokenStore();
  const { port, lose } = losing<TokenStore>(store);
  return {
    connector: apiTokenConnector({ store: port, keyring: async () => KEYRING, account: ACCOUNT, randomBytes }),
    calm: async () => undefined,
    loseAnswer: async () => lose('write'),
    isDenied: async ({ id }) => store.records.get(tokenIdOf(id))?.denied ?? false,
    ownerOf: async ({ id }) => store.records.get(tokenIdOf(id))?.ownerId,
    propagationMs: 0,
  };
};

describe('the model of IAM in memory', () => conforms('aws-iam-user', inMemoryIam));
describe('API tokens in memory', () => conforms('api-token', tokensInMemory));

describe('a token of a credential that ends', () => {
  it('says so, in its value and to whoever checks it; one made after a renewal says when that ends', async () => {
    const store = memoryTokenStore();
    const connector = apiTokenConnector({ store, keyring: async () => KEYRING, account: ACCOUNT, randomBytes });
    const ends = (atMs: number): Credential => ({ ...credentialOf('api-token'), expiry: expiryOf(0 as EpochMs, atMs) });
    const made = ends(1_000);
    await connector.ensureAccount(made);
    const first = await connector.createVersion(made, attempt());
    const renewed = { ...made, expiry: expiryOf(0 as EpochMs, 2_000) };
    const second = await connector.createVersion(renewed, attempt());
    const valuesEnd = [first, second].map(({ body }) => JSON.parse(body.reveal()).notAfter);
    expect(valuesEnd).toEqual(['1970-01-01T00:00:01.000Z', '1970-01-01T00:00:02.000Z']);
    const record = await store.read(tokenIdOf(made.id));
    expect(record?.versions.map(({ notAfterMs }) => notAfterMs)).toEqual([1_000, 2_000]);
  });
});
