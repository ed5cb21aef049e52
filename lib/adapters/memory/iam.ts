import type { Clock, Connector } from '../../application/ports.ts';
import type { Credential } from '../../domain/credential/state.ts';
import { Fault, Secret } from '../../domain/faults.ts';
import type { EpochMs, KeyId } from '../../domain/types.ts';
import { deleteKey, listedKeys, removeUser } from './iam-removal.ts';
import { type IamKey, type IamUser, noteUse, type ProviderWorld, plainSend, type Send } from './provider-world.ts';

const MAX_KEYS = 2;

const seenByGetUser = ({ users, readLagMs, deletedUsers }: ProviderWorld, name: string, nowMs: EpochMs): boolean => {
  const user = users.get(name);
  const deletedAtMs = deletedUsers.get(name);
  if (user) return nowMs - user.createdAtMs >= readLagMs;
  return deletedAtMs !== undefined && nowMs - deletedAtMs < readLagMs;
};

/**
 * IAM as its documentation has it: two keys a user, inactive ones included; a fresh key refused and perhaps not listed; GetUser behind by
 * as much; no deletion of what something hangs on. Each request goes through `send`, in the order of the real connector.
 */
export function memoryIam(world: ProviderWorld, clock: Clock, newKeyId: () => string, send: Send = plainSend): Connector {
  const userOf = ({ grant }: Credential): IamUser | undefined => world.users.get(grant.accountName);
  const keyOf = (credential: Credential, keyId: KeyId): IamKey | undefined => userOf(credential)?.keys.get(keyId);
  const setActive = (credential: Credential, keyId: KeyId, active: boolean): boolean => {
    const key = keyOf(credential, keyId);
    if (key) key.active = active;
    return key !== undefined;
  };
  return {
    ensureAccount: async (credential) => {
      const { id, grant, holder } = credential;
      const isNew = await send('CreateUser', false, () => {
        if (world.users.has(grant.accountName)) return false;
        const tags = { credential: id, path: '/nhi/', ownerKey: holder.key, createdAtMs: clock.now() };
        world.users.set(grant.accountName, {
          ...tags,
          denied: false,
          inGroup: false,
          attached: new Set(),
          keys: new Map(),
          goneKeys: new Map(),
        });
        return true;
      });
      if (!isNew)
        await send('GetUser', true, () => {
          if (!seenByGetUser(world, grant.accountName, clock.now()))
            throw new Fault('provider-throttled', true, 'GetUser: a user that is there is not seen yet');
          if (userOf(credential)?.credential !== id) throw new Fault('foreign-account', false, grant.accountName);
        });
      await send('AddUserToGroup', true, () => {
        const user = userOf(credential);
        if (!user) throw new Fault('provider-refused', false, 'AddUserToGroup: NoSuchEntity');
        user.inGroup = true;
      });
    },
    createVersion: async (credential, attempt) => {
      const { grant } = credential;
      const { keyId, secret } = await send('CreateAccessKey', false, () => {
        const user = userOf(credential);
        if (!user) throw new Fault('provider-refused', false, 'CreateAccessKey: NoSuchEntity');
        if (user.keys.size >= MAX_KEYS) throw new Fault('key-quota', true, 'CreateAccessKey: LimitExceeded');
        const made = newKeyId() as KeyId;
        const key: IamKey = { secret: `secret-of-${made}`, attempt, createdAtMs: clock.now(), active: true, usedAtMs: undefined };
        user.keys.set(made, key);
        return { keyId: made, secret: key.secret };
      });
      const names = { accountId: grant.account, userName: grant.accountName, versionId: attempt };
      return {
        keyId,
        body: new Secret(JSON.stringify({ v: 1, kind: 'aws-access-key', accessKeyId: keyId, secretAccessKey: secret, ...names })),
      };
    },
    listVersions: (credential) => send('ListAccessKeys', true, () => listedKeys(world, userOf(credential), clock.now())),
    keyIdOf: (body) => JSON.parse(body.reveal()).accessKeyId,
    verify: (body) =>
      send('GetCallerIdentity', false, () => {
        const { accessKeyId, userName } = JSON.parse(body.reveal());
        const key = world.users.get(userName)?.keys.get(accessKeyId);
        const known = key?.active === true && clock.now() - key.createdAtMs >= world.propagationMs; // a deny does not stop GetCallerIdentity
        if (known) noteUse(key, clock.now()); // counts as use
        return known;
      }),
    lastUsed: (credential, keyId) => send('GetAccessKeyLastUsed', true, () => keyOf(credential, keyId)?.usedAtMs),
    disableVersion: (credential, keyId) => send('UpdateAccessKey Inactive', true, () => void setActive(credential, keyId, false)),
    deleteVersion: (credential, keyId) => send('DeleteAccessKey', true, () => deleteKey(userOf(credential), keyId, clock.now())),
    deny: (credential) =>
      send('PutUserPolicy', true, () => {
        const user = userOf(credential);
        if (user) user.denied = true;
      }),
    lift: (credential) =>
      send('DeleteUserPolicy', false, () => {
        const user = userOf(credential);
        if (user) user.denied = false;
      }),
    enableVersion: (credential, keyId) => send('UpdateAccessKey Active', false, () => setActive(credential, keyId, true)),
    tagOwner: (credential, holder) =>
      send('TagUser', false, () => {
        const user = userOf(credential);
        if (!user) throw new Fault('provider-refused', false, 'TagUser: NoSuchEntity');
        user.ownerKey = holder.key;
      }),
    removeAccount: async (credential) => {
      const name = credential.grant.accountName;
      if (!(await send('GetUser', true, () => seenByGetUser(world, name, clock.now())))) return true;
      const user = world.users.get(name);
      if (user && user.credential !== credential.id) throw new Fault('foreign-account', false, name);
      const { blocked } = credential;
      return removeUser(world, clock, name, send, blocked?.step === 'remove-account' ? (blocked.done ?? 0) : 0);
    },
    accountExists: ({ grant }) => send('GetUser', true, () => seenByGetUser(world, grant.accountName, clock.now())),
  };
}
