import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { NAMES } from '../../lib/contract/env.ts';
import { log } from './log.ts';

const metrics = new Metrics({ namespace: NAMES.metrics, serviceName: 'ledger' });

/** A record of the ledger does not parse: the alarm, and which one it is. What it holds is not told. */
export function onUnreadable(id: string): void {
  log.error('a record does not parse and is set aside', { record: id });
  metrics.addMetric(NAMES.unreadable, MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
}
