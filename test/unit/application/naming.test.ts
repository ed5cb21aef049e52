import { describe, expect, it } from 'vitest';
import { credentialOf, grantFor, tokenTermsOf } from '../../../lib/application/naming.ts';
import type { CredentialId } from '../../../lib/domain/types.ts';
import { givenProfile } from '../../given-policy.ts';

const ULID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const ID = `cred_${ULID}` as CredentialId;
const ROLE = 'arn:aws:iam::1:role/x';
const asked = { profile: 'p', purpose: 'builds', environment: 'prod', consumers: ['c'] };

describe('the credential that an account’s name stands for', () => {
  const name = `nhi-${ID.toLowerCase()}`;
  it.each([
    ['one that we give', name, ID],
    ['one of another beginning', name.replace('nhi-', 'svc-'), undefined],
    ['one of the same end', `${ULID.toLowerCase()}nhi-cred_`, undefined],
    ['one that only begins as ours', 'nhi-cred_deploy', undefined],
    ['one character short', name.slice(0, -1), undefined],
    ['one too many', `${name}0`, undefined],
    ['one too many in front', name.replace('cred_', 'cred_0'), undefined],
    ['a letter that no id has', name.replace('v4', 'u4'), undefined],
    ['in capitals', `nhi-cred_${ULID}`, undefined],
    ['a bare id', ULID.toLowerCase(), undefined],
  ])('%s', (_what, given, expected) => expect(credentialOf(given)).toBe(expected));

  it('is that of the grant', () => expect(credentialOf(grantFor(ID, 'aws-iam-user', '1', asked).accountName)).toBe(ID));
});

describe('what a request becomes', () => {
  it('of an IAM user has names that end in the credential’s id', () => {
    expect(grantFor(ID, 'aws-iam-user', '1', asked)).toEqual({
      ...{ connector: 'aws-iam-user', account: '1', ...asked },
      ...{ accountName: `nhi-${ID.toLowerCase()}`, secretName: `nhi/p/${ID}` },
    });
  });

  it('of a token bears its id alone, since that stands in every token', () => {
    const token = { scopes: ['orders:read'], outlivesLeave: false };
    expect(grantFor(ID, 'api-token', '1', asked, { token })).toMatchObject({ accountName: ULID.toLowerCase(), token });
  });

  it.each([
    ['the roles it may assume', [ROLE], [ROLE]],
    ['none, where there are none', [], undefined],
    ['none, where the profile says nothing', undefined, undefined],
  ])('has %s', (_what, mayAssume, expected) => {
    const grant = grantFor(ID, 'aws-iam-user', '1', asked, { mayAssume });
    expect([grant.mayAssume, 'mayAssume' in grant]).toEqual([expected, expected !== undefined]);
  });
});

describe('what a token is good for', () => {
  const suspend = { action: 'suspend', regretMs: 1 } as const;
  const transfer = { action: 'transfer', overlapMs: 1, regretMs: 1 } as const;
  it.each([
    ['nothing, where the profile is of another kind', { scopes: ['a'] }, undefined],
    ['its scopes', { connector: 'api-token', scopes: ['a', 'b'] }, { scopes: ['a', 'b'], outlivesLeave: false }],
    ['nothing at all without', { connector: 'api-token' }, { scopes: [], outlivesLeave: false }],
    ['beyond a leave, where it is passed on', { connector: 'api-token', onLeave: transfer }, { scopes: [], outlivesLeave: true }],
    ['not beyond one that suspends it', { connector: 'api-token', onLeave: suspend }, { scopes: [], outlivesLeave: false }],
    ['delivered once', { connector: 'api-token', delivery: 'once' }, { scopes: [], outlivesLeave: false, delivery: 'once' }],
    ['delivered to a secret', { connector: 'api-token', delivery: 'secret' }, { scopes: [], outlivesLeave: false }],
  ] as const)('%s', (_what, profile, expected) => expect(tokenTermsOf(givenProfile(profile))).toStrictEqual(expected));
});
