import { createHash } from 'node:crypto';
import type { MemoryLedger } from '../../lib/adapters/memory/ledger.ts';
import type { IamKey, IamUser } from '../../lib/adapters/memory/provider-world.ts';
import type { Clock } from '../../lib/application/ports.ts';
import type { TokenKeys } from '../../lib/application/rotate-token-key.ts';
import { Fault, Secret } from '../../lib/domain/faults.ts';
import type { Owner } from '../../lib/domain/owner/state.ts';
import { judgeToken, type TokenOwner, type TokenRecord } from '../../lib/domain/token/check.ts';
import type { EpochMs, KeyId, OwnerId, OwnerKey } from '../../lib/domain/types.ts';

/** A token record as the account it is: its versions are the keys. */
export interface TokenAccount extends IamUser {
  readonly record: TokenRecord;
}

export const isTokenAccount = (user: IamUser): user is TokenAccount => 'record' in user;

const seen = new WeakMap<TokenRecord, TokenAccount>();

/** `undefined`: it was removed. */
export function tokenAccount(record: TokenRecord | undefined, ownerKey: OwnerKey | undefined): TokenAccount | undefined {
  if (!record || record.removed) return undefined;
  const known = seen.get(record);
  if (known) return known;
  const plain = { createdAtMs: 0 as EpochMs, usedAtMs: undefined, secret: '' };
  const keys = record.versions.map(({ attempt, active }): readonly [KeyId, IamKey] => [
    attempt as string as KeyId,
    { ...plain, attempt, active },
  ]);
  const account: TokenAccount = {
    ...{ record, credential: record.credentialId, path: '', createdAtMs: 0 as EpochMs, ownerKey: ownerKey ?? '', denied: record.denied },
    ...{ inGroup: true, attached: new Set(), keys: new Map(keys), goneKeys: new Map() },
  };
  seen.set(record, account);
  return account;
}

/** What of an owner's record the authorizer reads. */
const tokenOwnerOf = ({ status, epoch, killed, offboarding }: Owner): TokenOwner => ({
  ...{ status, epoch, killed: killed !== undefined, forCause: offboarding?.cause === 'for-cause' },
});

/** The same, as a planted bug would have it. */
export const authorizerOf =
  ({ owners }: MemoryLedger, planted: (real: TokenOwner | undefined) => TokenOwner | undefined = (real) => real) =>
  (id: OwnerId): TokenOwner | undefined => {
    const owner = owners.get(id)?.state;
    return planted(owner && tokenOwnerOf(owner));
  };

/** What an authorizer says to the token that this version is told by. */
export function letsIn({ record }: TokenAccount, { attempt }: IamKey, owner: TokenOwner | undefined, nowMs: EpochMs): boolean {
  const version = record.versions.find((one) => one.attempt === attempt);
  const asked = { environment: record.environment, scope: record.terms.scopes[0] ?? '', nowMs };
  return judgeToken(record, version, owner, asked).ok;
}

/** A token bears the end that its credential had when it was made. */
export const isPastEnd = (user: IamUser, { attempt }: IamKey, nowMs: EpochMs): boolean =>
  isTokenAccount(user) && nowMs >= (user.record.versions.find((one) => one.attempt === attempt)?.notAfterMs ?? Number.POSITIVE_INFINITY);

/** Whether its owner's life alone ends it, by what was decided of tokens: a kill or a cause at once, a plain leave where nobody takes it over. */
export const endsWithOwner = ({ terms, ownerEpoch }: TokenRecord, owner: Owner | undefined): boolean =>
  !owner ||
  owner.killed !== undefined ||
  owner.offboarding?.cause === 'for-cause' ||
  (!terms.outlivesLeave && (owner.status === 'left' || owner.epoch !== ownerEpoch));

/** The secret with the keys that tokens are told by: one of its versions for each key, made once. */
export interface TokenKeysInMemory {
  readonly port: TokenKeys;
  text(): string;
  newKey(): Secret;
}

export function tokenKeysInMemory({ now }: Clock): TokenKeysInMemory {
  type Kept = Awaited<ReturnType<TokenKeys['read']>>;
  let kept: Kept = { current: 'k1', keys: new Map([['k1', new Secret('1'.repeat(44))]]), sinceMs: now() };
  const written = new Set(['k1']);
  let made = 1;
  return {
    port: {
      read: async () => kept,
      write: async (current, keys) => {
        if (written.has(current)) throw new Fault('provider-refused', false, 'PutSecretValue: ResourceExistsException');
        written.add(current);
        kept = { current, keys, sinceMs: now() };
      },
    },
    text: () => JSON.stringify({ current: kept.current, ...Object.fromEntries([...kept.keys].map(([id, key]) => [id, key.reveal()])) }),
    newKey: () => {
      made += 1;
      return new Secret(`key-${made}-`.padEnd(44, 'x'));
    },
  };
}

/** Chance that is none, so that a run is the same each time. */
export function countedBytes(): (count: number) => Uint8Array {
  let made = 0;
  return (count) => {
    made += 1;
    return createHash('sha256').update(String(made)).digest().subarray(0, count);
  };
}
