import { Duration, Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Construct } from 'constructs';
import { ENV, NAMES } from '../contract/env.ts';
import type { ConnectorKind } from '../domain/credential/capabilities.ts';
import type { NhiFunction, NhiFunctionProps } from './nhi-function.ts';
import { allowTokens } from './token-permissions.ts';
import { WORK_TIMEOUT_S, type workQueues } from './work-queues.ts';
import { allowIamUsers, allowSecrets } from './worker-permissions.ts';

export interface WorkersProps {
  readonly stackName: string;
  readonly make: (folder: string, options: Pick<NhiFunctionProps, 'environment' | 'timeout' | 'memoryMiB'>) => NhiFunction;
  /** Lets a function read and write records of the ledger. */
  readonly ledger: (to: NhiFunction) => void;
  readonly queues: ReturnType<typeof workQueues>;
  readonly environment: Readonly<Record<string, string>>;
  readonly boundaryArn: string;
  readonly key: IKey;
  readonly tableArn: string;
  readonly maxConcurrency: number;
}

/** One code base, and one queue, function and role a kind of connector: no role holds the rights of all. */
export function workers(scope: Construct, props: WorkersProps): void {
  const { stackName, make, ledger, queues, environment, boundaryArn, key, tableArn, maxConcurrency } = props;
  const { account, partition, region } = Stack.of(scope);
  const worker = (kind: ConnectorKind, own: Readonly<Record<string, string>>): NhiFunction => {
    const made = make(`work-${kind}`, {
      timeout: Duration.seconds(WORK_TIMEOUT_S),
      memoryMiB: 512,
      environment: {
        ...environment,
        ...own,
        [ENV.secretKeyArn]: key.keyArn,
        [ENV.managerRoleArns]: `arn:${partition}:iam::${account}:role/${stackName}-work-${kind}`,
      },
    });
    ledger(made);
    made.allow(['sqs:SendMessage'], [queues.byKind[kind].queueArn, queues.denyLists.queueArn]);
    allowSecrets(made, stackName);
    made.allow(['kms:Decrypt', 'kms:GenerateDataKey'], [key.keyArn], {
      StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` },
    });
    const source = new SqsEventSource(queues.byKind[kind], { batchSize: 5, reportBatchItemFailures: true, maxConcurrency });
    made.function.addEventSource(source);
    return made;
  };
  allowIamUsers(worker('aws-iam-user', { [ENV.boundaryArn]: boundaryArn }), stackName, boundaryArn);
  allowTokens(worker('api-token', { [ENV.tokenKeys]: NAMES.tokenKeys(stackName) }), stackName, tableArn);
}
