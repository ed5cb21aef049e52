import { setTimeout as sleep } from 'node:timers/promises';
import { invoke } from '../../local/play/stage.ts';

const EVERY_MS = 3_000;

/** Sweeps what is due more often than the rule's once a minute, until it is stopped; that the rule does it, the play shows. */
export function sweeping(stack = 'nhi'): () => Promise<void> {
  const ended = new AbortController();
  const sweep = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await invoke(`${stack}-sweep-due`);
      await sleep(EVERY_MS, undefined, { signal: ended.signal }).catch(() => undefined); // stopped
    }
  };
  const done = sweep();
  done.catch(() => undefined); // told by whoever stops it
  return () => {
    ended.abort();
    return done;
  };
}
