import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { workOnOwner } from '../../lib/application/work-owner.ts';
import { NAMES } from '../../lib/contract/env.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { composeRecords } from '../shared/compose.ts';
import { log } from '../shared/log.ts';
import { eachMessage } from '../shared/queue.ts';
import { ownerIn } from './request.ts';

const metrics = new Metrics({ namespace: NAMES.metrics, serviceName: 'offboard' });
const work = workOnOwner(composeRecords(process.env));

export const handler = middy<SQSEvent, SQSBatchResponse>().handler(
  eachMessage(async (message, stopAtMs) => {
    const id = ownerIn(message.body);
    if (!id) throw new Error('not a work message');
    const end = await work(id, stopAtMs as EpochMs);
    log.info('worked', { owner: id, end });
    if (end !== 'escalated') return;
    metrics.addMetric(NAMES.heldTooLong, MetricUnit.Count, 1);
    metrics.publishStoredMetrics();
  }),
);
