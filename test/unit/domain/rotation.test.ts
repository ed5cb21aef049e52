import { describe, expect, it } from 'vitest';
import { decide } from '../../../lib/domain/credential/decide.ts';
import { dueAtMs } from '../../../lib/domain/credential/next-step.ts';
import type { Active } from '../../../lib/domain/credential/state.ts';
import type { EpochMs } from '../../../lib/domain/types.ts';
import {
  active,
  at,
  attempt,
  command,
  done,
  key,
  later,
  outcome,
  phases,
  promoted,
  revoking,
  rotation,
  type Story,
  start,
  timing,
  wants,
} from './given.ts';

const stateOf = (story: Story): Active => {
  if (story.state.status !== 'active') throw new Error(`not active but ${story.state.status}`);
  return story.state;
};
const due = (): Story => {
  const story = active();
  return { ...story, nowMs: stateOf(story).rotateAtMs };
};
const checked = (story: Story, oldUsedAtMs: number | undefined, newUsedAtMs: number | undefined): Story =>
  done(story, 'check-use', {
    of: 'check-use',
    keyId: key(1),
    oldUsedAtMs: oldUsedAtMs as EpochMs | undefined,
    newUsedAtMs: newUsedAtMs as EpochMs | undefined,
  });

describe('a rotation', () => {
  it('begins when it is due, or when somebody says so', () => {
    const story = active();
    expect(dueAtMs(story.state, story.nowMs)).toBe(story.nowMs + rotation.everyMs);
    expect(wants(due())).toBe('create-version');
    expect(wants(command(story, { type: 'rotate' }))).toBe('create-version');
  });

  it('is not begun twice, nor where there is nothing to rotate', () => {
    const why = (story: Story) => decide(story.state, { type: 'rotate' }, story.nowMs, timing);
    expect(why(promoted(due()))).toEqual({ ok: false, why: 'already-rotating' });
    expect(why(revoking(active()))).toEqual({ ok: false, why: 'already-ending' });
  });

  it('the old key works on, and the next rotation is counted from the promotion', () => {
    const story = promoted(due());
    expect(phases(story)).toEqual(['1 retiring', '2 current']);
    expect(stateOf(story).rotateAtMs).toBe(story.nowMs + rotation.everyMs);
    expect(dueAtMs(story.state, story.nowMs)).toBe(story.nowMs + rotation.overlapMs);
  });

  it('a key that never comes to life leaves the old one as it was, and is tried again an hour later', () => {
    const created = outcome(start(due(), 'create-version', 2), { of: 'create-key', attempt: attempt(2), keyId: key(2) });
    let story = outcome(created, { of: 'store', attempt: attempt(2) });
    for (let tries = 0; tries < 8; tries += 1)
      story = done(later(story, 120_000), 'verify', { of: 'verify', attempt: attempt(2), usable: false });
    expect(phases(story)).toEqual(['1 current', '2 doomed']);
    story = done(story, 'delete-version', { of: 'delete-version', keyId: key(2) });
    expect([phases(story), wants(story)]).toEqual([['1 current'], 'wait']);
    expect(wants(later(story, 3_600_000))).toBe('create-version');
  });
});

describe('the old key', () => {
  const overlapOver = later(promoted(due()), rotation.overlapMs);
  const promotedAtMs = promoted(due()).nowMs;
  const usedByOthers = promotedAtMs + timing.usageLagMs + 1;

  it.each([
    ['the new one is used, and the old one silent', undefined, usedByOthers, 'disable-version'],
    ['the old one was last used long before', promotedAtMs - timing.usageLagMs, usedByOthers, 'disable-version'],
    ['the old one was used in the overlap', promotedAtMs + 60_000, usedByOthers, 'wait'],
    ['the new one shows no use', undefined, undefined, 'wait'],
    ['the use of the new one may be our own verification', undefined, promotedAtMs + timing.usageLagMs - 1, 'wait'],
  ])('after the overlap, when %s: %s, %s → %s', (_name, oldUsedAtMs, newUsedAtMs, next) => {
    expect(wants(overlapOver)).toBe('check-use');
    expect(wants(checked(overlapOver, oldUsedAtMs, newUsedAtMs))).toBe(next);
  });

  it('is looked at again each usageLagMs, and at the hard limit', () => {
    const story = checked(overlapOver, undefined, undefined);
    expect(dueAtMs(story.state, story.nowMs)).toBe(story.nowMs + timing.usageLagMs);
    const nearLimit = { ...story, nowMs: at(promotedAtMs + rotation.hardLimitMs - 1) };
    expect(dueAtMs(checked(nearLimit, undefined, undefined).state, nearLimit.nowMs)).toBe(promotedAtMs + rotation.hardLimitMs);
  });

  it.each([
    ['extend', 'wait'],
    ['disable', 'disable-version'],
  ] as const)('in use at the hard limit: the profile says %s → %s', (stillInUse, next) => {
    const from = due();
    const story = promoted({ ...from, state: { ...from.state, rotation: { ...rotation, stillInUse } } });
    const atLimit = later(story, rotation.hardLimitMs);
    expect(wants(checked(atLimit, atLimit.nowMs - 1, usedByOthers))).toBe(next);
  });

  it('waits disabled for its regret time, then is deleted', () => {
    const allowed = checked(overlapOver, undefined, usedByOthers);
    const disabled = done(allowed, 'disable-version', { of: 'disable-version', keyId: key(1) });
    expect(phases(disabled)).toEqual(['1 disabled', '2 current']);
    expect(dueAtMs(disabled.state, disabled.nowMs)).toBe(disabled.nowMs + rotation.regretMs);
    const gone = done(later(disabled, rotation.regretMs), 'delete-version', { of: 'delete-version', keyId: key(1) });
    expect(phases(gone)).toEqual(['2 current']);
  });

  it('a leave in the middle revokes both, and the outcome of a check changes nothing of that', () => {
    const during = start(overlapOver, 'check-use');
    const ending = revoking(during);
    const late = outcome(
      ending,
      { of: 'check-use', keyId: key(1), oldUsedAtMs: undefined, newUsedAtMs: usedByOthers as EpochMs },
      during.state.fence,
    );
    expect(late.state).toMatchObject({ status: 'revoking', stage: 'deny' });
    expect(late.state.lease).toBeUndefined();
  });
});

describe('how many keys a day', () => {
  /** As after so many replacements, each of them done. */
  const worn = (keys: number): Story => {
    let story = active();
    for (let n = 2; n <= keys; n += 1) {
      const replacing = later(command(story, { type: 'replace' }), 60_000);
      const created = outcome(start(replacing, 'create-version', n), { of: 'create-key', attempt: attempt(n), keyId: key(n) });
      const stored = later(outcome(created, { of: 'store', attempt: attempt(n) }), 4_000);
      const verified = done(stored, 'verify', { of: 'verify', attempt: attempt(n), usable: true });
      const next = done(verified, 'promote', { of: 'promote', attempt: attempt(n) });
      const disabled = done(next, 'disable-version', { of: 'disable-version', keyId: key(n - 1) });
      story = done(disabled, 'delete-version', { of: 'delete-version', keyId: key(n - 1) });
    }
    return story;
  };

  it.each(['rotate', 'replace'] as const)(
    '%s is refused after twenty, since the secret could keep no more, until a day is over',
    (type) => {
      expect(decide(worn(19).state, { type }, worn(19).nowMs, timing).ok).toBe(true);
      const spent = worn(20);
      expect(decide(spent.state, { type }, spent.nowMs, timing)).toEqual({ ok: false, why: 'too-many-keys' });
      const [first = 0] = stateOf(spent).attemptedAtMs;
      expect(decide(spent.state, { type }, at(first + 86_399_999), timing).ok).toBe(false);
      expect(decide(spent.state, { type }, at(first + 86_400_000), timing).ok).toBe(true);
    },
  );
});
