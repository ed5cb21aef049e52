import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { workOnDenyList } from '../../lib/application/work-deny-list.ts';
import { NAMES } from '../../lib/contract/env.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { composeDenyList } from '../shared/compose-deny-list.ts';
import { log } from '../shared/log.ts';
import { eachMessage } from '../shared/queue.ts';
import { denyListIn } from './request.ts';

const work = workOnDenyList(composeDenyList(process.env));
const metrics = new Metrics({ namespace: NAMES.metrics, serviceName: 'deny-list' });

export const handler = middy<SQSEvent, SQSBatchResponse>().handler(
  eachMessage(async (message, stopAtMs) => {
    const id = denyListIn(message.body);
    if (!id) throw new Error('not a work message');
    const { end, state } = await work(id, stopAtMs as EpochMs);
    log.info('worked', { denyList: id, end, entries: state?.entries.length, blocked: state?.blocked?.code });
    if (!state) return;
    metrics.addMetric(NAMES.killListFill, MetricUnit.Percent, (100 * state.entries.length) / state.capacity);
    metrics.addMetric(NAMES.killPending, MetricUnit.Count, state.blocked ? 1 : 0);
    metrics.publishStoredMetrics();
  }),
);
