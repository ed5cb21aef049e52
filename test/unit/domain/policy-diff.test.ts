import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../lib/domain/policy.ts';
import { losesBy, policyChanges } from '../../../lib/domain/policy-diff.ts';
import { DEFAULT_TIMING } from '../../../lib/domain/timing.ts';
import { givenPolicy, givenProfile } from '../../given-policy.ts';

const profile = givenProfile({ environments: ['e', 'f'], eligible: { roles: ['R', 'S'] } });
const base = givenPolicy({ profiles: { p: profile, q: profile } });
const held = {
  profile: 'p',
  environment: 'e',
  owner: { source: 'hr', subject: '1', status: 'active', attributes: { roles: ['R'] } },
} as const;

describe('the difference of two policies', () => {
  const other = { ...profile, onMove: 'keep' } as const;
  it.each<[string, Policy, readonly object[]]>([
    ['the same', base, []],
    ['the same, written anew', structuredClone(base), []],
    ['a profile less', { ...base, profiles: { p: profile } }, [{ part: 'profiles.q', how: 'removed' }]],
    ['a profile more', { ...base, profiles: { ...base.profiles, r: profile } }, [{ part: 'profiles.r', how: 'added' }]],
    [
      'a grant',
      { ...base, profiles: { p: { ...profile, grants: ['x'] }, q: profile } },
      [{ part: 'profiles.p.grants', how: 'changed', before: [], after: ['x'] }],
    ],
    ['what a move does', { ...base, profiles: { p: profile, q: other } }, [{ part: 'profiles.q.onMove', before: 'revoke', after: 'keep' }]],
    ['a steward', { ...base, steward: 'hr:9' }, [{ part: 'steward', how: 'added', after: 'hr:9' }]],
    ['a clock', { ...base, timing: { ...DEFAULT_TIMING, leaseMs: 1 } }, [{ part: 'timing.leaseMs', how: 'changed', after: 1 }]],
  ])('%s', (_name, after, expected) => expect(policyChanges(base, after)).toEqual(expected.map((one) => expect.objectContaining(one))));
});

describe('a credential under another policy', () => {
  const without = (change: Partial<Policy['profiles'][string]>): Policy => ({ ...base, profiles: { p: { ...profile, ...change } } });
  it.each([
    ['nothing that concerns it changed', without({ grants: ['x'] }), undefined],
    ['its role is not eligible any more', without({ eligible: { roles: ['S'] } }), 'not-eligible: R'],
    ['its environment is gone', without({ environments: ['f'] }), 'environment-not-allowed: e'],
    ['its profile is gone', { ...base, profiles: {} }, 'unknown-profile: p'],
  ])('%s', (_name, after, why) => expect(losesBy(base, after, held)).toBe(why));

  it('that its owner has as the steward is too much when somebody else is', () => {
    const stewards = { ...base, steward: 'hr:1' };
    const owner = { ...held.owner, attributes: { roles: ['X'] } };
    expect(losesBy(stewards, stewards, { ...held, owner })).toBeUndefined();
    expect(losesBy(stewards, { ...base, steward: 'hr:2' }, { ...held, owner })).toBe('not-eligible: X');
  });

  it('that was too much already is not touched by the change', () => {
    expect(losesBy(base, { ...base, profiles: {} }, { ...held, owner: { ...held.owner, status: 'left' } })).toBeUndefined();
  });
});
