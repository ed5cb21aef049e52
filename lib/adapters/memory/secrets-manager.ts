import type { Clock, SecretStore } from '../../application/ports.ts';
import { type Credential, isGivenUp } from '../../domain/credential/state.ts';
import { Fault, Secret } from '../../domain/faults.ts';
import type { AttemptId } from '../../domain/types.ts';
import { type ProviderWorld, plainSend, type Send, type StoredSecret } from './provider-world.ts';

/** Versions a secret takes; beyond it the oldest without a label go, but none younger than a day. */
const MAX_VERSIONS = 100;
const PRUNED_AFTER_MS = 86_400_000;
/** Days in which a withdrawn secret keeps its name: 7, as the real store asks for. */
const RECOVERY_MS = 7 * 86_400_000;

const refused = (what: string): Fault => new Fault('provider-refused', false, what);

/**
 * Secrets Manager as its documentation has it: versions by request token, the first one AWSCURRENT by itself, AWSPREVIOUS follows, about a
 * hundred versions, deletion with a window that keeps the name. Each request goes through `send`, in the order of the real store.
 */
export function memorySecrets(world: ProviderWorld, clock: Clock, send: Send = plainSend): SecretStore {
  const find = ({ grant }: Credential): StoredSecret | undefined => {
    const secret = world.secrets.get(grant.secretName);
    return secret?.deletedAtMs !== undefined && clock.now() - secret.deletedAtMs > RECOVERY_MS ? undefined : secret;
  };
  const live = (credential: Credential): StoredSecret => {
    const secret = find(credential);
    if (!secret) throw refused('ResourceNotFoundException');
    if (secret.deletedAtMs !== undefined) throw refused('InvalidRequestException');
    return secret;
  };
  const restrict = (credential: Credential, readers: readonly string[], repeatable: boolean) =>
    send('PutResourcePolicy', repeatable, () => {
      live(credential).readers = readers;
    });
  return {
    ensure: async (credential) => {
      const { id, grant, holder } = credential;
      const known = await send('CreateSecret', false, () => {
        const found = find(credential);
        if (found) return found;
        const empty = { versions: new Map(), labels: new Map(), readers: [], deletedAtMs: undefined };
        world.secrets.set(grant.secretName, { credential: id, ownerKey: holder.key, ...empty });
        return undefined;
      });
      if (known)
        await send('DescribeSecret', true, () => {
          if (known.credential !== id) throw new Fault('foreign-account', false, grant.secretName);
          if (known.deletedAtMs !== undefined) throw refused('InvalidRequestException');
        });
      await restrict(credential, [], false);
    },
    put: (credential, attempt, body) =>
      send('PutSecretValue', true, () => {
        const secret = live(credential);
        const before = secret.versions.get(attempt);
        if (before && before.value !== body.reveal()) throw refused('PutSecretValue: ResourceExistsException');
        if (before) return;
        makeRoom(secret, clock.now());
        secret.versions.set(attempt, { value: body.reveal(), storedAtMs: clock.now() });
        secret.labels.set('AWSPENDING', attempt);
        if (!secret.labels.has('AWSCURRENT')) secret.labels.set('AWSCURRENT', attempt);
      }),
    read: (credential, attempt) =>
      send('GetSecretValue', true, () => {
        const secret = find(credential);
        const version = secret?.deletedAtMs === undefined ? secret?.versions.get(attempt) : undefined;
        return version && new Secret(version.value);
      }),
    promote: async (credential, attempt) => {
      /** `false`: the label is not where it was thought to be. */
      const move = (from: AttemptId | undefined): Promise<boolean> =>
        send('UpdateSecretVersionStage', false, () => {
          const { versions, labels } = live(credential);
          if (!versions.has(attempt)) throw refused('UpdateSecretVersionStage: ResourceNotFoundException');
          if (labels.get('AWSCURRENT') !== from) return false;
          if (from !== undefined) labels.set('AWSPREVIOUS', from);
          labels.set('AWSCURRENT', attempt);
          return true;
        });
      const known = credential.versions.find(({ phase }) => phase === 'current')?.attempt;
      if (known && (await move(known))) return;
      const holder = await send('DescribeSecret', true, () => live(credential).labels.get('AWSCURRENT'));
      if (holder === attempt) return;
      if (holder !== undefined && !credential.attempts.includes(holder))
        throw refused('drift: AWSCURRENT is on a version that is none of ours');
      if (!(await move(holder))) throw refused('UpdateSecretVersionStage: InvalidParameterException');
    },
    unstage: async (credential) => {
      const stray = await send('DescribeSecret', true, () => {
        const secret = find(credential);
        const pending = secret?.deletedAtMs === undefined ? secret?.labels.get('AWSPENDING') : undefined;
        return pending && pending !== secret?.labels.get('AWSCURRENT') && isGivenUp(credential, pending) ? pending : undefined;
      });
      if (stray)
        await send('UpdateSecretVersionStage', true, () => {
          const labels = find(credential)?.labels;
          if (labels?.get('AWSPENDING') === stray) labels.delete('AWSPENDING');
        });
    },
    tagOwner: (credential, holder) =>
      send('TagResource', false, () => {
        live(credential).ownerKey = holder.key;
      }),
    share: (credential) => restrict(credential, credential.grant.consumers, true),
    close: (credential) => restrict(credential, [], true),
    withdraw: (credential) =>
      send('DeleteSecret', true, () => {
        const secret = find(credential);
        if (secret) secret.deletedAtMs ??= clock.now();
      }),
    readable: (credential) =>
      send('DescribeSecret', true, () => {
        const secret = find(credential);
        return secret !== undefined && secret.deletedAtMs === undefined;
      }),
  };
}

function makeRoom({ versions, labels }: StoredSecret, nowMs: number): void {
  if (versions.size < MAX_VERSIONS) return;
  const labelled = new Set<AttemptId>(labels.values());
  for (const [attempt, { storedAtMs }] of versions)
    if (!labelled.has(attempt) && nowMs - storedAtMs >= PRUNED_AFTER_MS) {
      versions.delete(attempt);
      return;
    }
  throw refused('PutSecretValue: LimitExceededException');
}
