import { expect, it } from 'vitest';
import { type Trouble, toldTrouble, untimely } from '../../../lib/domain/feed/trouble.ts';
import { at } from '../domain/given.ts';

it.each<[Trouble, string]>([
  [{ why: 'empty' }, 'it has no row'],
  [{ why: 'cut-off', line: 7 }, 'it ends in the middle of line 7'],
  [{ why: 'unreadable', line: 7, rule: 'must have 7 fields' }, 'line 7: must have 7 fields'],
  [{ why: 'last-unreadable', line: 7 }, 'the last good snapshot can’t be read from line 7 on'],
  [{ why: 'duplicate-ids', lines: [2, 3] }, 'ids come twice, on line 2, 3'],
  [{ why: 'shrunk', before: 10, now: 5, maxPercent: 20 }, 'of 10 people it knows 5; more than 20 % may not be missing (maxShrinkPercent)'],
  [{ why: 'too-many-leavers', leavers: 6, of: 10, maxPercent: 10 }, '6 of 10 people would leave; 10 % may (maxLeaversPercent)'],
])('$why is told in words', (trouble, told) => expect(toldTrouble(trouble)).toBe(told));

it('of lines the first twenty are told', () => {
  const lines = Array.from({ length: 21 }, (_, n) => n + 1);
  expect(toldTrouble({ why: 'duplicate-ids', lines })).toBe(`ids come twice, on line ${lines.slice(0, 20).join(', ')}`);
});

it('what is wrong with the time of a snapshot is told with both times', () => {
  const told = (takenAtMs: number, lastMs: number | undefined): readonly string[] =>
    untimely(at(takenAtMs), lastMs === undefined ? undefined : at(lastMs), at(0)).map(toldTrouble);
  expect(told(0, 60_000)).toEqual([
    'it is of 1970-01-01T00:00:00.000Z, not at least a minute later than the last good one, of 1970-01-01T00:01:00.000Z',
  ]);
  expect(told(3_600_000, undefined)).toEqual(['it is of 1970-01-01T01:00:00.000Z, and now is 1970-01-01T00:00:00.000Z']);
});
