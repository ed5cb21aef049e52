import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import { sweepAccount } from '../../lib/application/sweep-account.ts';
import { NAMES } from '../../lib/contract/env.ts';
import { composeAccountSweep } from '../shared/compose-account.ts';
import { log } from '../shared/log.ts';

const sweep = sweepAccount(composeAccountSweep(process.env));
const metrics = new Metrics({ namespace: NAMES.metrics, serviceName: 'sweep-account' });

/** A listing that fails throws: nothing is acted on, and the alarm on failed sweeps tells. */
export const handler = middy().handler(async () => {
  const result = await sweep();
  log.info('swept the account', { ...result });
  metrics.addMetric(NAMES.orphans, MetricUnit.Count, result.findings);
  metrics.addMetric(NAMES.heldActs, MetricUnit.Count, result.held + result.failed);
  metrics.publishStoredMetrics();
  return result;
});
