import { Duration } from 'aws-cdk-lib';
import { Alarm, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { alarmAtFirst } from './alarm.ts';

export interface WatchedQueueProps {
  readonly queueName: string;
  /** Timeout of the function that reads it, in seconds. */
  readonly functionTimeoutS: number;
}

/** A queue, its dead-letter queue, and the alarm on that: what lands there waits for a person. */
export class WatchedQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, { queueName, functionTimeoutS }: WatchedQueueProps) {
    super(scope, id);
    this.deadLetters = deadLetterQueue(this, 'DeadLetters', `${queueName}-dlq`);
    this.queue = new Queue(this, 'Queue', {
      queueName,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(6 * functionTimeoutS), // less, and a message comes again while it is worked on
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 5 },
    });
    const late = new Alarm(this, 'Late', {
      alarmDescription: `The oldest message of ${queueName} waits for more than 15 minutes: its function is broken or far too slow.`,
      metric: this.queue.metricApproximateAgeOfOldestMessage({ period: Duration.minutes(1) }),
      threshold: 900,
      evaluationPeriods: 5,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    this.alarms = [deadLetterAlarm(this.deadLetters), late];
  }
}

export function deadLetterQueue(scope: Construct, id: string, queueName: string): Queue {
  const props = { queueName, encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, retentionPeriod: Duration.days(14) };
  const queue = new Queue(scope, id, props);
  acknowledge(queue, ['SQS3'], 'This is the end of the road: nothing reads it but people, so nothing can fail and need another queue.');
  return queue;
}

/** One message is enough: nothing goes there by itself that a person need not see. */
export const deadLetterAlarm = (queue: Queue): Alarm =>
  alarmAtFirst(
    queue,
    'Alarm',
    `${queue.node.path} holds something that could not be handled. Read its reason, mend it, and redrive.`,
    queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1) }),
  );
