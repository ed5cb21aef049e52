import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { workOnCredential } from '../../lib/application/work-credential.ts';
import { NAMES } from '../../lib/contract/env.ts';
import { isPastDeadline } from '../../lib/domain/credential/next-step.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { composeWorker } from '../shared/compose-worker.ts';
import { log } from '../shared/log.ts';
import { eachMessage } from '../shared/queue.ts';
import { credentialIn } from './request.ts';

const ports = composeWorker(process.env); // wired once a cold start
const work = workOnCredential(ports);
const metrics = new Metrics({ namespace: NAMES.metrics, serviceName: 'work' });

export const handler = middy<SQSEvent, SQSBatchResponse>().handler(
  eachMessage(async (message, stopAtMs) => {
    const id = credentialIn(message.body);
    if (!id) throw new Error('not a work message');
    const { end, state } = await work(id, stopAtMs as EpochMs);
    log.info('worked', { credential: id, end, status: state?.status, blocked: state?.blocked?.code });
    if (!state || !isPastDeadline(state, ports.clock.now())) return;
    metrics.addMetric(NAMES.pastDeadline, MetricUnit.Count, 1);
    metrics.publishStoredMetrics();
  }),
);
