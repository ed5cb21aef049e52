import { randomBytes } from 'node:crypto';
import { type Keyring, macOf, parseKeyring } from '../../../lib/client/token-mac.ts';
import type { TokenOwner, TokenRecord, TokenVersion } from '../../../lib/domain/token/check.ts';
import { tokenBody, withChecksum } from '../../../lib/domain/token/format.ts';
import type { AttemptId, CredentialId, OwnerId } from '../../../lib/domain/types.ts';

export const KEYRING: Keyring = parseKeyring(JSON.stringify({ current: 'k2', k1: 'a'.repeat(64), k2: 'b'.repeat(64) }));
export const ID = '01arz3ndektsv4rrffq69g5fav';

/** A token with the version it is told by. */
export function givenToken(change: Partial<TokenVersion> = {}, environment = 'prod', id = ID) {
  const body = tokenBody(environment, id, randomBytes(32));
  const macKey = change.macKey ?? KEYRING.current;
  const key = KEYRING.keys.get(macKey);
  if (!key) throw new Error(`no key ${macKey}`);
  const mac = macOf(key, body).toString('base64url');
  const version: TokenVersion = { attempt: crypto.randomUUID() as AttemptId, mac, macKey, active: true, ...change };
  return { text: withChecksum(body), version };
}

export const givenRecord = (versions: readonly TokenVersion[], change: Partial<TokenRecord> = {}): TokenRecord => ({
  id: ID,
  credentialId: `cred_${ID.toUpperCase()}` as CredentialId,
  ownerId: 'own_1' as OwnerId,
  ownerEpoch: 0,
  environment: 'prod',
  terms: { scopes: ['orders:read', 'orders:write'], outlivesLeave: false },
  denied: false,
  removed: false,
  versions,
  fence: 1,
  revision: 1,
  ...change,
});

export const ACTIVE_OWNER: TokenOwner = { status: 'active', epoch: 0, killed: false, forCause: false };
