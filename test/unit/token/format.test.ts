import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseToken, TOKEN_LENGTH, TOKEN_PATTERN, tokenBody, tokenIdOf, withChecksum } from '../../../lib/domain/token/format.ts';
import type { CredentialId } from '../../../lib/domain/types.ts';

const RUNS = { numRuns: 1_000 };
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const environment = fc.stringMatching(/^[a-z][a-z0-9]{0,15}$/);
const credentialId = fc
  .array(fc.constantFrom(...CROCKFORD), { minLength: 26, maxLength: 26 })
  .map((letters) => `cred_${letters.join('')}` as CredentialId);
const secret = fc.uint8Array({ minLength: 32, maxLength: 32 });
const token = fc.tuple(environment, credentialId, secret).map(([of, id, bytes]) => ({
  of,
  id: tokenIdOf(id),
  text: withChecksum(tokenBody(of, tokenIdOf(id), bytes)),
}));

describe('a token', () => {
  it('is read back as it was made, and has the form that scanners look for', () => {
    fc.assert(
      fc.property(token, ({ of, id, text }) => {
        expect(parseToken(text, of)).toEqual({ ok: true, id, body: text.slice(0, -7) });
        expect(text).toMatch(TOKEN_PATTERN);
        expect(text.length).toBe(TOKEN_LENGTH.min - 1 + of.length);
      }),
      RUNS,
    );
  });

  it('with any one character changed is refused, whatever the change', () => {
    fc.assert(
      fc.property(token, fc.nat(), fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }), ({ of, text }, at, other) => {
        const place = at % text.length;
        fc.pre(text[place] !== other);
        expect(parseToken(`${text.slice(0, place)}${other}${text.slice(place + 1)}`, of).ok).toBe(false);
      }),
      RUNS,
    );
  });

  it('with two neighbours exchanged, one character more, or one less, is refused', () => {
    fc.assert(
      fc.property(token, fc.nat(), ({ of, text }, at) => {
        const place = at % (text.length - 1);
        const [left, right] = [text[place], text[place + 1]];
        fc.pre(left !== right);
        expect(parseToken(`${text.slice(0, place)}${right}${left}${text.slice(place + 2)}`, of).ok).toBe(false);
        expect(parseToken(`${text.slice(0, place)}${text.slice(place + 1)}`, of).ok).toBe(false);
        expect(parseToken(`${text.slice(0, place)}${left}${text.slice(place)}`, of).ok).toBe(false);
      }),
      RUNS,
    );
  });

  it('keeps every bit of its secret', () => {
    fc.assert(
      fc.property(secret, fc.nat({ max: 255 }), (bytes, bit) => {
        const other = Uint8Array.from(bytes);
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(tokenBody('dev', 'i', other)).not.toBe(tokenBody('dev', 'i', bytes));
      }),
      RUNS,
    );
  });

  it('has the checksum that zlib computes', () => {
    fc.assert(
      fc.property(token, ({ text }) => {
        const digits = [...text.slice(-7)].map((letter) => BigInt(CROCKFORD.toLowerCase().indexOf(letter)));
        expect(digits.reduce((sum, digit) => sum * 32n + digit, 0n)).toBe(BigInt(crc32(text.slice(0, -7))));
      }),
      RUNS,
    );
  });

  it('of an environment with as long a name as may be is taken, with one longer it is too long', () => {
    const of = (name: string): string => withChecksum(tokenBody(name, 'a'.repeat(26), randomBytes(32)));
    const name = 'e'.repeat(16);
    expect(parseToken(of(name), name).ok).toBe(true);
    expect(parseToken(of(`${name}e`), `${name}e`)).toEqual({ ok: false, why: 'too-long' });
  });

  const good = withChecksum(tokenBody('prod', tokenIdOf('cred_01ARZ3NDEKTSV4RRFFQ69G5FAV' as CredentialId), randomBytes(32)));
  it.each([
    ['nothing', '', 'too-short'],
    ['one too short', good.slice(0, TOKEN_LENGTH.min - 1), 'too-short'],
    ['one too long', `${good}${'0'.repeat(20)}`, 'too-long'],
    ['one of another maker', good.replace('nhi_', 'ghp_'), 'no-token'],
    ['one in upper case', good.toUpperCase(), 'no-token'],
    ['one with a letter that is in no token', good.replace(/.$/, 'l'), 'no-token'],
    ['one with a wrong checksum', `${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`, 'wrong-checksum'],
    ['one of another environment', withChecksum(good.slice(0, -7).replace('prod', 'test')), 'other-environment'],
  ])('%s is refused', (_name, text, why) => {
    expect(parseToken(text, 'prod')).toEqual({ ok: false, why });
  });
});
