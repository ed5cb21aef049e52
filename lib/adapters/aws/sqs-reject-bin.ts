import type { RejectBin } from '../../application/ports.ts';
import { sqsCall } from './sqs-call.ts';

/** The queue of what can't be taken: the input as it came, its reason and field as attributes. */
export const sqsRejectBin = (QueueUrl: string): RejectBin => ({
  put: async ({ reason, field, body }) => {
    const text = (value: string) => ({ DataType: 'String', StringValue: value.slice(0, 1_000) });
    const MessageAttributes = { reason: text(reason), ...(field && { field: text(field) }) };
    await sqsCall('SendMessage', { QueueUrl, MessageBody: body, MessageAttributes });
  },
});
