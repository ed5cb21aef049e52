import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { iamAccount } from '../../../lib/connectors/aws-iam-user/account.ts';
import { iamUserConnector } from '../../../lib/connectors/aws-iam-user/connector.ts';
import { keyBody } from '../../../lib/connectors/aws-iam-user/key-body.ts';
import { killPolicy } from '../../../lib/connectors/aws-iam-user/kill-policy.ts';
import { killDocument } from '../../../lib/contract/kill-policy.ts';
import type { KeyId } from '../../../lib/domain/types.ts';
import { ACCOUNT, attempt, credentialOf } from '../../contract/connector-conformance.ts';
import { settingsOf } from '../../given-work.ts';
import { andMore, type IamLine, iamLine, list, refused } from './iam-line.ts';

const held = (): boolean => true;

const one = credentialOf('aws-iam-user');
const NAME = one.grant.accountName;
const ARN = 'arn:aws:iam::000000000000:policy/nhi/kill-1';

let line: IamLine;
beforeEach(async () => {
  line = await iamLine([
    ...['UserName', 'VersionId', 'AccessKeyId', 'Status', 'ServiceSpecificCredentialId', 'SerialNumber', 'SSHPublicKeyId'],
    ...['CertificateId', 'PolicyName', 'PolicyArn', 'GroupName'],
  ]);
});
afterEach(() => line.close());

describe('a verification', () => {
  const verify = (accountId = ACCOUNT, userName = NAME) => {
    const given = { ...one, grant: { ...one.grant, account: accountId, accountName: userName } };
    const aws = settingsOf(line.endpoint);
    const connector = iamUserConnector({ stack: 'nhi', account: ACCOUNT, boundaryArn: 'b', groupOf: (profile) => profile, aws });
    return connector.verify(keyBody(given, attempt(), 'AKIA1' as KeyId, 's'));
  };
  const says = (arn: string, account = ACCOUNT) => ({ GetCallerIdentity: `<Account>${account}</Account><Arn>${arn}</Arn>` });
  const OURS = `arn:aws:iam::${ACCOUNT}:user/nhi/${NAME}`;

  it('is one call with the key itself', async () => {
    line.answers = says(OURS);
    expect(await verify()).toBe(true);
    expect(line.calls).toEqual(['GetCallerIdentity']);
  });

  it.each(['InvalidClientTokenId', 'UnrecognizedClientException', 'SignatureDoesNotMatch'])(
    'answered with %s: it is not known yet',
    async (code) => {
      line.answers = { GetCallerIdentity: refused(code) };
      expect(await verify()).toBe(false);
    },
  );

  it('that something on the way denies is a fault: waiting would not help', async () => {
    line.answers = { GetCallerIdentity: refused('AccessDenied') };
    await expect(verify()).rejects.toMatchObject({ code: 'provider-refused' });
  });

  it.each([
    ['no account', `<Arn>${OURS}</Arn>`],
    ['no user', `<Account>${ACCOUNT}</Account>`],
  ])('answered with %s says nothing', async (_what, GetCallerIdentity) => {
    line.answers = { GetCallerIdentity };
    await expect(verify()).rejects.toMatchObject({
      code: 'provider-unknown',
      retryable: true,
      message: expect.stringContaining('without an identity'),
    });
  });

  it.each<readonly [string, ReturnType<typeof says>, string]>([
    ['of another user', says(`${OURS}x`), ACCOUNT],
    ['of another path', says(`arn:aws:iam::${ACCOUNT}:user/${NAME}`), ACCOUNT],
    ['of another account', says(OURS, '999999999999'), ACCOUNT],
    ['whose value says another account', says(OURS), '999999999999'],
  ])('of a key %s is a fault: such a value must not be promoted', async (_what, answers, account) => {
    line.answers = answers;
    await expect(verify(account)).rejects.toMatchObject({
      code: 'provider-refused',
      retryable: false,
      message: expect.stringContaining('another user'),
    });
  });
});

describe('the policy that denies killed owners', () => {
  const policy = () => killPolicy({ policyArn: ARN, aws: settingsOf(line.endpoint) });
  const version = (id: string, inForce: boolean) => `<VersionId>${id}</VersionId><IsDefaultVersion>${inForce}</IsDefaultVersion>`;
  const versions = { ListPolicyVersions: list('Versions', [version('v10', true), version('v9', false), version('v2', false)]) };

  it('is rendered by one call, in force at once', async () => {
    let made = new URLSearchParams();
    line.answers = {
      CreatePolicyVersion: (form) => {
        made = form;
        return '';
      },
    };
    await policy().render(['ann'], held);
    expect(line.calls).toEqual([`CreatePolicyVersion ${ARN}`]);
    expect([made.get('SetAsDefault'), JSON.parse(made.get('PolicyDocument') ?? '')]).toEqual(['true', killDocument(['ann'])]);
  });

  it('that is full of versions loses the oldest that is not in force, and is rendered then', async () => {
    line.answers = { ...versions, CreatePolicyVersion: (_form, nth) => (nth === 1 ? refused('LimitExceeded') : '') };
    await policy().render(['ann'], held);
    expect(line.calls).toEqual([
      `CreatePolicyVersion ${ARN}`,
      `ListPolicyVersions ${ARN}`,
      `DeletePolicyVersion v2 ${ARN}`,
      `CreatePolicyVersion ${ARN}`,
    ]);
  });

  it('that is full of versions is left for another lease, where this one is over when there is room', async () => {
    line.answers = { ...versions, CreatePolicyVersion: (_form, nth) => (nth === 1 ? refused('LimitExceeded') : '') };
    await expect(policy().render(['ann'], () => false)).rejects.toMatchObject({ code: 'provider-throttled', retryable: true });
    expect(line.calls).toEqual([`CreatePolicyVersion ${ARN}`, `ListPolicyVersions ${ARN}`, `DeletePolicyVersion v2 ${ARN}`]);
  });

  it('that stays full is a refusal', async () => {
    line.answers = { ...versions, CreatePolicyVersion: refused('LimitExceeded') };
    await expect(policy().render([], held)).rejects.toMatchObject({
      code: 'provider-refused',
      message: expect.stringContaining('CreatePolicyVersion: LimitExceeded'),
    });
  });

  it('denies whom the version in force denies', async () => {
    const Document = encodeURIComponent(JSON.stringify(killDocument(['ann', 'bob'])));
    line.answers = { ...versions, GetPolicyVersion: `<PolicyVersion><Document>${Document}</Document></PolicyVersion>` };
    expect(await policy().rendered()).toEqual(['ann', 'bob']);
    expect(line.calls.at(-1)).toBe(`GetPolicyVersion v10 ${ARN}`);
  });

  it.each([
    [
      'of another form',
      `<PolicyVersion><Document>${encodeURIComponent('{"Version":"2012-10-17","Statement":[]}')}</Document></PolicyVersion>`,
    ],
    ['that is not told', '<PolicyVersion><VersionId>v10</VersionId></PolicyVersion>'],
  ])('%s denies nobody that we know of', async (_what, GetPolicyVersion) => {
    line.answers = { ...versions, GetPolicyVersion };
    expect(await policy().rendered()).toEqual(['(not ours)']);
  });

  it('keeps the version in force alone', async () => {
    line.answers = versions;
    await policy().prune();
    expect(line.calls.slice(1).sort()).toEqual([`DeletePolicyVersion v2 ${ARN}`, `DeletePolicyVersion v9 ${ARN}`]);
  });

  it.each(['NoSuchEntity', 'DeleteConflict'])('is as it should be where IAM says %s of an old version', async (code) => {
    line.answers = { ...versions, DeletePolicyVersion: refused(code) };
    await policy().prune();
  });

  it('that may not be tidied up says so', async () => {
    line.answers = { ...versions, DeletePolicyVersion: refused('AccessDenied') };
    await expect(policy().prune()).rejects.toMatchObject({ code: 'provider-refused' });
  });
});

describe('a stray user', () => {
  const account = () => iamAccount(settingsOf(line.endpoint));
  const user = (path: string) => `<User><UserName>mallory</UserName><Path>${path}</Path></User>`;
  const acts = [
    ['quarantine', (name: string) => account().quarantine(name)],
    ['remove', (name: string) => account().remove(name)],
  ] as const;

  it.each(acts)('that has come to be of another path is not touched: %s', async (_what, act) => {
    line.answers = { GetUser: user('/') };
    expect(await act('mallory')).toBe(false);
    expect(line.calls).toEqual(['GetUser mallory']);
  });

  it.each(acts)('that is gone is not touched: %s', async (_what, act) => {
    line.answers = { GetUser: refused('NoSuchEntity') };
    expect(await act('mallory')).toBe(false);
    expect(line.calls).toHaveLength(1);
  });

  it('is denied first, then loses each key', async () => {
    line.answers = {
      GetUser: user('/nhi/'),
      ListAccessKeys: list('AccessKeyMetadata', ['<AccessKeyId>A</AccessKeyId>', '<AccessKeyId>B</AccessKeyId>']),
    };
    expect(await account().quarantine('mallory')).toBe(true);
    expect(line.calls.slice(1)).toEqual([
      ...[
        'PutUserPolicy mallory nhi-deny',
        'ListAccessKeys mallory',
        'UpdateAccessKey mallory A Inactive',
        'UpdateAccessKey mallory B Inactive',
      ],
    ]);
  });

  it('that has no key is denied all the same', async () => {
    line.answers = { GetUser: user('/nhi/') };
    expect(await account().quarantine('mallory')).toBe(true);
    expect(line.calls.slice(1)).toEqual(['PutUserPolicy mallory nhi-deny', 'ListAccessKeys mallory']);
  });

  it('is denied before anything is taken from it, and again where something came in between', async () => {
    line.answers = { GetUser: user('/nhi/'), DeleteUser: (_form, nth) => (nth === 1 ? refused('DeleteConflict') : '') };
    expect(await account().remove('mallory')).toBe(false);
    expect([line.calls[1], line.calls.at(-1)]).toEqual(['PutUserPolicy mallory nhi-deny', 'PutUserPolicy mallory nhi-deny']);
    expect(await account().remove('mallory')).toBe(true);
  });

  const arn = 'arn:aws:iam::000000000000:mfa/m';
  it.each<readonly [string, string, string, readonly string[]]>([
    ['keys', 'ListAccessKeys', list('AccessKeyMetadata', ['<AccessKeyId>A</AccessKeyId>']), ['DeleteAccessKey mallory A']],
    [
      'credentials of one service',
      'ListServiceSpecificCredentials',
      list('ServiceSpecificCredentials', ['<ServiceSpecificCredentialId>S</ServiceSpecificCredentialId>']),
      ['DeleteServiceSpecificCredential mallory S'],
    ],
    [
      'a virtual device, which is an object of its own',
      'ListMFADevices',
      list('MFADevices', [`<SerialNumber>${arn}</SerialNumber>`]),
      [`DeactivateMFADevice mallory ${arn}`, `DeleteVirtualMFADevice ${arn}`],
    ],
    [
      'a device in somebody’s hand',
      'ListMFADevices',
      list('MFADevices', ['<SerialNumber>G1</SerialNumber>']),
      ['DeactivateMFADevice mallory G1'],
    ],
    ['SSH keys', 'ListSSHPublicKeys', list('SSHPublicKeys', ['<SSHPublicKeyId>K</SSHPublicKeyId>']), ['DeleteSSHPublicKey mallory K']],
    [
      'certificates',
      'ListSigningCertificates',
      list('Certificates', ['<CertificateId>C</CertificateId>']),
      ['DeleteSigningCertificate mallory C'],
    ],
    ['inline policies', 'ListUserPolicies', list('PolicyNames', ['P', 'nhi-deny']), ['DeleteUserPolicy mallory P']],
    [
      'attached policies',
      'ListAttachedUserPolicies',
      list('AttachedPolicies', ['<PolicyArn>arn:p</PolicyArn>']),
      ['DetachUserPolicy mallory arn:p'],
    ],
    ['groups', 'ListGroupsForUser', list('Groups', ['<GroupName>G</GroupName>']), ['RemoveUserFromGroup mallory G']],
  ])('loses what hangs on it: %s', async (_what, listing, answer, expected) => {
    line.answers = { GetUser: user('/nhi/'), [listing]: answer };
    expect(await account().remove('mallory')).toBe(true);
    const at = line.calls.findIndex((call) => call.startsWith(listing));
    expect(line.calls.slice(at + 1, at + 1 + expected.length)).toEqual(expected);
    expect(line.calls.filter((call) => /^(Delete|Detach|Deactivate|Remove)/.test(call))).toHaveLength(expected.length + 3); // login, deny, user
  });

  it('loses it though it is gone by then, whatever has no such operation, and all pages of it', async () => {
    const page = (id: string) => `<ServiceSpecificCredentialId>${id}</ServiceSpecificCredentialId>`;
    line.answers = {
      ...{ GetUser: user('/nhi/'), DeleteLoginProfile: refused('NoSuchEntity'), ListSSHPublicKeys: refused('InvalidAction') },
      ...{
        ListUserPolicies: list('PolicyNames', ['P']),
        DeleteUserPolicy: refused('NoSuchEntity'),
        ListMFADevices: refused('NoSuchEntity'),
      },
      ListServiceSpecificCredentials: (form) =>
        list('ServiceSpecificCredentials', [page(form.get('Marker') ?? 'first')], form.get('Marker') ? '' : andMore('second')),
    };
    expect(await account().remove('mallory')).toBe(true);
    expect(line.calls.filter((call) => call.startsWith('DeleteServiceSpecificCredential '))).toEqual([
      ...['DeleteServiceSpecificCredential mallory first', 'DeleteServiceSpecificCredential mallory second'],
    ]);
  });

  it('is not removed while it is not seen what hangs on it', async () => {
    line.answers = { GetUser: user('/nhi/'), ListGroupsForUser: refused('AccessDenied') };
    await expect(account().remove('mallory')).rejects.toMatchObject({ code: 'provider-refused' });
    expect(line.calls).not.toContain('DeleteUser mallory');
  });
});

describe('all users of an account', () => {
  const row = (...columns: readonly string[]) => columns.join(',');
  const report = [
    row('user', 'access_key_1_active', 'access_key_1_last_rotated', 'access_key_2_active', 'access_key_2_last_rotated'),
    row('none', 'false', 'N/A', 'false', 'N/A'),
    row('one', 'true', '2026-01-01T00:00:00Z', 'false', 'N/A'),
    row('inactive', 'false', '2026-01-01T00:00:00Z', 'false', ''),
    row('two', 'true', 'N/A', 'true', '2026-01-01T00:00:00Z'),
  ].join('\n');
  const made = '<GeneratedTime>2026-01-02T00:00:00Z</GeneratedTime>';
  const content = `<Content>${Buffer.from(report).toString('base64')}</Content>`;
  const user = (name: string, path: string) => `<UserName>${name}</UserName><Path>${path}</Path>`;

  it('are those of every page, each with its keys, inactive ones included', async () => {
    const names = ['none', 'one', 'inactive', 'two', 'fresh'].map((name) => user(name, '/nhi/'));
    line.answers = {
      ...{ GenerateCredentialReport: '<State>COMPLETE</State>', GetCredentialReport: `${content}${made}` },
      GetAccountAuthorizationDetails: (form) =>
        form.get('Marker') ? list('UserDetailList', [user('legacy', '/')]) : list('UserDetailList', names, andMore('m')),
    };
    const listing = await iamAccount(settingsOf(line.endpoint)).list();
    expect(listing.users.map(({ name, path, keys }) => [name, path, keys])).toEqual([
      ...[
        ['none', '/nhi/', 0],
        ['one', '/nhi/', 1],
        ['inactive', '/nhi/', 1],
        ['two', '/nhi/', 2],
      ],
      ...[
        ['fresh', '/nhi/', undefined],
        ['legacy', '/', undefined],
      ],
    ]);
    expect(listing.keysAtMs).toBe(Date.parse('2026-01-02T00:00:00Z'));
  });

  it('are none where one page does not come', async () => {
    line.answers = {
      ...{ GenerateCredentialReport: '<State>COMPLETE</State>', GetCredentialReport: `${content}${made}` },
      GetAccountAuthorizationDetails: (form) =>
        form.get('Marker') ? refused('AccessDenied') : list('UserDetailList', [user('a', '/')], andMore('m')),
    };
    await expect(iamAccount(settingsOf(line.endpoint)).list()).rejects.toMatchObject({ code: 'provider-refused' });
  });
});
