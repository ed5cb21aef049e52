import { Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { NAMES } from '../contract/env.ts';
import { alarmAtFirst } from './alarm.ts';
import type { NhiFunction } from './nhi-function.ts';

/** The one role that may say whom the kill policy denies: it makes and removes versions of exactly that policy, and touches no user. */
export function rendersKillPolicy(scope: Construct, worker: NhiFunction, stackName: string, queue: IQueue): void {
  worker.allow(['sqs:SendMessage'], [queue.queueArn]);
  worker.function.addEventSource(new SqsEventSource(queue, { batchSize: 1, reportBatchItemFailures: true, maxConcurrency: 2 }));
  const { account, partition } = Stack.of(scope);
  worker.allow(
    ['iam:CreatePolicyVersion', 'iam:DeletePolicyVersion', 'iam:ListPolicyVersions', 'iam:GetPolicyVersion'],
    [`arn:${partition}:iam::${account}:policy${NAMES.iamPath}${NAMES.killPolicyOf(stackName)}`],
  );
  const own = (metricName: string): Metric =>
    new Metric({
      namespace: NAMES.metrics,
      metricName,
      dimensionsMap: { service: 'deny-list' },
      statistic: 'Maximum',
      period: Duration.minutes(5),
    });
  new Alarm(scope, 'KillListFull', {
    alarmDescription: 'The kill list is four fifths full. Who finds no room on it is cut off credential by credential, which takes longer.',
    metric: own(NAMES.killListFill),
    threshold: 80,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    evaluationPeriods: 1,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  alarmAtFirst(
    scope,
    'KillPending',
    'IAM refuses the kill list: whoever was killed is cut off credential by credential. `nhi owner show` tells what is pending.',
    own(NAMES.killPending),
  );
}
