import { describe, expect, it } from 'vitest';
import type { DueItem, Ledger, WorkItem, WorkQueue } from '../../../lib/application/ports.ts';
import { sweepDue } from '../../../lib/application/sweep-due.ts';
import type { CredentialId, EpochMs } from '../../../lib/domain/types.ts';

const NOW = 1_000_000 as EpochMs;

/** What is due, how deep the queues are, and everything that was asked, in order. */
function given(due: Readonly<Record<string, readonly number[]>>, depths: Readonly<Record<string, number>> = {}) {
  const asked: string[] = [];
  const ledger = {
    due: async (queue: WorkQueue, nowMs: number, limit: number) => {
      asked.push(`due ${queue} ${nowMs} ${limit}`);
      return (due[queue] ?? []).map((dueAtMs, n): DueItem => ({ queue, id: `${queue}-${n}` as CredentialId, dueAtMs: dueAtMs as EpochMs }));
    },
    postpone: async ({ id, dueAtMs }: DueItem, untilMs: number) => void asked.push(`postpone ${id} ${dueAtMs} ${untilMs}`),
  } as unknown as Ledger;
  const wake = {
    send: async ({ id }: WorkItem, delayMs: number) => void asked.push(`send ${id} ${delayMs}`),
    depth: async (queue: WorkQueue) => depths[queue] ?? 0,
  };
  return { asked, sweep: sweepDue({ ledger, wake, clock: { now: () => NOW }, queues: ['aws-iam-user', 'owner'] }) };
}

describe('the sweep of what is due', () => {
  it('queues each, first the message and then its next time, and tells how late the oldest is', async () => {
    const { asked, sweep } = given({ 'aws-iam-user': [999_000, 999_500], owner: [998_000] });
    expect(await sweep()).toEqual({ queued: 3, skipped: [], oldestMs: 2_000 });
    expect(asked.filter((one) => one.includes('aws-iam-user'))).toEqual([
      'due aws-iam-user 1000000 500',
      'send aws-iam-user-0 0',
      'postpone aws-iam-user-0 999000 1120000',
      'send aws-iam-user-1 0',
      'postpone aws-iam-user-1 999500 1120000',
    ]);
  });

  it('does nothing where nothing is due', async () => {
    expect(await given({}).sweep()).toEqual({ queued: 0, skipped: [], oldestMs: 0 });
  });

  it.each([
    [5_000, { queued: 2, skipped: [] }],
    [5_001, { queued: 1, skipped: ['owner'] }],
  ])('with %i messages waiting in one queue: %o', async (depth, expected) => {
    const { asked, sweep } = given({ 'aws-iam-user': [999_000], owner: [1] }, { owner: depth });
    expect(await sweep()).toMatchObject(expected);
    expect(asked.some((one) => one.startsWith('due owner'))).toBe(expected.skipped.length === 0);
  });
});
