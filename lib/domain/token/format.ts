import type { CredentialId } from '../types.ts';

/** Crockford's base 32 in lower case: five bits a character, none that is taken for another, no case to lose on the way. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const PREFIX = 'nhi';
/** 32 bits. */
const CHECKSUM_LENGTH = 7;

/** What a scanner of repositories and logs looks for; the checksum tells the rest. */
export const TOKEN_PATTERN = /^nhi_([a-z][a-z0-9]{0,15})_([0-9a-hjkmnp-tv-z]{26})_([0-9a-hjkmnp-tv-z]{59})$/;
export const TOKEN_LENGTH = { min: 92, max: 107 } as const;

/** Why a text is no token of ours; found without a single read. */
export type Malformed = 'too-short' | 'too-long' | 'no-token' | 'wrong-checksum' | 'other-environment';

export type ParsedToken =
  | {
      readonly ok: true;
      /** Of its record. */
      readonly id: string;
      /** All but the checksum: what is told apart by its MAC, so that no part can be exchanged. */
      readonly body: string;
    }
  | { readonly ok: false; readonly why: Malformed };

/** The `<id>` in the tokens of a credential. */
export const tokenIdOf = (id: CredentialId): string => id.slice('cred_'.length).toLowerCase();

/** `nhi_<environment>_<id>_<secret>`, without the checksum; `secret`: 32 bytes of chance. */
export const tokenBody = (environment: string, id: string, secret: Uint8Array): string =>
  `${PREFIX}_${environment}_${id}_${encoded(secret)}`;

export const withChecksum = (body: string): string => `${body}${checksumOf(body)}`;

/** Length, form and checksum first, then whether it is meant for here. */
export function parseToken(text: string, environment: string): ParsedToken {
  if (text.length < TOKEN_LENGTH.min) return { ok: false, why: 'too-short' };
  if (text.length > TOKEN_LENGTH.max) return { ok: false, why: 'too-long' };
  const [, of, id] = TOKEN_PATTERN.exec(text) ?? [];
  if (!of || !id) return { ok: false, why: 'no-token' };
  const body = text.slice(0, -CHECKSUM_LENGTH);
  if (checksumOf(body) !== text.slice(-CHECKSUM_LENGTH)) return { ok: false, why: 'wrong-checksum' };
  return of === environment ? { ok: true, id, body } : { ok: false, why: 'other-environment' };
}

/** 256 bits: 51 characters, and one bit more. */
function encoded(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += ALPHABET[(held >>> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return text + ALPHABET[(held << (5 - bits)) & 31];
}

/** CRC-32 as in PNG and gzip: it finds every change of up to 32 bits in a row, hence of any one character. */
function checksumOf(body: string): string {
  let crc = 0xffffffff;
  for (let at = 0; at < body.length; at += 1) {
    crc ^= body.charCodeAt(at);
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  crc ^= 0xffffffff;
  let text = '';
  for (let at = CHECKSUM_LENGTH - 1; at >= 0; at -= 1) text += ALPHABET[(crc >>> (at * 5)) & 31];
  return text;
}
