import { Duration, Stack } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import { NAMES } from '../contract/env.ts';
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts';
import { alarmAtFirst } from './alarm.ts';
import type { NhiFunction } from './nhi-function.ts';

/**
 * The hourly sweep of the account: what it may do in IAM, and who hears of it. A stray user under our path carries no tag of ours, so
 * the path alone binds these rights; the worker, which acts all day, has the tag as well.
 */
export function sweepsAccount(scope: Construct, sweep: NhiFunction): void {
  const { account, partition } = Stack.of(scope);
  const users = `arn:${partition}:iam::${account}:user${NAMES.iamPath}*`;
  const anyone = `arn:${partition}:iam::${account}:user/*`;
  const mfaDevices = `arn:${partition}:iam::${account}:mfa/*`;
  const groups = `arn:${partition}:iam::${account}:group${NAMES.iamPath}*`;
  sweep.allow(['iam:GetAccountAuthorizationDetails', 'iam:GenerateCredentialReport', 'iam:GetCredentialReport'], ['*']);
  acknowledge(sweep.role, ['IAM5[Resource::*]'], 'The two listings of a whole account take no resource; they read, and show no secret.');
  sweep.allow(
    [
      ...['iam:PutUserPolicy', 'iam:DeleteUserPolicy', 'iam:ListAccessKeys', 'iam:UpdateAccessKey', 'iam:DeleteAccessKey'],
      ...['iam:DeleteUser', 'iam:ListUserPolicies', 'iam:ListAttachedUserPolicies', 'iam:DetachUserPolicy', 'iam:ListGroupsForUser'],
      ...['iam:ListServiceSpecificCredentials', 'iam:DeleteServiceSpecificCredential', 'iam:DeleteLoginProfile'],
      ...['iam:ListMFADevices', 'iam:DeactivateMFADevice', 'iam:ListSSHPublicKeys', 'iam:DeleteSSHPublicKey'],
      ...['iam:ListSigningCertificates', 'iam:DeleteSigningCertificate'],
    ],
    [users],
  );
  sweep.allow(['iam:GetUser'], [anyone]);
  acknowledgeWildcards(sweep.role, [anyone], 'To look at a user that may be gone: IAM can’t know the path of one that is not there.');
  sweep.allow(['iam:DeleteVirtualMFADevice'], [mfaDevices]);
  acknowledgeWildcards(sweep.role, [mfaDevices], 'A stray user’s device has any name; IAM refuses to delete one in use.');
  sweep.allow(['iam:RemoveUserFromGroup'], [groups]);
  acknowledgeWildcards(sweep.role, [users], 'Whoever planted a user under our path chose its name; outside the path nothing is touched.');
  acknowledgeWildcards(
    sweep.role,
    [groups],
    'Groups of ours. On others the right would reach users of others too: a stray user in such a group stays denied, and a person takes it out.',
  );
  new Rule(scope, 'EveryHour', {
    schedule: Schedule.rate(Duration.hours(1)),
    targets: [new LambdaFunction(sweep.function, { retryAttempts: 1 })],
  });
  const own = (metricName: string): Metric =>
    new Metric({
      namespace: NAMES.metrics,
      metricName,
      dimensionsMap: { service: 'sweep-account' },
      statistic: 'Maximum',
      period: Duration.hours(1),
    });
  alarmAtFirst(
    scope,
    'SweepHeld',
    'A sweep found more to act on than it may, or could not act on all of it: `nhi report orphans` shows what.',
    own(NAMES.heldActs),
  );
  alarmAtFirst(
    scope,
    'SweepFailed',
    'A sweep of the account did not get through; it acted on nothing.',
    sweep.function.metricErrors({ period: Duration.hours(1) }),
  );
}
