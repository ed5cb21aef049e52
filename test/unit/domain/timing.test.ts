import { describe, expect, it } from 'vitest';
import { retryBackoffMs } from '../../../lib/domain/timing.ts';

describe('the pause after a refusal', () => {
  const ids = Array.from({ length: 200 }, (_, n) => `cred_${String(n).padStart(26, '0')}`);

  it.each([
    [1, 2_000],
    [2, 4_000],
    [9, 512_000],
    [10, 900_000],
    [1_000, 900_000],
  ])('of try %d is half of %d ms to all of it', (tries, longestMs) => {
    const pauses = ids.map((id) => retryBackoffMs(tries, id));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(longestMs / 2);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(longestMs);
  });

  it('spreads what was refused at one time over the whole of the second half', () => {
    const tenths = ids.map((id) => Math.floor((retryBackoffMs(10, id) - 450_000) / 45_000));
    for (let tenth = 0; tenth < 10; tenth += 1) expect(tenths.filter((one) => one === tenth).length).toBeGreaterThan(8);
  });

  it('puts others beside a record at each try', () => {
    const shares = [1, 2, 3, 4].map((tries) => Math.round((retryBackoffMs(tries, 'cred_1') / 2 ** tries / 1_000) * 100));
    expect(new Set(shares).size).toBeGreaterThan(2);
  });
});
