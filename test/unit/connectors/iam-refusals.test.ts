import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { iamAccount } from '../../../lib/connectors/aws-iam-user/account.ts';
import { iamUserConnector } from '../../../lib/connectors/aws-iam-user/connector.ts';
import { keyBody, parseKeyBody } from '../../../lib/connectors/aws-iam-user/key-body.ts';
import { killPolicy } from '../../../lib/connectors/aws-iam-user/kill-policy.ts';
import { Secret } from '../../../lib/domain/faults.ts';
import type { KeyId } from '../../../lib/domain/types.ts';
import { ACCOUNT, attempt, credentialOf } from '../../contract/connector-conformance.ts';
import { settingsOf } from '../../given-work.ts';
import { type IamLine, iamLine, list, refused } from './iam-line.ts';

const held = (): boolean => true;

const one = credentialOf('aws-iam-user');
const BODY = keyBody(one, attempt(), 'AKIA1' as KeyId, 's');

let line: IamLine;
beforeEach(async () => {
  line = await iamLine();
});
afterEach(() => line.close());

const connector = () =>
  iamUserConnector({ stack: 'nhi', account: ACCOUNT, boundaryArn: 'b', groupOf: (profile) => profile, aws: settingsOf(line.endpoint) });
const account = () => iamAccount(settingsOf(line.endpoint));
const policy = () => killPolicy({ policyArn: 'arn:p', aws: settingsOf(line.endpoint) });
const remove = () => account().remove('mallory');

/** Enough to come to every call: something of each kind hangs on the user. */
const HANGING = {
  GetUser: '<User><UserName>mallory</UserName><Path>/nhi/</Path></User>',
  ListAccessKeys: list('AccessKeyMetadata', ['<AccessKeyId>A</AccessKeyId>']),
  ListServiceSpecificCredentials: list('ServiceSpecificCredentials', ['<ServiceSpecificCredentialId>S</ServiceSpecificCredentialId>']),
  ListMFADevices: list('MFADevices', ['<SerialNumber>G1</SerialNumber>']),
  ListSSHPublicKeys: list('SSHPublicKeys', ['<SSHPublicKeyId>K</SSHPublicKeyId>']),
  ListSigningCertificates: list('Certificates', ['<CertificateId>C</CertificateId>']),
  ListUserPolicies: list('PolicyNames', ['P']),
  ListAttachedUserPolicies: list('AttachedPolicies', ['<PolicyArn>arn:p</PolicyArn>']),
  ListGroupsForUser: list('Groups', ['<GroupName>G</GroupName>']),
  ListPolicyVersions: list('Versions', [
    '<VersionId>v2</VersionId><IsDefaultVersion>true</IsDefaultVersion>',
    '<VersionId>v1</VersionId><IsDefaultVersion>false</IsDefaultVersion>',
  ]),
  GenerateCredentialReport: '<State>COMPLETE</State>',
  GetCredentialReport: `<Content>${Buffer.from('user').toString('base64')}</Content>`,
};

describe('a refusal says which call it was of', () => {
  it.each<readonly [string, () => Promise<unknown>]>([
    ['CreateUser', () => connector().ensureAccount(one)],
    ['AddUserToGroup', () => connector().ensureAccount(one)],
    ['CreateAccessKey', () => connector().createVersion(one, attempt())],
    ['GetCallerIdentity', () => connector().verify(BODY)],
    ['GetAccessKeyLastUsed', () => connector().lastUsed(one, 'AKIA1' as KeyId)],
    ['TagUser', () => connector().tagOwner(one, one.holder)],
    ['GetUser', () => connector().accountExists(one)],
    ['PutUserPolicy', () => account().quarantine('mallory')],
    ['ListAccessKeys', () => account().quarantine('mallory')],
    ['UpdateAccessKey', () => account().quarantine('mallory')],
    ...['ListAccessKeys', 'DeleteAccessKey', 'ListServiceSpecificCredentials', 'DeleteServiceSpecificCredential', 'DeleteLoginProfile'].map(
      (name) => [name, remove] as const,
    ),
    ...['ListMFADevices', 'DeactivateMFADevice', 'ListSSHPublicKeys', 'DeleteSSHPublicKey', 'ListSigningCertificates'].map(
      (name) => [name, remove] as const,
    ),
    ...['DeleteSigningCertificate', 'ListUserPolicies', 'DeleteUserPolicy', 'ListAttachedUserPolicies', 'DetachUserPolicy'].map(
      (name) => [name, remove] as const,
    ),
    ...['ListGroupsForUser', 'RemoveUserFromGroup', 'DeleteUser'].map((name) => [name, remove] as const),
    ['GenerateCredentialReport', () => account().list()],
    ['GetCredentialReport', () => account().list()],
    ['GetAccountAuthorizationDetails', () => account().list()],
    ['CreatePolicyVersion', () => policy().render([], held)],
    ['ListPolicyVersions', () => policy().prune()],
    ['DeletePolicyVersion', () => policy().prune()],
    ['GetPolicyVersion', () => policy().rendered()],
  ])('%s', async (operation, act) => {
    line.answers = { ...HANGING, [operation]: refused('Refused') };
    await expect(act()).rejects.toMatchObject({ code: 'provider-refused', message: expect.stringContaining(`${operation}: Refused`) });
  });

  it('the removal of its own deny, which is the last before the user', async () => {
    line.answers = { ...HANGING, ListUserPolicies: list('PolicyNames', []), DeleteUserPolicy: refused('Refused') };
    await expect(remove()).rejects.toMatchObject({ message: expect.stringContaining('DeleteUserPolicy: Refused') });
  });
});

describe('an answer that holds nothing', () => {
  it('of a policy denies nobody that we know of', async () => {
    line.answers = { ...HANGING, GetPolicyVersion: '<X/>' };
    expect(await policy().rendered()).toEqual(['(not ours)']);
  });

  it('of keys is no key', async () => expect(await connector().listVersions(one)).toEqual([]));

  it('of an account is a user of nobody', async () => {
    line.answers = { ...HANGING, GetAccountAuthorizationDetails: '<IsTruncated>false</IsTruncated>' };
    expect(await account().list()).toMatchObject({ users: [], keysAtMs: 0 });
  });
});

describe('an account', () => {
  it('whose report is still being made is waited for', async () => {
    const state = (nth: number): string => `<State>${nth === 1 ? 'STARTED' : 'COMPLETE'}</State>`;
    line.answers = { ...HANGING, GenerateCredentialReport: (_form, nth) => state(nth) };
    await account().list();
    expect(line.calls.filter((call) => call.includes('Report'))).toEqual([
      ...['GenerateCredentialReport', 'GenerateCredentialReport', 'GetCredentialReport'],
    ]);
  });

  it('is asked for its users alone, and for what is theirs', async () => {
    let asked = new URLSearchParams();
    line.answers = {
      ...HANGING,
      GetAccountAuthorizationDetails: (form) => {
        asked = form;
        return '<IsTruncated>false</IsTruncated>';
      },
    };
    await account().list();
    expect([asked.getAll('Filter.member.1'), asked.get('Filter.member.2')]).toEqual([['User'], null]);
  });
});

describe('a key', () => {
  it('is verified by a form that it signed itself, for STS', async () => {
    line.answers = {
      GetCallerIdentity: `<Account>${ACCOUNT}</Account><Arn>arn:aws:iam::${ACCOUNT}:user/nhi/${one.grant.accountName}</Arn>`,
    };
    expect(await connector().verify(BODY)).toBe(true);
    const { authorization, 'content-type': type } = line.headers[0] ?? {};
    expect(type).toBe('application/x-www-form-urlencoded');
    expect(authorization).toMatch(/Credential=AKIA1\/\d{8}\/us-east-1\/sts\/aws4_request/);
  });

  it.each(['accessKeyId', 'secretAccessKey', 'accountId', 'userName', 'versionId'])('whose value has no %s is none of ours', (name) => {
    const { [name]: _, ...rest } = JSON.parse(BODY.reveal());
    expect(() => parseKeyBody(new Secret(JSON.stringify(rest)))).toThrow('the stored value is no aws-access-key of ours');
  });
});
