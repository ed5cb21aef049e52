import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';

/** A queue that hears everything the outbound bus tells; gives its URL. */
export async function listenTo(bus: string): Promise<string> {
  const { QueueUrl = '' } = await new SQSClient({ useQueueUrlAsEndpoint: false }).send(new CreateQueueCommand({ QueueName: 'test-told' }));
  const events = new EventBridgeClient({});
  const everything = JSON.stringify({ source: ['nhi-lifecycle'] });
  await events.send(new PutRuleCommand({ Name: 'test-all', EventBusName: bus, EventPattern: everything }));
  const target = { Id: 'q', Arn: 'arn:aws:sqs:us-east-1:000000000000:test-told' };
  await events.send(new PutTargetsCommand({ Rule: 'test-all', EventBusName: bus, Targets: [target] }));
  return QueueUrl;
}
