import type { Construct } from 'constructs';
import { ENV } from '../contract/env.ts';
import type { ConnectorKind } from '../domain/credential/capabilities.ts';
import { WatchedQueue } from './watched-queue.ts';

/** Time-out of every function that does steps of a record, in seconds. */
export const WORK_TIMEOUT_S = 60;

/** The queues of records with something to do: one for owners, one for the lists that providers deny by, one a kind of connector. */
export function workQueues(scope: Construct, stackName: string) {
  const made = (id: string, queueName: string): WatchedQueue =>
    new WatchedQueue(scope, id, { queueName: `${stackName}-${queueName}`, functionTimeoutS: WORK_TIMEOUT_S });
  const owners = made('OwnerQueue', 'owner-work').queue;
  const denyLists = made('DenyListQueue', 'deny-list').queue;
  const byKind = {
    'aws-iam-user': made('WorkQueue', 'work-aws-iam-user').queue,
    'api-token': made('TokenWorkQueue', 'work-api-token').queue,
  } satisfies Record<ConnectorKind, unknown>;
  const environment = {
    [ENV.ownerQueueUrl]: owners.queueUrl,
    [ENV.denyListQueueUrl]: denyLists.queueUrl,
    [ENV.workQueueUrl]: byKind['aws-iam-user'].queueUrl,
    [ENV.tokenQueueUrl]: byKind['api-token'].queueUrl,
  };
  return { owners, denyLists, byKind, arns: Object.values(byKind).map(({ queueArn }) => queueArn), environment };
}
