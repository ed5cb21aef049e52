import { Stack } from 'aws-cdk-lib';
import { NAMES } from '../contract/env.ts';
import { acknowledgeWildcards } from './acknowledge.ts';
import type { NhiFunction } from './nhi-function.ts';

/** What the worker of IAM access keys may do, and no other function: on users under our path that carry our tag, and on our secrets. */
export function allowIamUsers(worker: NhiFunction, stackName: string, boundaryArn: string): void {
  const { account, partition } = Stack.of(worker);
  const arn = (kind: string): string => `arn:${partition}:iam::${account}:${kind}${NAMES.iamPath}*`;
  const mfaDevices = `arn:${partition}:iam::${account}:mfa/*`;
  const absent = `arn:${partition}:iam::${account}:user/${NAMES.userPrefix}*`;
  acknowledgeWildcards(
    worker.role,
    [arn('user'), arn('group'), absent],
    'Users come and go with requests; they are bound to our path, and to our tag wherever the action has one to look at.',
  );
  acknowledgeWildcards(
    worker.role,
    [mfaDevices],
    'Somebody else may hang a virtual MFA device on a user of ours, under any name; IAM refuses to delete one in use.',
  );
  const ours = { StringEquals: { 'aws:ResourceTag/nhi:stack': stackName } };
  const madeByUs = { StringEquals: { 'iam:PermissionsBoundary': boundaryArn, 'aws:RequestTag/nhi:stack': stackName } };
  worker.allow(['iam:CreateUser'], [arn('user')], madeByUs);
  worker.allow(['iam:TagUser'], [arn('user')], { StringEquals: { 'aws:RequestTag/nhi:stack': stackName } }); // CreateUser with tags needs it
  worker.allow(['iam:TagUser'], [arn('user')], onlyTheOwner(stackName)); // a handover
  // Without the tag, which an absent user has not; and without the path too, since IAM can't know the path of one that is not there.
  worker.allow(['iam:GetUser', 'iam:ListAccessKeys', 'iam:GetAccessKeyLastUsed'], [arn('user'), absent]);
  worker.allow(
    [
      ...[
        'iam:CreateAccessKey',
        'iam:UpdateAccessKey',
        'iam:DeleteAccessKey',
        'iam:PutUserPolicy',
        'iam:DeleteUserPolicy',
        'iam:DeleteUser',
      ],
      // What others hung on the user is found and taken away before it is deleted.
      ...['iam:ListUserPolicies', 'iam:ListAttachedUserPolicies', 'iam:DetachUserPolicy', 'iam:ListGroupsForUser'],
      ...['iam:ListServiceSpecificCredentials', 'iam:DeleteServiceSpecificCredential', 'iam:GetLoginProfile', 'iam:DeleteLoginProfile'],
      ...['iam:ListMFADevices', 'iam:DeactivateMFADevice', 'iam:ListSSHPublicKeys', 'iam:DeleteSSHPublicKey'],
      ...['iam:ListSigningCertificates', 'iam:DeleteSigningCertificate'],
    ],
    [arn('user')],
    ours,
  );
  worker.allow(['iam:DeleteVirtualMFADevice'], [mfaDevices]);
  worker.allow(['iam:AddUserToGroup', 'iam:RemoveUserFromGroup'], [arn('group')]);
}

/** The secrets of our credentials, by path and tag. */
export function allowSecrets(worker: NhiFunction, stackName: string): void {
  const { account, partition, region } = Stack.of(worker);
  const secrets = [`arn:${partition}:secretsmanager:${region}:${account}:secret:nhi/*`];
  acknowledgeWildcards(worker.role, secrets, 'Secrets come and go with requests; they are bound to our path and tag.');
  worker.allow(['secretsmanager:CreateSecret', 'secretsmanager:TagResource'], secrets, {
    StringEquals: { 'aws:RequestTag/nhi:stack': stackName },
  });
  worker.allow(['secretsmanager:TagResource'], secrets, onlyTheOwner(stackName)); // a handover
  worker.allow(['secretsmanager:DescribeSecret'], secrets); // an absent secret has no tag to match
  worker.allow(
    [
      ...['secretsmanager:PutSecretValue', 'secretsmanager:GetSecretValue', 'secretsmanager:UpdateSecretVersionStage'],
      ...['secretsmanager:PutResourcePolicy', 'secretsmanager:DeleteSecret'],
    ],
    secrets,
    { StringEquals: { 'aws:ResourceTag/nhi:stack': stackName } },
  );
}

/** Of what is ours already, the owner's tag and no other. */
const onlyTheOwner = (stackName: string) => ({
  StringEquals: { 'aws:ResourceTag/nhi:stack': stackName },
  'ForAllValues:StringEquals': { 'aws:TagKeys': ['nhi:owner'] },
  Null: { 'aws:TagKeys': 'false' }, // no key at all would be all of them
});
