import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { applyFact } from '../../lib/application/apply-fact.ts';
import { composeFacts } from '../shared/compose.ts';
import { log } from '../shared/log.ts';
import { eachMessage } from '../shared/queue.ts';
import { factIn } from './request.ts';

const { rejects, ...ports } = composeFacts(process.env);
const apply = applyFact(ports);

/** A fact that can't be taken goes to the reject queue with its reason, for a person; trying it again would change nothing. */
export const handler = middy<SQSEvent, SQSBatchResponse>().handler(
  eachMessage(async ({ body }) => {
    const read = factIn(body);
    const refused = read.ok ? await apply(read.fact) : read;
    if (refused.ok) return log.info('fact', { subject: read.ok ? read.fact.subject : '', changed: refused.changed });
    const { reason, field } =
      'why' in refused ? { reason: `${refused.why}: ${refused.field} is ${refused.value}`, field: refused.field } : refused;
    log.warn('fact rejected', { reason, field });
    await rejects.put({ reason, field, body });
  }),
);
