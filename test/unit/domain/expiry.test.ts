import { describe, expect, it } from 'vitest';
import { decide } from '../../../lib/domain/credential/decide.ts';
import { expiryOf, warnAtMs, warningsBy } from '../../../lib/domain/credential/expiry.ts';
import { nextStep } from '../../../lib/domain/credential/next-step.ts';
import type { Credential } from '../../../lib/domain/credential/state.ts';
import { active, at, command, denied, later, type Story, timing, wants } from './given.ts';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
/** Active, and not to be rotated before its end. */
const limited = (ttlMs = YEAR_MS): Story => {
  const story = active();
  const rotateAtMs = at(story.nowMs + 10 * YEAR_MS);
  return { ...story, state: { ...story.state, expiry: expiryOf(story.nowMs, ttlMs), rotateAtMs } as Credential };
};
const dueIn = ({ state, nowMs }: Story): number => {
  const next = nextStep(state, nowMs);
  return next.do === 'wait' ? next.untilMs - nowMs : 0;
};

describe('time to live', () => {
  it('warns 30, 7 and 1 days before the end of a year, then ends it', () => {
    let story = limited();
    for (const days of [30, 7, 1]) {
      expect(Number(story.state.expiry?.atMs) - story.nowMs - dueIn(story)).toBe(days * DAY_MS);
      story = later(story, dueIn(story));
      expect(wants(story)).toBe('warn');
      story = command(story, { type: 'warn' });
    }
    story = later(story, dueIn(story));
    expect(nextStep(story.state, story.nowMs)).toEqual({ do: 'give-up', cause: 'expired' });
    expect(story.nowMs).toBe(story.state.expiry?.atMs);
  });

  it('after a long silence says one warning, not three', () => {
    const story = command(later(limited(), YEAR_MS - 60_000), { type: 'warn' });
    expect(story.state.expiry?.warned).toBe(3);
    expect(decide(story.state, { type: 'warn' }, story.nowMs, timing)).toEqual({ ok: false, why: 'not-the-next-step' });
  });

  it('ends what is suspended as well, also while it is being resumed', () => {
    const suspended = denied(command(limited(DAY_MS), { type: 'suspend', why: 'requested' }));
    const resumed = command(later(suspended, DAY_MS - 1_000), { type: 'resume', holder: suspended.state.holder });
    expect(nextStep(resumed.state, at(resumed.nowMs + 1_000))).toEqual({ do: 'give-up', cause: 'expired' });
    expect(dueIn(suspended)).toBe(DAY_MS);
  });

  it('renewed begins anew, warnings too, and makes a new key', () => {
    const warned = command(later(limited(), YEAR_MS - 30 * DAY_MS), { type: 'warn' });
    const renewed = command(warned, { type: 'renew', ttlMs: 2 * YEAR_MS });
    expect(renewed.state.expiry).toEqual({ ttlMs: 2 * YEAR_MS, atMs: warned.nowMs + 2 * YEAR_MS, warned: 0 });
    expect(wants(renewed)).toBe('create-version');
  });

  it('is not renewed where it is not limited', () => {
    expect(decide(active().state, { type: 'renew', ttlMs: 1 }, at(1), timing)).toEqual({ ok: false, why: 'nothing-to-renew' });
  });

  it.each([
    ['a year', YEAR_MS, [30, 7, 1].map((days) => days * DAY_MS)],
    ['a day', DAY_MS, [7_101_370, 1_656_986, 236_712]],
  ])('of %s warns in proportion', (_name, ttlMs, before) => {
    const expiry = expiryOf(at(0), ttlMs);
    expect([0, 1, 2].map((warned) => ttlMs - (warnAtMs({ ...expiry, warned }) ?? 0))).toEqual(before);
    expect(warnAtMs({ ...expiry, warned: 3 })).toBeUndefined();
    expect(before.map((ms) => warningsBy(expiry, at(ttlMs - ms)))).toEqual([1, 2, 3]);
    expect(warningsBy(expiry, at(ttlMs - (before[0] ?? 0) - 1))).toBe(0);
  });
});
