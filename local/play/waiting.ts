import { setTimeout as sleep } from 'node:timers/promises';

const AT_ONCE = 14;

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Asks until there is an answer; throws what it waited for when patience ends. */
export type Eventually = <T>(what: string, ask: () => Promise<T | undefined>) => Promise<T>;

export const eventuallyWithin =
  (patienceMs: number): Eventually =>
  async (what, ask) => {
    const stopAt = Date.now() + patienceMs;
    for (;;) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      if (Date.now() > stopAt) throw new Error(`not within ${patienceMs / 1000} s: ${what}`);
      await sleep(300);
    }
  };

export async function inTurns<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) results.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(act))));
  return results;
}
