import { type TokenStore, usesAdded } from '../../application/token-store.ts';
import type { TokenRecord } from '../../domain/token/check.ts';

/** Token records as plain data, for a simulation to look at. */
export interface MemoryTokenStore extends TokenStore {
  readonly records: ReadonlyMap<string, TokenRecord>;
}

export function memoryTokenStore(): MemoryTokenStore {
  const records = new Map<string, TokenRecord>();
  const uses = new Map<string, number>();
  return {
    records,
    read: async (id) => records.get(id),
    write: async (before, after) => {
      if (records.get(after.id)?.revision !== before?.revision) return false;
      for (const [keyId, count] of usesAdded(before, after)) uses.set(keyId, (uses.get(keyId) ?? 0) + count);
      records.set(after.id, after);
      return true;
    },
    usesOf: async (keyId) => uses.get(keyId) ?? 0,
  };
}
