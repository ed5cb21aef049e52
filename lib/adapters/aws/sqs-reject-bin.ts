import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { RejectBin } from '../../application/ports.ts';

/** The queue of what can't be taken: the input as it came, its reason and field as attributes. */
export const sqsRejectBin = ({ client, url: QueueUrl }: { readonly client: SQSClient; readonly url: string }): RejectBin => ({
  put: async ({ reason, field, body }) => {
    const text = (value: string) => ({ DataType: 'String', StringValue: value.slice(0, 1_000) });
    const MessageAttributes = { reason: text(reason), ...(field && { field: text(field) }) };
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: body, MessageAttributes }));
  },
});
