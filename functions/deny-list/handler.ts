import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { workOnDenyList } from '../../lib/application/work-deny-list.ts';
import { NAMES } from '../../lib/contract/env.ts';
import { fillOf } from '../../lib/domain/deny-list.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { composeDenyList } from '../shared/compose-deny-list.ts';
import { log } from '../shared/log.ts';
import { measure } from '../shared/metric.ts';
import { eachMessage } from '../shared/queue.ts';
import { denyListIn } from './request.ts';

const work = workOnDenyList(composeDenyList(process.env));

export const handler = middy<SQSEvent, SQSBatchResponse>().handler(
  eachMessage(async (message, stopAtMs) => {
    const id = denyListIn(message.body);
    if (!id) throw new Error('not a work message');
    const { end, state } = await work(id, stopAtMs as EpochMs);
    log.info('worked', { denyList: id, end, entries: state?.entries.length, blocked: state?.blocked?.code });
    if (!state) return;
    measure('deny-list', NAMES.killListFill, fillOf(state), 'Percent');
    measure('deny-list', NAMES.killPending, state.blocked ? 1 : 0);
  }),
);
