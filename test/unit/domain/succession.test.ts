import { describe, expect, it } from 'vitest';
import type { Owner } from '../../../lib/domain/owner/state.ts';
import { referenceOn, unfit } from '../../../lib/domain/owner/succession.ts';
import type { OwnerId } from '../../../lib/domain/types.ts';
import { givenPolicy } from '../../given-policy.ts';
import { grant } from './given.ts';

const owner = (change: Partial<Owner> = {}): Owner =>
  ({ id: 'own_2', source: 'hr', subject: '2', status: 'active', attributes: { email: '', roles: ['R'] }, ...change }) as Owner;
const full = owner({ attributes: { email: '', roles: [], successor: '11', manager: '12', team: 'crew' } });

describe('who stands on a rung', () => {
  it.each([
    ['named', full, 'hr:9', { source: 'hr', externalId: '11' }],
    ['manager', full, 'hr:9', { source: 'hr', externalId: '12' }],
    ['team', full, 'hr:9', { source: 'team', externalId: 'crew' }],
    ['steward', full, 'scim:a:b', { source: 'scim', externalId: 'a:b' }],
    ['named', owner(), 'hr:9', undefined],
    ['manager', owner(), 'hr:9', undefined],
    ['team', owner(), 'hr:9', undefined],
    ['steward', full, undefined, undefined],
    ['steward', full, 'ann@example.com', undefined],
    ['steward', full, ':9', { source: '', externalId: '9' }],
  ] as const)('%s', (rung, who, steward, expected) => {
    expect(referenceOn(rung, who, steward)).toEqual(expected);
  });
});

describe('who can’t take a credential over', () => {
  const policy = givenPolicy({ steward: 'hr:9' });
  const wanted = { ...grant, profile: 'p', environment: 'e' };
  it.each([
    ['nobody knows them', undefined, [], 'unknown'],
    ['they refused', owner(), ['own_1', 'own_2'], 'refused it, or is who it is taken from'],
    ['they left', owner({ status: 'left' }), [], 'owner-not-active: left'],
    ['their role', owner({ attributes: { email: '', roles: ['X'] } }), [], 'not-eligible: X'],
    ['nothing is in the way', owner(), ['own_1'], undefined],
    ['the steward can, whatever the role', owner({ subject: '9', attributes: { email: '', roles: [] } }), [], undefined],
  ])('%s', (_name, candidate, excluded, expected) => {
    expect(unfit(policy, candidate, wanted, excluded as readonly OwnerId[])).toBe(expected);
  });
});
