import middy from '@middy/core';
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { composePublisher } from '../shared/compose-publisher.ts';
import { log } from '../shared/log.ts';
import { outboundIn } from './request.ts';

const publish = composePublisher(process.env);
/** PutEvents takes ten entries a call. */
const ENTRIES = 10;

/** Tells the outbound bus what happened. In order within a shard; from the first failure on, the rest of the batch comes again. */
export const handler = middy<DynamoDBStreamEvent, DynamoDBBatchResponse>().handler(async ({ Records }) => {
  const told = Records.flatMap((record) => {
    const event = outboundIn(record);
    return event ? [{ event, at: record.dynamodb?.SequenceNumber ?? '' }] : [];
  });
  for (let from = 0; from < told.length; from += ENTRIES) {
    const batch = told.slice(from, from + ENTRIES);
    const failed = await publish(batch.map(({ event }) => event));
    const first = batch[failed];
    if (!first) continue;
    log.warn('not published', { from: first.event.id });
    return { batchItemFailures: [{ itemIdentifier: first.at }] };
  }
  return { batchItemFailures: [] };
});
