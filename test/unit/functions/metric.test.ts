import { expect, it, vi } from 'vitest';
import { measure } from '../../../functions/shared/metric.ts';

it('a figure is one line in the embedded metric format, with the dimension that the alarms look at', () => {
  const lines: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((line) => Boolean(lines.push(String(line))));
  measure('work', 'RecordPastDeadline', 1);
  measure('deny-list', 'KillListFill', 12.5, 'Percent');
  write.mockRestore();
  const about = (Name: string, Unit: string) => ({
    Timestamp: expect.any(Number),
    CloudWatchMetrics: [{ Namespace: 'NhiLifecycle', Dimensions: [['service']], Metrics: [{ Name, Unit }] }],
  });
  expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { _aws: about('RecordPastDeadline', 'Count'), service: 'work', RecordPastDeadline: 1 },
    { _aws: about('KillListFill', 'Percent'), service: 'deny-list', KillListFill: 12.5 },
  ]);
});
