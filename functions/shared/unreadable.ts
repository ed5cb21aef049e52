import { NAMES } from '../../lib/contract/env.ts';
import { log } from './log.ts';
import { measure } from './metric.ts';

/** A record of the ledger does not parse: the alarm, and which one it is. What it holds is not told. */
export function onUnreadable(id: string): void {
  log.error('a record does not parse and is set aside', { record: id });
  measure('ledger', NAMES.unreadable, 1);
}
