import type { EpochMs } from '../types.ts';
import { isDate } from './row.ts';

/** `2026-04-01`, with or without a time in UTC as it stands in names of files: `T0600Z`, `T06-00-00Z`, `T06:00:00.000Z`, or with an offset. */
const TIME = /(?<day>\d{4}-\d\d-\d\d)(?:T(?<hour>\d\d)[:-]?(?<minute>\d\d)(?:[:-]?(?<second>\d\d)(?:\.\d+)?)?(?<zone>Z|[+-]\d\d:\d\d))?/;

/** The time that a text names; a day alone is its beginning, UTC. `undefined`: it names none, or one that does not exist. */
export function timeIn(text: string): EpochMs | undefined {
  const { day = '', hour, minute, second = '00', zone } = TIME.exec(text)?.groups ?? {};
  if (!isDate(day)) return undefined;
  const ms = Date.parse(hour === undefined ? day : `${day}T${hour}:${minute}:${second}${zone}`);
  return Number.isNaN(ms) ? undefined : (ms as EpochMs);
}
