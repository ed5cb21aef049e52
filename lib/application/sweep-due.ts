import { plusMs } from '../domain/types.ts';
import type { Clock, Ledger, Wake, WorkQueue } from './ports.ts';

export interface SweepPorts {
  readonly ledger: Ledger;
  readonly wake: Wake;
  readonly clock: Clock;
  readonly queues: readonly WorkQueue[];
}

/** Above this many waiting messages nothing is added: a backlog must not multiply. */
const MAX_DEPTH = 5_000;
const BATCH = 500;
/** A record queued now is queued again only after this, unless its worker says otherwise before: twice the time a worker may take. */
const AGAIN_AFTER_MS = 120_000;

export interface SweepResult {
  readonly queued: number;
  /** Queues that were too deep already. */
  readonly skipped: readonly WorkQueue[];
  /** How long the oldest due record had been due, in ms. */
  readonly oldestMs: number;
}

/** Queues what is due. Cost follows what is due, never what exists. */
export const sweepDue =
  ({ ledger, wake, clock, queues }: SweepPorts) =>
  async (): Promise<SweepResult> => {
    const nowMs = clock.now();
    const sweep = async (queue: WorkQueue): Promise<SweepResult> => {
      if ((await wake.depth(queue)) > MAX_DEPTH) return { queued: 0, skipped: [queue], oldestMs: 0 };
      const due = await ledger.due(queue, nowMs, BATCH);
      for (const item of due) {
        await wake.send(item, 0); // first the message: dying here queues it twice, the other way round would lose a minute
        await ledger.postpone(item, plusMs(nowMs, AGAIN_AFTER_MS));
      }
      return { queued: due.length, skipped: [], oldestMs: Math.max(0, ...due.map((item) => nowMs - item.dueAtMs)) };
    };
    const results = await Promise.all(queues.map(sweep));
    return {
      queued: results.reduce((sum, { queued }) => sum + queued, 0),
      skipped: results.flatMap(({ skipped }) => skipped),
      oldestMs: Math.max(0, ...results.map(({ oldestMs }) => oldestMs)),
    };
  };
