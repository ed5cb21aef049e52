import { Stack } from 'aws-cdk-lib';
import { CfnEventBusPolicy, EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { NAMES } from '../contract/env.ts';
import type { Policy } from '../domain/policy.ts';
import { deadLetterAlarm, deadLetterQueue } from './watched-queue.ts';

export interface InboundBusProps {
  readonly stackName: string;
  readonly policy: Policy;
  readonly queue: Queue;
}

/** The bus on which owner facts arrive, apart from the outbound one. Who may say facts of which source is bound by its policy. */
export class InboundBus extends Construct {
  readonly bus: EventBus;
  readonly undelivered: Queue;

  constructor(scope: Construct, id: string, { stackName, policy, queue }: InboundBusProps) {
    super(scope, id);
    this.bus = new EventBus(this, 'Bus', { eventBusName: NAMES.inboundBus(stackName) });
    for (const [index, statement] of statements(policy, this.bus.eventBusArn, importRoleArn(this, stackName)).entries())
      new CfnEventBusPolicy(this, `Policy${index}`, { eventBusName: this.bus.eventBusName, statementId: statement.Sid, statement });
    this.undelivered = deadLetterQueue(this, 'Undelivered', `${stackName}-facts-undelivered`);
    deadLetterAlarm(this.undelivered);
    new Rule(this, 'Facts', {
      description: 'Every event of the bus: one that is no owner fact is rejected with its reason, not dropped by a pattern.',
      eventBus: this.bus,
      eventPattern: { account: [Stack.of(this).account] },
      targets: [new SqsQueue(queue, { deadLetterQueue: this.undelivered })],
    });
  }
}

/** The role of the import says facts of sources with a feed: what it says comes from the bucket, whose policy binds as this one does. */
const importRoleArn = (scope: Construct, stackName: string): string => {
  const { account, partition } = Stack.of(scope);
  return `arn:${partition}:iam::${account}:role/${stackName}-import-feed`;
};

/**
 * Within one account an identity policy alone would do, so binding takes denies: one for sources nobody may say, and one a source for
 * everybody but its principals. `self` leaves a source to the account's identity policies.
 */
function statements(policy: Policy, busArn: string, importArn: string) {
  const sources = Object.entries(policy.sources);
  const common = { Action: 'events:PutEvents', Resource: busArn };
  const unknown = {
    Sid: 'OnlyKnownSources',
    Effect: 'Deny',
    Principal: '*',
    ...common,
    Condition: { StringNotEquals: { 'events:source': sources.map(([name]) => name) } },
  };
  const bound = sources
    .filter(([, { principals }]) => !principals.includes('self'))
    .flatMap(([name, { principals, feed }]) => [
      {
        Sid: `Only-${name}`,
        Effect: 'Deny',
        Principal: '*',
        ...common,
        Condition: {
          StringEquals: { 'events:source': name },
          ArnNotEquals: { 'aws:PrincipalArn': feed ? [...principals, importArn] : principals },
        },
      },
      {
        Sid: `Allow-${name}`,
        Effect: 'Allow',
        Principal: { AWS: [...principals] },
        ...common,
        Condition: { StringEquals: { 'events:source': name } },
      },
    ]);
  return [unknown, ...bound].map((statement) => ({ ...statement, Sid: statement.Sid.replace(/[^0-9A-Za-z-]/g, '') }));
}
