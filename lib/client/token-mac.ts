import { createHmac, timingSafeEqual } from 'node:crypto';
import { Secret } from '../domain/faults.ts';
import type { TokenVersion } from '../domain/token/check.ts';

/** The keys that tokens are told by, as their secret holds them: `{"current": "k2", "k1": "…", "k2": "…"}`. */
export interface Keyring {
  readonly current: string;
  readonly keys: ReadonlyMap<string, Secret>;
}

/** Gives the keys; read anew where one of `needed` is not among them. */
export type KeyringSource = (needed?: readonly string[]) => Promise<Keyring>;

const KEY_ID = /^k[1-9]\d{0,8}$/;

/** Throws when the secret is none of ours; never tells what stands in it. */
export function parseKeyring(text: string): Keyring {
  const content: unknown = parsed(text);
  const fields = new Map<string, unknown>(typeof content === 'object' && content !== null ? Object.entries(content) : []);
  const keys = new Map<string, Secret>();
  for (const [name, value] of fields)
    if (KEY_ID.test(name) && typeof value === 'string' && value.length >= 43) keys.set(name, new Secret(value));
  const current = fields.get('current');
  if (typeof current !== 'string' || !keys.has(current)) throw new Error('the secret with the token keys has not the form it should have');
  return { current, keys };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the error would quote it
  }
}

/** HMAC-SHA-256 of a token without its checksum. */
export const macOf = (key: Secret, body: string): Buffer => createHmac('sha256', key.reveal()).update(body).digest();

const NO_MAC = Buffer.alloc(32);

/** Whether a token is that version's. One MAC and one comparison in constant time, whatever is on record. */
export function isToldBy({ current, keys }: Keyring, { mac, macKey }: Pick<TokenVersion, 'mac' | 'macKey'>, body: string): boolean {
  const key = keys.get(macKey) ?? keys.get(current);
  if (!key) throw new Error('no key to tell tokens by');
  const kept = Buffer.from(mac, 'base64url');
  const known = kept.length === NO_MAC.length && keys.has(macKey);
  return timingSafeEqual(macOf(key, body), known ? kept : NO_MAC) && known;
}

/** Keeps the keys for five minutes; one it has not makes it look again, though not more than once in ten seconds. */
export function cachedKeyring(read: () => Promise<string>, now: () => number): KeyringSource {
  const KEEP_MS = 300_000;
  const AGAIN_MS = 10_000;
  let held: { readonly keyring: Keyring; readonly atMs: number } | undefined;
  return async (needed = []) => {
    const ageMs = held ? now() - held.atMs : Number.POSITIVE_INFINITY;
    const unknown = needed.some((keyId) => held?.keyring.keys.has(keyId) === false);
    if (!held || ageMs >= KEEP_MS || (unknown && ageMs >= AGAIN_MS)) held = { keyring: parseKeyring(await read()), atMs: now() };
    return held.keyring;
  };
}
