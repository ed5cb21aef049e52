import { type Credential, keyIdsOf } from '../domain/credential/state.ts';
import type { KeyId } from '../domain/types.ts';
import type { Connector, SecretStore } from './ports.ts';

/** What the provider has of attempts without an answer, and which of their values are stored. */
export async function lookForAttempts(connector: Connector, secrets: SecretStore, state: Credential) {
  const keyIds = await connector.listVersions(state);
  const open = state.versions.filter((version) => version.phase === 'attempted' || version.phase === 'created');
  const stored = await Promise.all(
    open.map(async ({ attempt }) => {
      const body = await secrets.read(state, attempt);
      return body ? [{ attempt, keyId: connector.keyIdOf(body) }] : [];
    }),
  );
  return { keyIds, stored: stored.flat() };
}

export async function usesOf(connector: Connector, state: Credential, oldKeyId: KeyId) {
  const current = state.versions.find((version) => version.phase === 'current');
  const newUsedAtMs = current?.phase === 'current' ? await connector.lastUsed(state, current.keyId) : undefined;
  return { newUsedAtMs, oldUsedAtMs: await connector.lastUsed(state, oldKeyId) };
}

/** First what the ledger knows, since that needs no listing; then what the listing shows besides. */
export async function disableAll(connector: Connector, state: Credential, held: () => void) {
  const known = keyIdsOf(state.versions);
  const disable = async (keyId: KeyId): Promise<void> => {
    held();
    await connector.disableVersion(state, keyId);
  };
  for (const keyId of known) await disable(keyId);
  const listed = await connector.listVersions(state);
  for (const keyId of listed) if (!known.includes(keyId)) await disable(keyId);
  return listed;
}
