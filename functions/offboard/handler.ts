import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { workOnOwner } from '../../lib/application/work-owner.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { composeRecords } from '../shared/compose.ts';
import { log } from '../shared/log.ts';
import { eachMessage } from '../shared/queue.ts';
import { ownerIn } from './request.ts';

const work = workOnOwner(composeRecords(process.env));

export const handler = middy<SQSEvent, SQSBatchResponse>().handler(
  eachMessage(async (message, stopAtMs) => {
    const id = ownerIn(message.body);
    if (!id) throw new Error('not a work message');
    log.info('worked', { owner: id, end: await work(id, stopAtMs as EpochMs) });
  }),
);
