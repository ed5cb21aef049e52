import type { Clock, SecretStore } from '../../application/ports.ts';
import type { Credential } from '../../domain/credential/state.ts';
import { Fault, Secret } from '../../domain/faults.ts';
import type { ProviderWorld, StoredSecret } from './provider-world.ts';

/** Secrets Manager as its documentation has it: versions by request token, the first one AWSCURRENT by itself, deletion with a window that keeps the name. */
export function memorySecrets(world: ProviderWorld, clock: Clock): SecretStore {
  const live = (credential: Credential): StoredSecret => {
    const secret = world.secrets.get(credential.grant.secretName);
    if (!secret) throw new Fault('provider-refused', false, 'ResourceNotFoundException');
    if (secret.deletedAtMs !== undefined) throw new Fault('provider-refused', false, 'InvalidRequestException');
    return secret;
  };
  return {
    ensure: async (credential) => {
      const { id, grant } = credential;
      const known = world.secrets.get(grant.secretName);
      if (known && known.credential !== id) throw new Fault('foreign-account', false, grant.secretName);
      if (known?.deletedAtMs !== undefined) throw new Fault('provider-refused', false, 'InvalidRequestException');
      if (!known)
        world.secrets.set(grant.secretName, {
          credential: id,
          ownerKey: credential.holder.key,
          versions: new Map(),
          labels: new Map(),
          readers: [],
          deletedAtMs: undefined,
        });
    },
    put: async (credential, attempt, body) => {
      const secret = live(credential);
      const before = secret.versions.get(attempt);
      if (before !== undefined && before !== body.reveal())
        throw new Fault('provider-refused', false, 'PutSecretValue: ResourceExistsException');
      if (before !== undefined) return;
      secret.versions.set(attempt, body.reveal());
      secret.labels.set('AWSPENDING', attempt);
      if (!secret.labels.has('AWSCURRENT')) secret.labels.set('AWSCURRENT', attempt);
    },
    read: async ({ grant }, attempt) => {
      const secret = world.secrets.get(grant.secretName);
      const value = secret?.deletedAtMs === undefined ? secret?.versions.get(attempt) : undefined;
      return value === undefined ? undefined : new Secret(value);
    },
    promote: async (credential, attempt) => {
      const secret = live(credential);
      if (!secret.versions.has(attempt)) throw new Fault('provider-refused', false, 'UpdateSecretVersionStage: ResourceNotFoundException');
      const current = secret.labels.get('AWSCURRENT');
      if (current === attempt) return;
      if (current !== undefined && !credential.attempts.includes(current))
        throw new Fault('provider-refused', false, 'drift: AWSCURRENT is on a version that is none of ours');
      if (current !== undefined) secret.labels.set('AWSPREVIOUS', current);
      secret.labels.set('AWSCURRENT', attempt);
    },
    tagOwner: async (credential, holder) => {
      live(credential).ownerKey = holder.key;
    },
    share: async (credential) => {
      live(credential).readers = credential.grant.consumers;
    },
    close: async (credential) => {
      live(credential).readers = [];
    },
    withdraw: async ({ grant }) => {
      const secret = world.secrets.get(grant.secretName);
      if (secret) secret.deletedAtMs ??= clock.now();
    },
    readable: async ({ grant }) => {
      const secret = world.secrets.get(grant.secretName);
      return secret !== undefined && secret.deletedAtMs === undefined;
    },
  };
}
