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

  it('grows', () => {
    const roster = newRoster();
    for (let n = 0; n < 20_000; n += 1) expect(roster.add(`0${n}`, n)).toBe(n);
    for (let n = 0; n < 20_000; n += 1) expect(roster.markAt(roster.find(`0${n}`))).toBe(n);
  });
});
