import type { AttemptId, CredentialId, EpochMs, KeyId } from '../../domain/types.ts';

/** IAM and Secrets Manager as plain data, for a simulation to look at and a test to tamper with. */
export interface ProviderWorld {
  readonly users: Map<string, IamUser>;
  readonly secrets: Map<string, StoredSecret>;
  /** Versions of the kill policy, the last one in force: owner keys whose users are denied. */
  readonly killVersions: (readonly string[])[];
  /** A new key is refused for so long, and a listing may miss it for so long. IAM: 3 to 4 s, longer at times. */
  readonly propagationMs: number;
}

export interface IamUser {
  readonly credential: CredentialId;
  /** Value of the owner tag. */
  ownerKey: string;
  /** The inline deny-all is in place. */
  denied: boolean;
  inGroup: boolean;
  /** What somebody else hung on the user, by name. */
  readonly attached: Set<string>;
  readonly keys: Map<KeyId, IamKey>;
}

interface IamKey {
  readonly secret: string;
  readonly attempt: AttemptId | undefined;
  readonly createdAtMs: EpochMs;
  active: boolean;
  /** The last use that was noted. */
  usedAtMs: EpochMs | undefined;
}

export interface StoredSecret {
  readonly credential: CredentialId;
  ownerKey: string;
  readonly versions: Map<AttemptId, string>;
  /** Staging label to version. */
  readonly labels: Map<'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS', AttemptId>;
  readers: readonly string[];
  deletedAtMs: EpochMs | undefined;
}

/** IAM notes the first use in so long, and none of those that follow. */
const USAGE_LAG_MS = 900_000;

/** A call with that key, whoever makes it; whether it is accepted. */
export function use(world: ProviderWorld, keyId: KeyId, nowMs: EpochMs): boolean {
  const accepted = accepts(world, keyId, nowMs);
  for (const { keys } of world.users.values()) {
    const key = keys.get(keyId);
    if (accepted && key && (key.usedAtMs === undefined || nowMs - key.usedAtMs >= USAGE_LAG_MS)) key.usedAtMs = nowMs;
  }
  return accepted;
}

export const providerWorld = (propagationMs = 4_000): ProviderWorld => ({
  users: new Map(),
  secrets: new Map(),
  killVersions: [],
  propagationMs,
});

/** Whether a signed call with that key would be accepted now. */
export function accepts({ users, killVersions, propagationMs }: ProviderWorld, keyId: KeyId, nowMs: EpochMs): boolean {
  for (const { keys, denied, ownerKey } of users.values()) {
    const key = keys.get(keyId);
    if (key) return !denied && !killVersions.at(-1)?.includes(ownerKey) && key.active && nowMs - key.createdAtMs >= propagationMs;
  }
  return false;
}
