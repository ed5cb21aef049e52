import type { Secret } from '../domain/faults.ts';
import type { EpochMs } from '../domain/types.ts';
import type { Clock } from './ports.ts';
import type { TokenStore } from './token-store.ts';

/** Where the keys are that tokens are told by. */
export interface TokenKeys {
  read(): Promise<{ readonly current: string; readonly keys: ReadonlyMap<string, Secret>; readonly sinceMs: EpochMs }>;
  write(current: string, keys: ReadonlyMap<string, Secret>): Promise<void>;
}

export interface RotateTokenKeyPorts {
  readonly tokenKeys: TokenKeys;
  readonly store: Pick<TokenStore, 'usesOf'>;
  readonly clock: Clock;
  /** 43 characters or more, of chance. */
  readonly newKey: () => Secret;
}

/** Longer than anybody keeps keys in memory: what is not current for so long makes no token any more. */
const MIN_AGE_MS = 3_600_000;

type Rotated = { readonly rotated: true; readonly current: string; readonly dropped: readonly string[] } | { readonly rotated: false };

/**
 * Adds a key, from now on the current one, and drops those that no live token needs. One that was current until this run is never
 * dropped by it, as somebody may still make tokens with it. Run twice, the second run does nothing.
 */
export const rotateTokenKey =
  ({ tokenKeys, store, clock, newKey }: RotateTokenKeyPorts) =>
  async (): Promise<Rotated> => {
    const { current, keys, sinceMs } = await tokenKeys.read();
    if (clock.now() - sinceMs < MIN_AGE_MS) return { rotated: false };
    const retired = [...keys.keys()].filter((keyId) => keyId !== current);
    const uses = await Promise.all(retired.map(async (keyId) => [keyId, await store.usesOf(keyId)] as const));
    const dropped = uses.flatMap(([keyId, count]) => (count === 0 ? [keyId] : []));
    const next = `k${Math.max(...[...keys.keys()].map((keyId) => Number(keyId.slice(1)))) + 1}`;
    const kept = [...keys].filter(([keyId]) => !dropped.includes(keyId));
    await tokenKeys.write(next, new Map([...kept, [next, newKey()]]));
    return { rotated: true, current: next, dropped };
  };
