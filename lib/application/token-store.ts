import type { TokenRecord } from '../domain/token/check.ts';

/** Where the records of API tokens are. Throws `Fault('provider-…')`. */
export interface TokenStore {
  read(id: string): Promise<TokenRecord | undefined>;
  /**
   * Writes `after` where `before` was read, and in the same transaction how many live tokens each key is needed for.
   * `false`: somebody else wrote first.
   */
  write(before: TokenRecord | undefined, after: TokenRecord): Promise<boolean>;
  /** How many live tokens the key is needed for. */
  usesOf(keyId: string): Promise<number>;
}

/** By how many live tokens each key is needed more, or less. */
export function usesAdded(before: TokenRecord | undefined, after: TokenRecord): ReadonlyMap<string, number> {
  const added = new Map<string, number>();
  for (const { macKey } of after.versions) added.set(macKey, (added.get(macKey) ?? 0) + 1);
  for (const { macKey } of before?.versions ?? []) added.set(macKey, (added.get(macKey) ?? 0) - 1);
  return new Map([...added].filter(([, count]) => count !== 0));
}
