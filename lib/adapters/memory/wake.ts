import type { Clock, Wake, WorkItem } from '../../application/ports.ts';
import { type EpochMs, plusMs } from '../../domain/types.ts';

export interface Message extends WorkItem {
  readonly visibleAtMs: EpochMs;
}

/** A queue in memory; whoever runs it takes, repeats and reorders the messages. */
export function memoryWake(clock: Clock): Wake & { readonly messages: Message[] } {
  const messages: Message[] = [];
  return {
    messages,
    send: async (item, delayMs) => {
      messages.push({ ...item, visibleAtMs: plusMs(clock.now(), Math.max(0, delayMs)) });
    },
    depth: async (queue) => messages.filter((message) => message.queue === queue).length,
  };
}
