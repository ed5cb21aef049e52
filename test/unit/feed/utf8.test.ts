import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NotUtf8, utf8Watch } from '../../../lib/adapters/feed/utf8.ts';

const GOOD = 'id,name\n1,J\u00f6rg\n2,\u20ac \u{1f600}\n';

/** In chunks that end at these places; where it is no UTF-8. */
function wrongIn(bytes: Buffer, cuts: readonly number[] = []): { readonly line: number; readonly offset: number } | undefined {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1))), bytes.length].sort((a, b) => a - b);
  const watch = utf8Watch();
  try {
    for (const [index, end] of ends.entries()) watch(bytes.subarray(ends[index - 1] ?? 0, end));
    return undefined;
  } catch (error) {
    if (!(error instanceof NotUtf8)) throw error;
    expect(error.byte).toBe(bytes[error.offset]);
    return { line: error.line, offset: error.offset };
  }
}

describe('a file that is looked at in chunks', () => {
  it.each<[string, readonly number[], number | undefined]>([
    ['a letter of Latin-1', [0x41, 0xf6, 0x72], 1],
    ['one that looks like the beginning of two bytes', [0x41, 0xc3, 0x41], 1],
    ['one that looks like the beginning of three', [0x41, 0xe9, 0x72, 0x6f], 1],
    ['a byte that is only ever in the middle', [0x41, 0x80], 1],
    ['a character written longer than it is', [0xc0, 0xaf], 0],
    ['half of a surrogate pair', [0x41, 0xed, 0xa0, 0x80], 1],
    ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80], 0],
    ['the mark of UTF-16', [0xff, 0xfe], 0],
    ['a character that the file ends in', [0x41, 0xe2, 0x82], undefined],
    ['nothing', [], undefined],
  ])('with %s', (_what, bytes, offset) => expect(wrongIn(Buffer.from(bytes))?.offset).toBe(offset));

  it('names the line of what is wrong', () => {
    const bytes = Buffer.concat([Buffer.from(GOOD), Buffer.from([0x33, 0x2c, 0xe9, 0x0a])]);
    expect(wrongIn(bytes)).toEqual({ line: 4, offset: Buffer.byteLength(GOOD) + 2 });
  });

  it('is right wherever it is cut, and what is wrong is told the same (1,000 runs)', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.array(fc.nat(100), { maxLength: 8 }), (tail, cuts) => {
        expect(wrongIn(Buffer.from(GOOD), cuts)).toBeUndefined();
        const bytes = Buffer.concat([Buffer.from(GOOD), tail, Buffer.from('\n')]);
        const found = wrongIn(bytes, cuts);
        expect(found).toEqual(wrongIn(bytes));
        expect(found === undefined).toBe(bytes.toString().includes('\uFFFD') === false || Buffer.from(bytes.toString()).equals(bytes));
        if (found) expect(Buffer.from(bytes.subarray(0, found.offset).toString())).toEqual(bytes.subarray(0, found.offset));
      }),
      { numRuns: 1_000 },
    ));
});
