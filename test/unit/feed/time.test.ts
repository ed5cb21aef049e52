import { expect, it } from 'vitest';
import { timeIn } from '../../../lib/domain/feed/time.ts';
import { minuteOf, untimely } from '../../../lib/domain/feed/trouble.ts';
import type { EpochMs } from '../../../lib/domain/types.ts';

it.each([
  ['export-2026-04-01.csv', '2026-04-01T00:00:00.000Z'],
  ['export-2026-04-01T0630Z.csv', '2026-04-01T06:30:00.000Z'],
  ['2026-04-01T06-30-15Z_people.csv', '2026-04-01T06:30:15.000Z'],
  ['2026-04-01T06:30:15.123Z', '2026-04-01T06:30:15.000Z'],
  ['2026-04-01T06:30:15+02:00', '2026-04-01T04:30:15.000Z'],
  ['2026-04-01T06:30', '2026-04-01T00:00:00.000Z'], // a time of no zone is none
  ['2026-02-30.csv', undefined],
  ['2026-04-01T2500Z.csv', undefined],
  ['people.csv', undefined],
])('the time in %s', (text, iso) => {
  const ms = timeIn(text);
  expect(ms === undefined ? undefined : new Date(ms).toISOString()).toBe(iso);
});

it.each([
  ['a minute later than the last', 60_000, 0, []],
  ['in the same minute', 59_999, 0, ['older']],
  ['earlier', 0, 60_000, ['older']],
  ['five minutes ahead of our clock', 1_300_000, undefined, []],
  ['more than that', 1_300_001, undefined, ['from-the-future']],
])('a snapshot taken %s', (_name, takenAtMs, lastMs, why) => {
  const at = (ms: number): EpochMs => ms as EpochMs;
  expect(untimely(at(takenAtMs), lastMs === undefined ? undefined : at(lastMs), at(1_000_000)).map((one) => one.why)).toEqual(why);
  expect(minuteOf(119_999)).toBe(1);
});
