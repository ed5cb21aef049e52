import { describe, expect, it } from 'vitest';
import { entitlement, mayHold } from '../../../lib/domain/entitlement.ts';
import { givenPolicy, givenProfile } from '../../given-policy.ts';

const profile = givenProfile({ eligible: { roles: ['R', 'S'] }, environments: ['e', 'f'] });
const policy = givenPolicy({ profiles: { p: profile, q: profile }, steward: 'hr:7' });
const owner = (roles: readonly string[] = ['R'], status: 'active' | 'leaving' | 'left' = 'active') => ({ status, attributes: { roles } });

describe('what an owner may ask for', () => {
  it.each([
    ['one of its roles is eligible', owner(['X', 'S']), 'p', 'f', { ok: true, profile }],
    ['no such profile', owner(), 'r', 'e', { ok: false, why: 'unknown-profile', value: 'r', allowed: ['p', 'q'] }],
    ['a name every object has', owner(), 'toString', 'e', { ok: false, why: 'unknown-profile', value: 'toString', allowed: ['p', 'q'] }],
    [
      'an owner who leaves',
      owner(['R'], 'leaving'),
      'p',
      'e',
      { ok: false, why: 'owner-not-active', value: 'leaving', allowed: ['active'] },
    ],
    ['an owner who left', owner(['R'], 'left'), 'p', 'e', { ok: false, why: 'owner-not-active', value: 'left', allowed: ['active'] }],
    ['other roles', owner(['X', 'Y']), 'p', 'e', { ok: false, why: 'not-eligible', value: 'X, Y', allowed: ['R', 'S'] }],
    ['no role at all', owner([]), 'p', 'e', { ok: false, why: 'not-eligible', value: '(no role)', allowed: ['R', 'S'] }],
    ['another environment', owner(), 'p', 'g', { ok: false, why: 'environment-not-allowed', value: 'g', allowed: ['e', 'f'] }],
  ] as const)('%s', (_name, who, name, environment, expected) => {
    expect(entitlement(policy, who, name, environment)).toEqual(expected);
  });
});

describe('what an owner may be given', () => {
  const steward = { source: 'hr', subject: '7' };
  const other = { source: 'hr', subject: '8' };
  it.each([
    ['what they could ask for', { ...owner(), ...other }, 'p', 'e', { ok: true }],
    ['nothing their role does not give', { ...owner(['X']), ...other }, 'p', 'e', { ok: false, why: 'not-eligible' }],
    ['to the steward, whatever the role', { ...owner(['X']), ...steward }, 'p', 'e', { ok: true, profile }],
    ['to the steward, wherever', { ...owner(['R']), ...steward }, 'p', 'g', { ok: true, profile }],
    ['nothing to a steward who left', { ...owner(['X'], 'left'), ...steward }, 'p', 'e', { ok: false, why: 'owner-not-active' }],
    ['nothing of a profile that is not there', { ...owner(['X']), ...steward }, 'r', 'e', { ok: false, why: 'unknown-profile' }],
    [
      'not to the same number in another source',
      { ...owner(['X']), source: 'scim', subject: '7' },
      'p',
      'e',
      { ok: false, why: 'not-eligible' },
    ],
  ] as const)('%s', (_name, who, name, environment, expected) => {
    expect(mayHold(policy, who, name, environment)).toMatchObject(expected);
  });

  it('nobody is the steward where the policy names none', () => {
    expect(mayHold(givenPolicy(), { ...owner(['X']), source: 'undefined', subject: '' }, 'p', 'e')).toMatchObject({ ok: false });
  });
});
