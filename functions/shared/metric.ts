import { NAMES } from '../../lib/contract/env.ts';

/**
 * One figure, as a line of the log in CloudWatch's embedded metric format. To the stream itself, since `console` puts a time before each
 * line, and then it is no metric; and without Powertools, whose Metrics is 14 KB of every cold start for this line.
 */
export function measure(service: string, name: string, value: number, unit: 'Count' | 'Percent' = 'Count'): void {
  const CloudWatchMetrics = [{ Namespace: NAMES.metrics, Dimensions: [['service']], Metrics: [{ Name: name, Unit: unit }] }];
  process.stdout.write(`${JSON.stringify({ _aws: { Timestamp: Date.now(), CloudWatchMetrics }, service, [name]: value })}\n`);
}
