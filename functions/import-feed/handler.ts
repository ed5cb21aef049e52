import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { attendFeed, importFeed } from '../../lib/application/import-feed.ts';
import { NAMES } from '../../lib/contract/env.ts';
import { composeImport } from '../shared/compose-import.ts';
import { log } from '../shared/log.ts';
import { measure } from '../shared/metric.ts';
import { eachMessage } from '../shared/queue.ts';
import { feedIn, objectIn } from './request.ts';

const { currentVersion, ...ports } = composeImport(process.env);
const take = importFeed(ports);
const attend = attendFeed(ports);

/** A snapshot that is held ends well: trying it again would change nothing. Its report says why, and an alarm tells. */
export const handler = middy<SQSEvent, SQSBatchResponse>().handler(
  eachMessage(async ({ body }) => {
    const feed = feedIn(body);
    if (feed) {
      const { end } = await attend(feed);
      log.info('feed', { feed, end });
      if (end === 'silent') measure('import-feed', NAMES.feedSilent, 1);
      if (end === 'held') measure('import-feed', NAMES.feedHeld, 1);
      return;
    }
    const { key, version = await currentVersion(key) } = objectIn(body);
    const end = version === undefined ? ({ end: 'gone' } as const) : await take({ key, version });
    log.info('snapshot', { key, version, ...end });
    if (end.end === 'held' || end.end === 'no-feed') measure('import-feed', NAMES.feedHeld, 1);
  }),
);
