import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 250;

/** Asks until there is an answer. `seen`: what was, for the message when none came. */
export async function eventually<T>(ask: () => Promise<T | undefined>, withinMs = 60_000, seen: () => unknown = () => ''): Promise<T> {
  const stopAt = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > stopAt) throw new Error(`not within ${withinMs} ms; last seen: ${JSON.stringify(seen())}`);
    await sleep(EVERY_MS);
  }
}
