import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../lib/domain/canonical-json.ts';

describe('JSON in the canonical form', () => {
  it('says what JSON says, whatever is in the strings', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('writes every string as ECMAScript does', () => {
    const units = [0, 9, 10, 0x1f, 0x20, 0x22, 0x5c, 0x7f, 0x2028, 0xd7ff, 0xd800, 0xdc00, 0xdfff, 0xe000, 0xffff];
    for (const unit of units) {
      const text = `a${String.fromCharCode(unit)}b`;
      expect(canonicalJson(text)).toBe(JSON.stringify(text));
    }
  });

  it('does not depend on the order of members, and leaves out what is not there', () => {
    expect(canonicalJson({ b: 1, a: [undefined, { d: null, c: undefined }], '\u00e4': 2, B: 3 })).toBe(
      '{"B":3,"a":[null,{"d":null}],"b":1,"ä":2}',
    );
  });

  it('puts names in order that an object would have first, or not as a member at all', () => {
    const odd = JSON.parse('{"b":{"10":1,"9":[{"2":0,"-1":0}],"a":2},"__proto__":{"1":3},"A":4}');
    expect(canonicalJson(odd)).toBe('{"A":4,"__proto__":{"1":3},"b":{"10":1,"9":[{"-1":0,"2":0}],"a":2}}');
    expect(canonicalJson([{ 1: undefined, x: undefined }, undefined])).toBe('[{},null]');
  });

  it('gives the same whatever the names, in whatever order they came', () => {
    const name = fc.oneof(fc.string({ unit: 'binary', maxLength: 3 }), fc.integer({ min: 0, max: 99 }).map(String));
    const members = fc.array(fc.tuple(name, fc.integer()), { maxLength: 12 });
    fc.assert(
      fc.property(members, (pairs) => {
        const given = Object.fromEntries(pairs);
        const names = Object.keys(given).sort();
        expect(canonicalJson(given)).toBe(`{${names.map((one) => `${JSON.stringify(one)}:${given[one]}`).join()}}`);
        expect(canonicalJson(Object.fromEntries(Object.entries(given).reverse()))).toBe(canonicalJson(given));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    [Number.NaN, 'not a JSON number: NaN'],
    [Number.POSITIVE_INFINITY, 'not a JSON number: Infinity'],
    [1n, 'not JSON: bigint'],
    [() => 1, 'not JSON: function'],
    [Symbol(), 'not JSON: symbol'],
  ])('refuses %s', (value, why) => {
    expect(() => canonicalJson({ value })).toThrow(new TypeError(why));
    expect(() => canonicalJson({ 1: [value] })).toThrow(new TypeError(why));
    expect(() => canonicalJson(undefined)).toThrow(new TypeError('not JSON: undefined'));
  });
});
