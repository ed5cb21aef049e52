import { describe, expect, it } from 'vitest';
import { REAL } from './core.ts';
import { fingerprint, type Printed, printed } from './encode.ts';
import { ALWAYS, AT_REST, exposed, summary } from './invariants.ts';
import { moves } from './moves.ts';
import { type Bounds, begin, type World } from './world.ts';

const nameOf = (world: World, from?: Printed): string => {
  const { high, low } = fingerprint(printed(world, from));
  return `${high}/${low}`;
};

/** What may come of a world, the calm move first, and what holds in it. */
function future(world: World): string {
  const { calm, list } = moves(REAL, world);
  const names = list.map(({ to, tick }) => `${nameOf(to)}${tick ? ', later' : ''}`);
  const holds = [...ALWAYS, ...(calm ? [] : AT_REST)].map(([, rule]) => rule(world));
  return [exposed(world), calm && names[0], ...holds, ...[...new Set(names)].sort()].join('\n');
}

/** Worlds that were taken for one that was there before, and whose futures differ. */
function mistaken(bounds: Bounds): { readonly merged: number; readonly wrong: readonly string[] } {
  const first = begin(bounds);
  const seen = new Map([[nameOf(first), first]]);
  const wrong: string[] = [];
  let merged = 0;
  for (let frontier = [first]; frontier.length > 0; ) {
    const next: World[] = [];
    for (const world of frontier) {
      const print = printed(world);
      for (const { to, say } of moves(REAL, world).list) {
        const name = nameOf(to, print);
        if (name !== nameOf(to)) wrong.push(`${say}: with what is remembered of the world before it is another`);
        const before = seen.get(name);
        if (!before) {
          seen.set(name, to);
          next.push(to);
          continue;
        }
        merged += 1;
        if (future(before) !== future(to)) wrong.push(`${say}\n${summary(before)}\n${summary(to)}`);
      }
    }
    frontier = next;
  }
  return { merged, wrong };
}

describe('worlds that are taken for one', () => {
  it.each<[string, Bounds]>([
    ['two commands', { faults: 0, lates: 0, commands: 2 }],
    ['a fault and a command', { faults: 1, lates: 0, commands: 1 }],
    ['a late effect and a command', { faults: 0, lates: 1, commands: 1 }],
    ['kills', { faults: 0, lates: 0, commands: 2, kills: true, only: /kill|transfer/ }],
  ])('have the same future: %s', (_what, bounds) => {
    const { merged, wrong } = mistaken(bounds);
    expect(wrong).toEqual([]);
    expect(merged).toBeGreaterThan(1_000);
  });
});
