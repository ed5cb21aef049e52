import middy from '@middy/core';
import { notePolicy } from '../../lib/application/follow-policy.ts';
import { sweepDue } from '../../lib/application/sweep-due.ts';
import { composeSweep } from '../shared/compose.ts';
import { log } from '../shared/log.ts';

const ports = composeSweep(process.env);
const sweep = sweepDue(ports);
const note = notePolicy(ports);

export const handler = middy().handler(async () => {
  const result = await sweep();
  if (result.skipped.length) log.warn('queue too deep, nothing added', { queues: result.skipped });
  log.info('swept', { ...result });
  if (await note()) log.info('policy changed', { digest: ports.policyDigest });
  return result;
});
