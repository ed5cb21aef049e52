import middy from '@middy/core';
import { sweepAccount } from '../../lib/application/sweep-account.ts';
import { NAMES } from '../../lib/contract/env.ts';
import { composeAccountSweep } from '../shared/compose-account.ts';
import { log } from '../shared/log.ts';
import { measure } from '../shared/metric.ts';

const sweep = sweepAccount(composeAccountSweep(process.env));

/** A listing that fails throws: nothing is acted on, and the alarm on failed sweeps tells. */
export const handler = middy().handler(async () => {
  const result = await sweep();
  log.info('swept the account', { ...result });
  measure('sweep-account', NAMES.orphans, result.findings);
  measure('sweep-account', NAMES.heldActs, result.held + result.failed);
  return result;
});
