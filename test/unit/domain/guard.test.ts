import { describe, expect, it } from 'vitest';
import { countsOf } from '../../../lib/domain/guard.ts';
import { at } from './given.ts';

const HOUR = 3_600_000;
const RULES = {
  hour: { owners: 1, credentials: 2 },
  day: { owners: 3, credentials: 4 },
  week: { owners: 5, credentials: 6 },
  forCauseAnHour: 7,
  escalateAfterMs: 8,
};

describe('what a removal counts', () => {
  it('one owner and their credentials, an hour, a day and a week, each to the end of its stretch', () => {
    const nowMs = 400 * HOUR + 1;
    const counted = { addOwners: 1, addCredentials: 9 };
    expect(countsOf(RULES, false, 9, at(nowMs))).toEqual([
      { window: 'hour', bucket: 400, ...counted, maxOwners: 1, maxCredentials: 2, endsAtMs: 401 * HOUR },
      { window: 'day', bucket: 16, ...counted, maxOwners: 3, maxCredentials: 4, endsAtMs: 17 * 24 * HOUR },
      { window: 'week', bucket: 2, ...counted, maxOwners: 5, maxCredentials: 6, endsAtMs: 3 * 168 * HOUR },
    ]);
  });

  it.each([
    [400 * HOUR, 400],
    [401 * HOUR - 1, 400],
    [401 * HOUR, 401],
  ])('a stretch begins at its first millisecond: %i is in %i', (nowMs, bucket) => {
    expect(countsOf(RULES, true, 1, at(nowMs))).toMatchObject([{ bucket }]);
  });

  it('for cause, owners alone, and apart from the others', () => {
    expect(countsOf(RULES, true, 9_999, at(HOUR))).toEqual([
      {
        window: 'cause',
        bucket: 1,
        addOwners: 1,
        addCredentials: 9_999,
        maxOwners: 7,
        maxCredentials: Number.MAX_SAFE_INTEGER,
        endsAtMs: 2 * HOUR,
      },
    ]);
  });
});
