import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { followPolicy } from '../../lib/application/follow-policy.ts';
import { workOnOwner } from '../../lib/application/work-owner.ts';
import { NAMES } from '../../lib/contract/env.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { composeOwnerWork } from '../shared/compose.ts';
import { log } from '../shared/log.ts';
import { measure } from '../shared/metric.ts';
import { eachMessage } from '../shared/queue.ts';
import { isPolicy, recordIn } from './request.ts';

const ports = composeOwnerWork(process.env);
const work = workOnOwner(ports);
const follow = followPolicy(ports);

export const handler = middy<SQSEvent, SQSBatchResponse>().handler(
  eachMessage(async (message, stopAtMs) => {
    const id = recordIn(message.body);
    if (!id) throw new Error('not a work message');
    const end = await (isPolicy(id) ? follow(stopAtMs as EpochMs) : work(id, stopAtMs as EpochMs));
    log.info('worked', { record: id, end });
    if (end !== 'escalated') return;
    measure('offboard', NAMES.heldTooLong, 1);
  }),
);
