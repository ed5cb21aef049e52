import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Architecture, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsDlq, SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { ENV, NAMES } from '../contract/env.ts';
import { DUE_INDEX, KEYS } from '../contract/table.ts';
import type { Policy } from '../domain/policy.ts';
import { POLICY_ID } from '../domain/policy-in-force.ts';
import { sweepsAccount } from './account-sweep.ts';
import { acknowledge } from './acknowledge.ts';
import { alarmAtFirst } from './alarm.ts';
import { importsFeeds } from './feed-import.ts';
import { frontDoor } from './front-door.ts';
import { InboundBus } from './inbound-bus.ts';
import { rendersKillPolicy } from './kill-switch.ts';
import { NhiFunction, type NhiFunctionProps } from './nhi-function.ts';
import { ProfileGroups } from './profile-groups.ts';
import { revealsTokens } from './reveals-tokens.ts';
import { Store } from './store.ts';
import { TokenKeys } from './token-keys.ts';
import { denyTokens } from './token-permissions.ts';
import { deadLetterAlarm, deadLetterQueue, WatchedQueue } from './watched-queue.ts';
import { WORK_TIMEOUT_S, workQueues } from './work-queues.ts';
import { workers } from './workers.ts';

export interface NhiLifecycleProps {
  readonly policy: Policy;
  /** The policy in the form the functions read, with its digest. */
  readonly compiledPolicy: string;
  /** IAM policy documents by the file name a profile's grant names. */
  readonly grantDocuments: Readonly<Record<string, Record<string, unknown>>>;
  /** @default 'nhi' */
  readonly name?: string;
  /** @default Architecture.ARM_64 */
  readonly architecture?: Architecture;
  /** @default RemovalPolicy.RETAIN, with deletion protection on the table */
  readonly removalPolicy?: RemovalPolicy;
  /** @default RetentionDays.ONE_YEAR */
  readonly logRetention?: RetentionDays;
  /** Messages the worker takes at once, times five: the shared limit on calls to IAM (docs/decisions/0015). @default 2, the least that SQS takes */
  readonly workerConcurrency?: number;
}

/** Functions that read what tokens are told by, or what they are told with. */
const OF_TOKENS: readonly string[] = ['work-api-token', 'reveal-token', 'rotate-token-key'];

/** The whole manager of machine credentials of one account and region. */
export class NhiLifecycle extends Construct {
  readonly api: HttpApi;
  readonly inbound: EventBus;
  readonly outbound: EventBus;
  /** What a `NhiTokenAuthorizer` needs to know. */
  readonly tokens: { readonly name: string; readonly keyArn: string };
  /** Where HR exports are put; `undefined`: no source of the policy has a feed. */
  readonly feeds: Bucket | undefined;

  constructor(scope: Construct, id: string, props: NhiLifecycleProps) {
    super(scope, id);
    const { policy, compiledPolicy, name = 'nhi', architecture = Architecture.ARM_64 } = props;
    const { removalPolicy = RemovalPolicy.RETAIN, logRetention = RetentionDays.ONE_YEAR } = props;
    const { account } = Stack.of(this);

    const { table, key } = new Store(this, 'Store', { stackName: name, removalPolicy });
    const { boundary, killPolicy } = new ProfileGroups(this, 'Profiles', { stackName: name, policy, grantDocuments: props.grantDocuments });
    const facts = new WatchedQueue(this, 'FactQueue', { queueName: `${name}-facts`, functionTimeoutS: 30 });
    const work = workQueues(this, name);
    this.tokens = { name, keyArn: key.keyArn };
    const tokenKeys = new TokenKeys(this, 'TokenKeys', { stackName: name, key, removalPolicy });
    const rejects = deadLetterQueue(this, 'Rejects', `${name}-rejects`);
    deadLetterAlarm(rejects);
    this.inbound = new InboundBus(this, 'Inbound', { stackName: name, policy, queue: facts.queue }).bus;
    this.outbound = new EventBus(this, 'Outbound', { eventBusName: NAMES.outboundBus(name) });

    const shared = { [ENV.table]: table.tableName, [ENV.stack]: name, [ENV.account]: account };
    const queues = work.environment;
    const make = (folder: string, options: Pick<NhiFunctionProps, 'environment' | 'timeout' | 'memoryMiB'>): NhiFunction => {
      const made = new NhiFunction(this, folder, {
        name: folder,
        stackName: name,
        architecture,
        compiledPolicy,
        logRetention,
        removalPolicy,
        ...options,
      });
      // Whatever a later grant says: no role of ours may change what bounds the users, and one alone whom the kill policy denies.
      const kept = folder === 'deny-list' ? [boundary] : [boundary, killPolicy];
      made.deny(
        ['iam:*Policy', 'iam:*PolicyVersion', 'iam:*PermissionsBoundary'],
        kept.map(({ managedPolicyArn }) => managedPolicyArn),
      );
      if (!OF_TOKENS.includes(folder)) denyTokens(made, table.tableArn);
      return made;
    };
    const dueIndexArn = `${table.tableArn}/index/${DUE_INDEX}`;
    const ledger = (to: NhiFunction, ...actions: readonly string[]): void => {
      if (actions.length > 0)
        to.allow(
          actions.map((action) => `dynamodb:${action}`),
          [table.tableArn],
        );
      to.allow(['kms:Decrypt', 'kms:GenerateDataKey'], [key.keyArn], {
        StringEquals: { 'kms:ViaService': `dynamodb.${Stack.of(this).region}.amazonaws.com` },
      });
    };
    const write = ['GetItem', 'PutItem', 'ConditionCheckItem'] as const;
    const count = ['UpdateItem'] as const; // the guard's counters, and its open batch

    const ownerEvents = make('owner-events', {
      timeout: Duration.seconds(30),
      environment: { ...shared, ...queues, [ENV.rejectQueueUrl]: rejects.queueUrl },
    });
    ledger(ownerEvents, ...write);
    ownerEvents.allow(['sqs:SendMessage'], [work.owners.queueArn, rejects.queueArn]);
    ownerEvents.function.addEventSource(
      new SqsEventSource(facts.queue, { batchSize: 10, reportBatchItemFailures: true, maxConcurrency: 5 }),
    );

    const api = make('api', { timeout: Duration.seconds(20), environment: { ...shared, ...queues } });
    ledger(api, ...write, ...count, 'Query', 'BatchGetItem'); // closing a batch counts on
    api.allow(['dynamodb:Query'], [dueIndexArn]);
    api.allow(['sqs:SendMessage'], [...work.arns, work.owners.queueArn, work.denyLists.queueArn]);
    this.api = frontDoor(this, { name, code: api.function, logRetention, removalPolicy });

    const offboard = make('offboard', { timeout: Duration.seconds(WORK_TIMEOUT_S), environment: { ...shared, ...queues } });
    ledger(offboard, ...write, ...count, 'Query', 'BatchGetItem');
    offboard.allow(['sqs:SendMessage'], [...work.arns, work.owners.queueArn, work.denyLists.queueArn]);
    offboard.function.addEventSource(new SqsEventSource(work.owners, { batchSize: 5, reportBatchItemFailures: true, maxConcurrency: 5 }));

    const denyList = make('deny-list', {
      timeout: Duration.seconds(WORK_TIMEOUT_S),
      environment: { ...shared, ...queues, [ENV.killPolicyArn]: killPolicy.managedPolicyArn },
    });
    ledger(denyList, 'GetItem', 'PutItem');
    rendersKillPolicy(this, denyList, name, work.denyLists);

    workers(this, {
      ...{
        stackName: name,
        make,
        queues: work,
        key,
        tableArn: table.tableArn,
        boundaryArn: boundary.managedPolicyArn,
      },
      ledger: (to) => ledger(to, ...write),
      environment: { ...shared, ...queues },
      maxConcurrency: props.workerConcurrency ?? 2,
    });

    const reveal = make('reveal-token', {
      timeout: Duration.seconds(25),
      environment: { ...shared, ...queues, [ENV.tokenKeys]: NAMES.tokenKeys(name) },
    });
    ledger(reveal, ...write);
    revealsTokens(this.api, reveal, {
      stackName: name,
      tableArn: table.tableArn,
      keyArn: key.keyArn,
      queueArn: work.byKind['api-token'].queueArn,
    });

    const environment = { [ENV.table]: table.tableName, [ENV.tokenKeys]: NAMES.tokenKeys(name) };
    tokenKeys.rotatedBy(make('rotate-token-key', { timeout: Duration.seconds(30), environment }), table.tableArn);

    const sweep = make('sweep-due', { timeout: Duration.seconds(50), environment: { ...shared, ...queues } });
    sweep.allow(['dynamodb:Query'], [dueIndexArn]);
    ledger(sweep, 'UpdateItem');
    // Beside due times it writes one record: which policy is in force.
    sweep.allow(['dynamodb:GetItem', 'dynamodb:PutItem'], [table.tableArn], onlyItemsOf(KEYS.state(POLICY_ID).pk));
    sweep.allow(['sqs:SendMessage', 'sqs:GetQueueAttributes'], [...work.arns, work.owners.queueArn, work.denyLists.queueArn]);
    new Rule(this, 'EveryMinute', {
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(sweep.function, { retryAttempts: 0 })],
    });

    const accountSweep = make('sweep-account', {
      timeout: Duration.minutes(10),
      memoryMiB: 512,
      environment: { ...shared, ...queues },
    });
    ledger(accountSweep, ...write, 'Query', 'BatchGetItem');
    accountSweep.allow(['dynamodb:Query'], [dueIndexArn]);
    accountSweep.allow(['sqs:SendMessage'], [work.byKind['aws-iam-user'].queueArn, work.byKind['api-token'].queueArn]);
    sweepsAccount(this, accountSweep);

    this.feeds = importsFeeds(this, {
      ...{ stackName: name, policy, inbound: this.inbound, rejects, removalPolicy, sweep },
      make: (options) => make('import-feed', { ...options, environment: { ...shared, ...queues, ...options.environment } }),
      ledger: (to, partitions) => {
        ledger(to);
        to.allow(['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'], [table.tableArn], onlyItemsOf(...partitions));
      },
    });

    const publish = make('publish', { timeout: Duration.seconds(30), environment: { [ENV.bus]: this.outbound.eventBusName } });
    publish.allow(['events:PutEvents'], [this.outbound.eventBusArn], { StringEquals: { 'events:source': 'nhi-lifecycle' } });
    const unpublished = deadLetterQueue(this, 'Unpublished', `${name}-unpublished`);
    deadLetterAlarm(unpublished);
    acknowledge(publish.role, ['IAM5[Resource::*]'], 'dynamodb:ListStreams, which Lambda needs to read a stream, takes no resource.');
    publish.function.addEventSource(
      new DynamoEventSource(table as ITable, {
        startingPosition: StartingPosition.TRIM_HORIZON,
        batchSize: 100,
        bisectBatchOnError: true,
        reportBatchItemFailures: true,
        retryAttempts: 20,
        onFailure: new SqsDlq(unpublished),
      }),
    );
    this.watch();
  }

  private watch(): void {
    const own = (metricName: string, service: string): Metric =>
      new Metric({ namespace: NAMES.metrics, metricName, dimensionsMap: { service }, statistic: 'Sum', period: Duration.minutes(5) });
    alarmAtFirst(
      this,
      'PastDeadline',
      'A credential is not where it should be: a provisioning or a revocation is past its deadline. `nhi credential show` tells what blocks it.',
      own(NAMES.pastDeadline, 'work'),
    );
    alarmAtFirst(
      this,
      'NotAccepted',
      'A credential that was handed over has been accepted by nobody, up to the last who could take it, with whom it is now. `nhi credential show` tells who was asked.',
      own(NAMES.notAccepted, 'work'),
    );
    alarmAtFirst(
      this,
      'HeldTooLong',
      'The guard holds leavers or movers for longer than the policy bears, and they have access till then: `nhi batch list`, and a second person releases it.',
      own(NAMES.heldTooLong, 'offboard'),
    );
    alarmAtFirst(
      this,
      'Unreadable',
      'A record of the ledger does not parse. It is set aside, and nobody who it concerns is closed with a receipt; the logs say which one it is.',
      own(NAMES.unreadable, 'ledger'),
    );
  }
}

/** Narrows a right on the table to items of these partitions. */
const onlyItemsOf = (...partitions: readonly string[]) => ({ 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': partitions } });
