import type { Wake, WorkQueue } from '../../application/ports.ts';
import { sqsCall } from './sqs-call.ts';

/** What is no deny is one group to SQS. Where that takes most of a queue's time, as it does when there is a backlog, what is in no group goes first. */
const AT_LEISURE = { MessageGroupId: 'at-leisure' };

/** Messages of one id each: what is to be done stands in the record, so a message can be late, double or lost. */
export const sqsWake = (urls: Readonly<Record<WorkQueue, string>>): Wake => ({
  send: async ({ queue, id, denies }, delayMs) => {
    const DelaySeconds = Math.min(900, Math.max(0, Math.ceil(delayMs / 1_000)));
    await sqsCall('SendMessage', { QueueUrl: urls[queue], MessageBody: JSON.stringify({ id }), DelaySeconds, ...(!denies && AT_LEISURE) });
  },
  depth: async (queue) => {
    const AttributeNames = ['ApproximateNumberOfMessages'];
    const answer: { readonly Attributes?: Readonly<Record<string, string>> } = JSON.parse(
      await sqsCall('GetQueueAttributes', { QueueUrl: urls[queue], AttributeNames }),
    );
    return Number(answer.Attributes?.['ApproximateNumberOfMessages'] ?? 0);
  },
});
