import { GetQueueAttributesCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Wake, WorkQueue } from '../../application/ports.ts';

export interface SqsWakeConfig {
  readonly client: SQSClient;
  readonly urls: Readonly<Record<WorkQueue, string>>;
}

/** Messages of one id each: what is to be done stands in the record, so a message can be late, double or lost. */
export const sqsWake = ({ client, urls }: SqsWakeConfig): Wake => ({
  send: async ({ queue, id }, delayMs) => {
    const DelaySeconds = Math.min(900, Math.max(0, Math.ceil(delayMs / 1_000)));
    await client.send(new SendMessageCommand({ QueueUrl: urls[queue], MessageBody: JSON.stringify({ id }), DelaySeconds }));
  },
  depth: async (queue) => {
    const AttributeNames = ['ApproximateNumberOfMessages' as const];
    const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl: urls[queue], AttributeNames }));
    return Number(Attributes?.ApproximateNumberOfMessages ?? 0);
  },
});
