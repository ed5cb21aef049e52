import type { AttemptId, CredentialId, EpochMs, KeyId } from '../../domain/types.ts';

/** IAM and Secrets Manager as plain data, for a simulation to look at and a test to tamper with. */
export interface ProviderWorld {
  readonly users: Map<string, IamUser>;
  readonly secrets: Map<string, StoredSecret>;
  /** Versions of the kill policy, the last one in force: owner keys whose users are denied. */
  readonly killVersions: (readonly string[])[];
  /** A new key is refused for so long, and a listing may miss it for so long. IAM: 3 to 4 s, longer at times. */
  readonly propagationMs: number;
  /** For so long GetUser misses a new user and finds one that is gone, and a listing shows a key that is gone. */
  readonly readLagMs: number;
  /** When a user of that name was deleted last. */
  readonly deletedUsers: Map<string, EpochMs>;
}

export interface IamUser {
  /** `undefined`: made by hand. */
  readonly credential: CredentialId | undefined;
  readonly path: string;
  readonly createdAtMs: EpochMs;
  /** Value of the owner tag. */
  ownerKey: string;
  /** The inline deny-all is in place. */
  denied: boolean;
  inGroup: boolean;
  /** What somebody else hung on the user, by name. */
  readonly attached: Set<string>;
  readonly keys: Map<KeyId, IamKey>;
  /** When a key was deleted. */
  readonly goneKeys: Map<KeyId, EpochMs>;
}

export interface IamKey {
  readonly secret: string;
  /** `undefined`: made by hand. */
  readonly attempt: AttemptId | undefined;
  readonly createdAtMs: EpochMs;
  active: boolean;
  /** The last use that was noted. */
  usedAtMs: EpochMs | undefined;
}

type StagingLabel = 'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS';

export interface StoredSecret {
  readonly credential: CredentialId;
  ownerKey: string;
  readonly versions: Map<AttemptId, { readonly value: string; readonly storedAtMs: EpochMs }>;
  readonly labels: Map<StagingLabel, AttemptId>;
  readers: readonly string[];
  deletedAtMs: EpochMs | undefined;
}

/** IAM notes the first use in so long, and none of those that follow. */
const USAGE_LAG_MS = 900_000;

export const providerWorld = (propagationMs = 4_000, readLagMs = 0): ProviderWorld => ({
  users: new Map(),
  secrets: new Map(),
  killVersions: [],
  propagationMs,
  readLagMs,
  deletedUsers: new Map(),
});

/** Whether a signed call with that key would be accepted now. */
export const accepts = (
  { propagationMs, killVersions }: ProviderWorld,
  { denied, ownerKey }: IamUser,
  key: IamKey,
  nowMs: EpochMs,
): boolean => !denied && !killVersions.at(-1)?.includes(ownerKey) && key.active && nowMs - key.createdAtMs >= propagationMs;

/** A use of the key is noted, whoever makes it. */
export function noteUse(key: IamKey, nowMs: EpochMs): void {
  if (key.usedAtMs === undefined || nowMs - key.usedAtMs >= USAGE_LAG_MS) key.usedAtMs = nowMs;
}

/** A call with that key, whoever makes it; whether it is accepted. */
export function use(world: ProviderWorld, keyId: KeyId, nowMs: EpochMs): boolean {
  for (const user of world.users.values()) {
    const key = user.keys.get(keyId);
    if (!key || !accepts(world, user, key, nowMs)) continue;
    noteUse(key, nowMs);
    return true;
  }
  return false;
}

/**
 * One request to the provider: what may go wrong on the way stands here. `repeatable`: its client sends it again by itself, so that it may
 * take effect once more after it was answered.
 */
export type Send = <T>(operation: string, repeatable: boolean, act: () => T) => Promise<T>;

export const plainSend: Send = async (_operation, _repeatable, act) => act();
