import { Duration, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { type EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { ENV, NAMES } from '../contract/env.ts';
import { KEYS } from '../contract/table.ts';
import { feedId } from '../domain/feed/record.ts';
import type { Policy } from '../domain/policy.ts';
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts';
import { alarmAtFirst } from './alarm.ts';
import type { NhiFunction, NhiFunctionProps } from './nhi-function.ts';
import { deadLetterAlarm, deadLetterQueue, WatchedQueue } from './watched-queue.ts';

export interface FeedImportProps {
  readonly stackName: string;
  readonly policy: Policy;
  readonly inbound: EventBus;
  readonly rejects: Queue;
  readonly removalPolicy: RemovalPolicy;
  readonly make: (options: Pick<NhiFunctionProps, 'environment' | 'timeout' | 'memoryMiB'>) => NhiFunction;
  /** Lets a function at the items of these partitions, and no others. */
  readonly ledger: (to: NhiFunction, partitions: readonly string[]) => void;
  /** Queues feeds that are due: an import that was cut off, and one that is silent. */
  readonly sweep: NhiFunction;
}

/** Comparing two snapshots of a million people takes a minute; saying that a million joined, a few. */
const TIMEOUT_S = 900;
const KEPT_DAYS = 90;

/** The bucket that HR exports are put into, and the function that compares them. `undefined`: no source of the policy has a feed. */
export function importsFeeds(scope: Construct, props: FeedImportProps): Bucket | undefined {
  const { stackName, policy, inbound, rejects } = props;
  const sources = Object.entries(policy.sources).filter(([, { feed }]) => feed !== undefined);
  if (sources.length === 0) return undefined;
  const bucket = feedBucket(scope, props);
  const created = new WatchedQueue(scope, 'FeedQueue', { queueName: `${stackName}-feeds`, functionTimeoutS: TIMEOUT_S });
  props.sweep.function.addEnvironment(ENV.feedQueueUrl, created.queue.queueUrl);
  props.sweep.allow(['sqs:SendMessage', 'sqs:GetQueueAttributes'], [created.queue.queueArn]);
  const importer = props.make({
    timeout: Duration.seconds(TIMEOUT_S),
    memoryMiB: 1_024, // 256 hold a million rows; the rest is processor time
    environment: {
      [ENV.feedBucket]: bucket.bucketName,
      [ENV.inboundBus]: inbound.eventBusName,
      [ENV.rejectQueueUrl]: rejects.queueUrl,
    },
  });
  props.ledger(
    importer,
    sources.map(([name]) => KEYS.state(feedId(name)).pk),
  );
  importer.allow(['sqs:SendMessage'], [rejects.queueArn]);
  importer.allow(['events:PutEvents'], [inbound.eventBusArn], { StringEquals: { 'events:source': sources.map(([name]) => name) } });
  const [feeds, kept, reports] = ['feeds/*', 'kept/*', 'reports/*'].map((path) => bucket.arnForObjects(path));
  const reads = [feeds ?? '', kept ?? ''];
  const writes = [kept ?? '', reports ?? ''];
  importer.allow(['s3:GetObject', 's3:GetObjectVersion'], reads);
  importer.allow(['s3:PutObject'], writes);
  importer.allow(['s3:ListBucket'], [bucket.bucketArn]); // without it, an object that is gone is a refusal, not an answer
  acknowledgeWildcards(
    importer.role,
    [...reads, ...writes],
    'Objects come and go; it reads and writes in these folders of its own bucket.',
  );
  bindWriters(bucket, sources, importer.role.roleArn);
  const undelivered = deadLetterQueue(scope, 'FeedsUndelivered', `${stackName}-feeds-undelivered`);
  deadLetterAlarm(undelivered);
  new Rule(scope, 'FeedArrived', {
    description: 'A snapshot was put into the bucket.',
    eventPattern: {
      source: ['aws.s3'],
      detailType: ['Object Created'],
      detail: { bucket: { name: [bucket.bucketName] }, object: { key: [{ prefix: 'feeds/' }] } },
    },
    targets: [new SqsQueue(created.queue, { deadLetterQueue: undelivered })],
  });
  importer.function.addEventSource(new SqsEventSource(created.queue, { batchSize: 1, reportBatchItemFailures: true, maxConcurrency: 2 }));
  const counted = (metricName: string): Metric =>
    new Metric({
      ...{ namespace: NAMES.metrics, metricName, dimensionsMap: { service: 'import-feed' } },
      ...{ statistic: 'Sum', period: Duration.minutes(5) },
    });
  alarmAtFirst(
    scope,
    'FeedHeld',
    'A snapshot was not acted on; its report in the bucket, under reports/, says why.',
    counted(NAMES.feedHeld),
  );
  alarmAtFirst(
    scope,
    'FeedSilent',
    'No good snapshot of a source has come for longer than its silentAfter: who has left since is not known. The event Feed Silent says which source.',
    counted(NAMES.feedSilent),
  );
  return bucket;
}

/** Snapshots and reports go after three months; what is known of each source stays, since the next snapshot is compared with it. */
function feedBucket(scope: Construct, { stackName, removalPolicy }: FeedImportProps): Bucket {
  const { account, region } = Stack.of(scope);
  const expiration = Duration.days(KEPT_DAYS);
  const bucket = new Bucket(scope, 'Feeds', {
    bucketName: `${stackName}-feeds-${account}-${region}`,
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    versioned: true,
    removalPolicy,
    lifecycleRules: [
      { id: 'snapshots', prefix: 'feeds/', expiration, noncurrentVersionExpiration: expiration },
      { id: 'reports', prefix: 'reports/', expiration, noncurrentVersionExpiration: expiration },
      { id: 'known', prefix: 'kept/', noncurrentVersionExpiration: expiration },
    ],
  });
  // Not by the construct's own property: that brings a function and a role of CDK's, with rights on every bucket.
  (bucket.node.defaultChild as CfnBucket).notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
  acknowledge(
    bucket,
    ['S1'],
    'Who reads and writes is told by the trail’s data events, with the caller; an access log beside it would name no role.',
  );
  return bucket;
}

/** Whoever may say facts of a source may put its snapshots, and nobody else; the rest of the bucket is the import’s. */
function bindWriters(bucket: Bucket, sources: readonly (readonly [string, Policy['sources'][string]])[], importArn: string): void {
  const deny = (
    sid: string,
    where: { readonly resources: string[] } | { readonly notResources: string[] },
    principals: readonly string[],
  ) =>
    bucket.addToResourcePolicy(
      new PolicyStatement({
        sid,
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:PutObject'],
        ...where,
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': [...principals] } },
      }),
    );
  const folders = sources.map(([name]) => bucket.arnForObjects(`feeds/${name}/*`));
  for (const [index, [name, { principals }]] of sources.entries())
    if (!principals.includes('self')) deny(`Only${name.replace(/[^0-9A-Za-z]/g, '')}`, { resources: [folders[index] ?? ''] }, principals);
  deny('OnlyTheImport', { notResources: folders }, [importArn]);
}
