import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { log } from './log.ts';

/** Lambda keeps this much for recording and answering; no new step starts in it. */
const SPARE_MS = 20_000;

/** Runs `handle` for each message; one that fails goes back to the queue alone, and in the end to the dead-letter queue. */
export const eachMessage =
  (handle: (record: SQSRecord, stopAtMs: number) => Promise<void>) =>
  (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
    const stopAtMs = Date.now() + context.getRemainingTimeInMillis() - SPARE_MS;
    const processor = new BatchProcessor(EventType.SQS);
    const one = async (record: SQSRecord): Promise<void> => {
      try {
        await handle(record, stopAtMs);
      } catch (error) {
        log.error('message failed', { messageId: record.messageId, error: error instanceof Error ? error : new Error('unknown') });
        throw error;
      }
    };
    return processPartialResponse(event, one, processor, { context, throwOnFullBatchFailure: false });
  };
