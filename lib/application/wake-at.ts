import type { EpochMs } from '../domain/types.ts';
import type { Clock, Wake, WorkItem } from './ports.ts';

/** A message can wait for so long; what is due later is the sweep's. */
const LONGEST_DELAY_MS = 900_000;

/** A message for when the record is due, where that is soon: a lift that has to wait for a lease is not left to the next sweep. */
export async function wakeAt(
  { wake, clock }: { readonly wake: Wake; readonly clock: Clock },
  item: WorkItem,
  dueAtMs: EpochMs,
): Promise<void> {
  const delayMs = Math.max(0, dueAtMs - clock.now());
  if (delayMs <= LONGEST_DELAY_MS) await wake.send(item, delayMs);
}
