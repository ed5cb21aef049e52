import { setTimeout as sleep } from 'node:timers/promises';
import type { Connector } from '../../application/ports.ts';
import type { TokenStore } from '../../application/token-store.ts';
import { isToldBy, type KeyringSource, macOf } from '../../client/token-mac.ts';
import type { Credential, Holder } from '../../domain/credential/state.ts';
import { Fault } from '../../domain/faults.ts';
import type { TokenRecord, TokenVersion } from '../../domain/token/check.ts';
import { parseToken, tokenBody, tokenIdOf, withChecksum } from '../../domain/token/format.ts';
import type { AttemptId, KeyId } from '../../domain/types.ts';
import { parseTokenBody, tokenSecretBody } from './token-secret.ts';

export interface ApiTokenConfig {
  readonly store: TokenStore;
  readonly keyring: KeyringSource;
  /** The one account whose tokens these are. */
  readonly account: string;
  /** So many bytes of chance, fit for keys. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** @default real time */
  readonly pause?: (ms: number) => Promise<unknown>;
}

const SECRET_BYTES = 32;
const MAX_VERSIONS = 2;
/** Writers of one record at the same moment; each of them reads it again. */
const MAX_COLLISIONS = 6;

/**
 * Our own tokens: one record a credential, its versions the tokens. What gives access (create, enable, lift, the owner) carries the
 * fence of its lease, and the record refuses one older than the last it saw: here a late call has no effect, whatever it was.
 * What takes access away is never refused.
 */
export function apiTokenConnector({ store, keyring: read, account, randomBytes, pause = sleep }: ApiTokenConfig): Connector {
  /** Without the keys nothing was done, and later it may be. */
  const keyring: KeyringSource = (needed) =>
    read(needed).catch((error: unknown) => {
      throw new Fault('provider-throttled', true, `token keys: ${error instanceof Error ? error.message : 'unreadable'}`);
    });

  const idOf = ({ id, grant }: Credential): string => {
    if (grant.connector !== 'api-token' || grant.account !== account || !grant.token)
      throw new Fault('misconfigured', false, `${id} is no credential for API tokens of account ${account}`);
    return tokenIdOf(id);
  };

  /** Reads, decides, and writes where nobody wrote in between. `undefined`: there is nothing to change. */
  const change = async (
    credential: Credential,
    decide: (record: TokenRecord | undefined) => Partial<TokenRecord> | undefined,
  ): Promise<TokenRecord | undefined> => {
    const id = idOf(credential);
    for (let collisions = 1; collisions <= MAX_COLLISIONS; collisions += 1) {
      const before = await store.read(id);
      if (before && before.credentialId !== credential.id) throw new Fault('foreign-account', false, id);
      const changed = decide(before);
      if (!changed) return before;
      const fence = Math.max(before?.fence ?? 0, credential.fence);
      const after = { ...(before ?? blank(credential)), ...changed, fence, revision: (before?.revision ?? 0) + 1 };
      if (await store.write(before, after)) return after;
      await pause(randomBytes(1)[0] ?? 0);
    }
    throw new Fault('provider-throttled', true, `${id} is written by others all the time`);
  };

  const live = (credential: Credential, record: TokenRecord | undefined): TokenRecord => {
    if (!record || record.removed) throw new Fault('provider-refused', false, `${idOf(credential)}: no such token record`);
    if (credential.fence < record.fence) throw new Fault('provider-refused', false, `${record.id}: a later step was there`);
    return record;
  };

  const giveBack = (credential: Credential, given: (record: TokenRecord) => Partial<TokenRecord>) =>
    change(credential, (record) => given(live(credential, record)));

  const takeAway = (credential: Credential, taken: (record: TokenRecord) => Partial<TokenRecord>): Promise<unknown> =>
    change(credential, (record) => (record && !record.removed ? taken(record) : undefined));

  return {
    ensureAccount: async (credential) => {
      await change(credential, (record) => {
        if (record?.removed) throw new Fault('provider-refused', false, `${record.id} was removed, and is not made again`);
        return record ? undefined : {};
      });
    },

    createVersion: async (credential, attempt) => {
      const { current, keys } = await keyring();
      const key = keys.get(current);
      if (!key) throw new Fault('misconfigured', false, 'no key to tell tokens by');
      const body = tokenBody(credential.grant.environment, idOf(credential), randomBytes(SECRET_BYTES));
      const notAfter = credential.expiry && { notAfterMs: credential.expiry.atMs };
      const made: TokenVersion = { attempt, mac: macOf(key, body).toString('base64url'), macKey: current, active: true, ...notAfter };
      await change(credential, (record) => {
        const others = live(credential, record).versions.filter((version) => version.attempt !== attempt);
        if (others.length >= MAX_VERSIONS) throw new Fault('key-quota', true, `${MAX_VERSIONS} versions`);
        return { versions: [...others, made] }; // made again, it is another token under the same attempt: nobody has the first
      });
      return { keyId: keyIdOfAttempt(attempt), body: tokenSecretBody(withChecksum(body), attempt, credential.expiry) };
    },

    listVersions: async (credential) =>
      ((await store.read(idOf(credential)))?.versions ?? []).map((version) => keyIdOfAttempt(version.attempt)),
    keyIdOf: (body) => keyIdOfAttempt(parseTokenBody(body).versionId),

    verify: async (body) => {
      const { token, versionId } = parseTokenBody(body);
      return isUsable(store, keyring, token, versionId);
    },
    lastUsed: async () => undefined, // no check writes

    disableVersion: async (credential, keyId) => {
      await takeAway(credential, ({ versions }) => ({ versions: switched(versions, keyId, false) }));
    },
    enableVersion: async (credential, keyId) => {
      const after = await giveBack(credential, ({ versions }) => ({ versions: switched(versions, keyId, true) }));
      return after?.versions.some((version) => keyIdOfAttempt(version.attempt) === keyId) ?? false;
    },
    deleteVersion: async (credential, keyId) => {
      await takeAway(credential, ({ versions }) => ({ versions: versions.filter(({ attempt }) => keyIdOfAttempt(attempt) !== keyId) }));
    },

    deny: async (credential) => void (await takeAway(credential, () => ({ denied: true }))),
    lift: async (credential) => {
      await giveBack(credential, () => ({ denied: false, ...heldBy(credential.holder) })); // whoever came back holds it in a later life
    },
    tagOwner: async (credential, holder) => void (await giveBack(credential, () => heldBy(holder))),

    removeAccount: async (credential) => {
      await takeAway(credential, () => ({ removed: true, denied: true, versions: [] }));
      return true;
    },
    accountExists: async (credential) => {
      const record = await store.read(idOf(credential));
      return record !== undefined && !record.removed;
    },
  };
}

const heldBy = ({ id, epoch }: Holder) => ({ ownerId: id, ownerEpoch: epoch });

/** A version is named by its attempt, at the provider too. */
const keyIdOfAttempt = (attempt: AttemptId): KeyId => attempt as string as KeyId;

const switched = (versions: readonly TokenVersion[], keyId: KeyId, active: boolean): readonly TokenVersion[] =>
  versions.map((version) => (keyIdOfAttempt(version.attempt) === keyId ? { ...version, active } : version));

function blank({ id, holder, grant }: Credential): TokenRecord {
  return {
    ...{ id: tokenIdOf(id), credentialId: id, ...heldBy(holder), environment: grant.environment },
    terms: grant.token ?? { scopes: [], outlivesLeave: false },
    ...{ denied: false, removed: false, versions: [], fence: 0, revision: 0 },
  };
}

/** Told by its own version, whoever owns it and whether or not it is denied: what a version is worth is for the check to say. */
async function isUsable(store: TokenStore, keyring: KeyringSource, token: string, versionId: AttemptId): Promise<boolean> {
  const [, environment = ''] = token.split('_');
  const parsed = parseToken(token, environment);
  if (!parsed.ok) throw new Fault('provider-refused', false, `the stored value is no token of ours: ${parsed.why}`);
  const version = (await store.read(parsed.id))?.versions.find(({ attempt }) => attempt === versionId);
  return version?.active === true && isToldBy(await keyring([version.macKey]), version, parsed.body);
}
