import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newRoster } from '../../../lib/domain/feed/roster.ts';

describe('a roster', () => {
  it('property: holds what a map of the same ids holds, in the order of adding (1,000 runs)', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.double({ noNaN: true }))), (entries) => {
        const map = new Map<string, number>();
        const roster = newRoster();
        for (const [id, mark] of entries) {
          const place = roster.find(id);
          if (place < 0) roster.add(id, mark);
          else roster.setMark(place, mark);
          map.set(id, mark);
        }
        expect(Array.from({ length: roster.size() }, (_, place) => [roster.idAt(place), roster.markAt(place)])).toEqual([...map]);
        expect(roster.find('an id that is not there')).toBe(-1);
      }),
      { numRuns: 1_000 },
    );
  });

  it('grows, and takes no id for the beginning of another', () => {
    const roster = newRoster();
    const ids = Array.from({ length: 20_000 }, (_, n) => `0${19_999 - n}`); // the longer ones first
    expect(ids.map((id, n) => roster.add(id, n))).toEqual(ids.map((_, n) => n));
    expect(ids.map((id) => roster.markAt(roster.find(id)))).toEqual(ids.map((_, n) => n));
    expect(roster.find('')).toBe(-1);
  });

  it('takes an id longer than all before it together', () => {
    const roster = newRoster();
    const ids = ['a', 'b'.repeat(10_000), 'c'];
    for (const id of ids) roster.add(id, 0);
    expect(ids.map((_, place) => roster.idAt(place))).toEqual(ids);
  });
});
