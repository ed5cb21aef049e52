import { judgeToken, type TokenOwner, type TokenRecord, type TokenVerdict, type TokenVersion } from '../domain/token/check.ts';
import { parseToken } from '../domain/token/format.ts';
import type { EpochMs } from '../domain/types.ts';
import { isToldBy, type KeyringSource } from './token-mac.ts';

/** What a check reads: both consistently, and nothing else. */
export interface TokenReader {
  token(id: string): Promise<TokenRecord | undefined>;
  owner(id: string): Promise<TokenOwner | undefined>;
}

export interface VerifierPorts {
  readonly reader: TokenReader;
  readonly keyring: KeyringSource;
  /** The one environment whose tokens count here. */
  readonly environment: string;
  readonly now: () => number;
}

/** Compared with where there is no version, so that an unknown token costs what a wrong one does. */
const NO_VERSION: TokenVersion = { attempt: '' as TokenVersion['attempt'], mac: '', macKey: '', active: false };
const NOBODY = 'own_none';
/** As many as a credential has at most. */
const VERSIONS = [0, 1] as const;

/**
 * Whether `text` is a token that may do `scope` now. What is malformed is refused without a read; everything else costs two reads and
 * two MACs, found or not. Rejects when a read fails: then nobody may anything.
 */
export const verifyToken =
  ({ reader, keyring, environment, now }: VerifierPorts) =>
  async (text: string, scope: string): Promise<TokenVerdict> => {
    const parsed = parseToken(text, environment);
    if (!parsed.ok) return parsed;
    const record = await reader.token(parsed.id);
    const owner = await reader.owner(record?.ownerId ?? NOBODY);
    const candidates = VERSIONS.map((at) => record?.versions[at] ?? NO_VERSION);
    const keys = await keyring(record?.versions.map(({ macKey }) => macKey));
    const matched = candidates.filter((version) => isToldBy(keys, version, parsed.body)).at(0);
    return judgeToken(record, matched, owner, { environment, scope, nowMs: now() as EpochMs });
  };
