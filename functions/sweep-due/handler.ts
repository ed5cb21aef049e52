import middy from '@middy/core';
import { sweepDue } from '../../lib/application/sweep-due.ts';
import { composeSweep } from '../shared/compose.ts';
import { log } from '../shared/log.ts';

const sweep = sweepDue(composeSweep(process.env));

export const handler = middy().handler(async () => {
  const result = await sweep();
  if (result.skipped.length) log.warn('queue too deep, nothing added', { queues: result.skipped });
  log.info('swept', { ...result });
  return result;
});
