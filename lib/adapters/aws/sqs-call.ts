import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../domain/faults.ts';
import { ask } from './aws-fault.ts';
import { environmentCredentials } from './environment-credentials.ts';
import { plainCall } from './plain-call.ts';

const TIMEOUT_MS = 5_000;
const MAX_TRIES = 3;

/** One operation of SQS, in its JSON protocol. Tried again where there was no answer, so a message may be sent twice. */
export async function sqsCall(
  operation: string,
  input: { readonly QueueUrl: string } & Readonly<Record<string, unknown>>,
): Promise<string> {
  const call = {
    url: process.env['AWS_ENDPOINT_URL'] ?? new URL(input.QueueUrl).origin, // a queue's URL names a host; calls go where the environment says
    service: 'sqs',
    region: process.env['AWS_REGION'] ?? 'us-east-1',
    credentials: environmentCredentials(),
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` },
    body: JSON.stringify(input),
    timeoutMs: TIMEOUT_MS,
  };
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask(operation, () => plainCall(call));
    } catch (error) {
      if (!(error instanceof Fault && error.retryable && tries < MAX_TRIES)) throw error;
      await sleep(50 * 2 ** tries);
    }
  }
}
