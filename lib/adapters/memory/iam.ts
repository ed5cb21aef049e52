import type { Clock, Connector } from '../../application/ports.ts';
import type { Credential } from '../../domain/credential/state.ts';
import { Fault, Secret } from '../../domain/faults.ts';
import type { KeyId } from '../../domain/types.ts';
import { type IamUser, type ProviderWorld, use } from './provider-world.ts';

const MAX_KEYS = 2;

/** IAM as its documentation has it: two keys a user, inactive ones included; a fresh key refused and perhaps not listed; no deletion of what something hangs on. */
export function memoryIam(world: ProviderWorld, clock: Clock, newKeyId: () => string): Connector {
  const userOf = ({ grant }: Credential): IamUser | undefined => world.users.get(grant.accountName);
  const fresh = (createdAtMs: number): boolean => clock.now() - createdAtMs < world.propagationMs;
  return {
    ensureAccount: async (credential) => {
      const { id, grant, holder } = credential;
      const known = userOf(credential);
      if (known && known.credential !== id) throw new Fault('foreign-account', false, grant.accountName);
      if (known) known.inGroup = true;
      else
        world.users.set(grant.accountName, {
          credential: id,
          ownerKey: holder.key,
          denied: false,
          inGroup: true,
          attached: new Set(),
          keys: new Map(),
        });
    },
    createVersion: async (credential, attempt) => {
      const user = userOf(credential);
      if (!user) throw new Fault('provider-refused', false, 'CreateAccessKey: NoSuchEntity');
      if (user.keys.size >= MAX_KEYS) throw new Fault('key-quota', true, 'CreateAccessKey: LimitExceeded');
      const keyId = newKeyId() as KeyId;
      const secret = `secret-of-${keyId}`;
      user.keys.set(keyId, { secret, attempt, createdAtMs: clock.now(), active: true, usedAtMs: undefined });
      const { grant } = credential;
      const body = {
        v: 1,
        kind: 'aws-access-key',
        accessKeyId: keyId,
        secretAccessKey: secret,
        accountId: grant.account,
        userName: grant.accountName,
        versionId: attempt,
      };
      return { keyId, body: new Secret(JSON.stringify(body)) };
    },
    listVersions: async (credential) =>
      [...(userOf(credential)?.keys ?? [])].filter(([, { createdAtMs }]) => !fresh(createdAtMs)).map(([keyId]) => keyId),
    keyIdOf: (body) => JSON.parse(body.reveal()).accessKeyId,
    verify: async (body) => {
      const { accessKeyId, userName } = JSON.parse(body.reveal());
      const key = world.users.get(userName)?.keys.get(accessKeyId);
      const known = key?.active === true && !fresh(key.createdAtMs); // a deny does not stop GetCallerIdentity
      if (known) use(world, accessKeyId, clock.now()); // counts as use
      return known;
    },
    lastUsed: async (credential, keyId) => userOf(credential)?.keys.get(keyId)?.usedAtMs,
    disableVersion: async (credential, keyId) => {
      const key = userOf(credential)?.keys.get(keyId);
      if (key) key.active = false;
    },
    deleteVersion: async (credential, keyId) => {
      userOf(credential)?.keys.delete(keyId);
    },
    deny: async (credential) => {
      const user = userOf(credential);
      if (user) user.denied = true;
    },
    lift: async (credential) => {
      const user = userOf(credential);
      if (user) user.denied = false;
    },
    enableVersion: async (credential, keyId) => {
      const key = userOf(credential)?.keys.get(keyId);
      if (key) key.active = true;
      return key !== undefined;
    },
    tagOwner: async (credential, holder) => {
      const user = userOf(credential);
      if (!user) throw new Fault('provider-refused', false, 'TagUser: NoSuchEntity');
      user.ownerKey = holder.key;
    },
    removeAccount: async (credential) => {
      const user = userOf(credential);
      if (!user) return true;
      for (const [keyId, { createdAtMs }] of user.keys) if (!fresh(createdAtMs)) user.keys.delete(keyId);
      user.attached.clear();
      user.inGroup = false;
      if (user.keys.size > 0) return false; // DeleteConflict; the deny is put back before anything else
      world.users.delete(credential.grant.accountName);
      return true;
    },
    accountExists: async (credential) => userOf(credential) !== undefined,
  };
}
