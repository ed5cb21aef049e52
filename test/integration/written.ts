import { DynamoDBClient, ListTablesCommand, paginateScan } from '@aws-sdk/client-dynamodb';
import { ListQueuesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { signedCall } from '../../lib/client/signed-call.ts';

/** Everything that stands in the tables of the account. */
export async function inTables(): Promise<string> {
  const client = new DynamoDBClient({});
  const { TableNames = [] } = await client.send(new ListTablesCommand({}));
  const pages: string[] = [];
  for (const TableName of TableNames)
    for await (const { Items = [] } of paginateScan({ client, pageSize: 500 }, { TableName })) pages.push(JSON.stringify(Items));
  return pages.join('\n');
}

/** Every message that waits in a queue of the account, dead-letter queues included; they are taken out. */
export async function inQueues(): Promise<string> {
  const sqs = new SQSClient({ useQueueUrlAsEndpoint: false });
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
  const all = await Promise.all(
    QueueUrls.map(async (QueueUrl) => {
      const received: string[] = [];
      for (;;) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600, MessageAttributeNames: ['All'] }),
        );
        if (!Messages.length) return received;
        received.push(...Messages.map((message) => JSON.stringify(message)));
      }
    }),
  );
  return all.flat().join('\n');
}

/** Everything the functions logged, metrics included. */
export async function inLogs(endpoint: string): Promise<string> {
  const ask = async (operation: string, input: object) => {
    const { body } = await signedCall({
      ...{ url: endpoint, method: 'POST', service: 'logs', region: 'us-east-1', body: JSON.stringify(input) },
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Logs_20140328.${operation}` },
    });
    return JSON.parse(body);
  };
  const lines: string[] = [];
  const { logGroups = [] } = await ask('DescribeLogGroups', {});
  for (const { logGroupName } of logGroups)
    for (let nextToken: string | undefined, first = true; first || nextToken; first = false) {
      const page = await ask('FilterLogEvents', { logGroupName, ...(nextToken && { nextToken }) });
      lines.push(...(page.events ?? []).map(({ message }: { message: string }) => message));
      nextToken = page.nextToken;
    }
  return lines.join('\n');
}
