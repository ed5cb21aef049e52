import { type Core, REAL } from './core.ts';
import { fingerprint, printed } from './encode.ts';
import { ALWAYS, AT_REST, longestExposure as allowedExposure, exposed, summary } from './invariants.ts';
import { moves } from './moves.ts';
import { noneSeen, numberOf } from './seen.ts';
import { type Bounds, begin, type World } from './world.ts';

export interface Checked {
  readonly states: number;
  /** How many moves the furthest of them is away. */
  readonly depth: number;
  /** Broken off: what is further away was not looked at, nor whether it comes to rest. */
  readonly stopped: boolean;
  /** The longest time, in ticks, that a key works on which somebody knows who may no longer, once nothing goes wrong any more. */
  readonly longestExposure: number;
  /** The rule that does not hold; `undefined`: all of them do, everywhere. */
  readonly broken: string | undefined;
  /** The shortest way there. */
  readonly story: readonly string[];
}

const CALM_SHOWN = 80;
/** Worlds looked at between two words of progress. */
const TELL_EVERY = 1_000;

/** By the real functions, whatever is planted. */
function activeWorld(bounds: Bounds): World {
  let world = begin({ ...bounds, faults: 0, lates: 0, commands: 0 });
  for (;;) {
    const { calm, list } = moves(REAL, world);
    const [move] = list;
    if (!calm || !move) return { ...world, faults: bounds.faults, lates: bounds.lates, commands: bounds.commands };
    world = move.to;
  }
}

/** Explores every world within `bounds`, nearest first. `goesOn` hears of it now and then, and may say no. */
export function check(
  core: Core,
  bounds: Bounds,
  goesOn: (states: number, depth: number) => boolean = () => true,
  from: World = bounds.active ? activeWorld(bounds) : begin(bounds),
): Checked {
  const seen = noneSeen();
  numberOf(seen, fingerprint(printed(from)));
  let frontier: (readonly [number, World])[] = [[0, from]];
  let depth = 0;
  let looked = 0;

  const way = (index: number): number[] => {
    const back: number[] = [];
    for (let at = index; at > 0; at = seen.parent[at] ?? 0) back.push(seen.via[at] ?? 0);
    return back.reverse();
  };
  /** A world is named by the choices that lead to it. */
  const tell = (index: number, calm: number): string[] => {
    let world = from;
    const story: string[] = [];
    for (const choice of way(index)) {
      const move = moves(core, world).list[choice];
      if (!move) break;
      story.push(move.say);
      world = move.to;
    }
    if (calm > 0) story.push('-- from here on nothing goes wrong');
    for (let n = 0; n < calm; n += 1) {
      const all = moves(core, world);
      const [move] = all.list;
      if (!all.calm || !move) break;
      story.push(`   ${move.say}`);
      world = move.to;
    }
    return [...story, `END  ${summary(world)}`];
  };
  const result = (broken: string | undefined, index = -1, calm = 0, longestExposure = 0, stopped = false): Checked => ({
    ...{ states: seen.size, depth, stopped, longestExposure, broken },
    story: index < 0 ? [] : tell(index, calm),
  });

  for (; frontier.length > 0; depth += 1) {
    const next: (readonly [number, World])[] = [];
    for (const [index, world] of frontier) {
      const { calm, list } = moves(core, world);
      seen.open[index] = exposed(world) ? 1 : 0;
      for (const [rule, holds] of ALWAYS) if (!holds(world)) return result(rule, index);
      if (!calm) for (const [rule, holds] of AT_REST) if (!holds(world)) return result(rule, index);
      const print = printed(world);
      list.forEach((move, choice) => {
        const size = seen.size;
        const at = numberOf(seen, fingerprint(printed(move.to, print)));
        if (at === size) {
          seen.parent[at] = index;
          seen.via[at] = choice;
          next.push([at, move.to]);
        }
        if (choice === 0 && calm) {
          seen.calmNext[index] = at;
          seen.ticks[index] = move.tick ? 1 : 0;
        }
      });
      looked += 1;
      if (looked % TELL_EVERY === 0 && !goesOn(seen.size, depth)) return result(undefined, -1, 0, 0, true);
    }
    frontier = next;
  }

  // Liveness: calm moves lead from each world to one other. Followed, they end, and end in time.
  const mark = new Uint8Array(seen.size); // 1: on the way, 2: ends well
  const wait = new Int32Array(seen.size);
  const allowed = allowedExposure(bounds);
  let longest = 0;
  for (let index = 0; index < seen.size; index += 1) {
    const trail: number[] = [];
    let at = index;
    while (at >= 0 && mark[at] === 0) {
      mark[at] = 1;
      trail.push(at);
      at = seen.calmNext[at] ?? -1;
    }
    if (at >= 0 && mark[at] === 1) return result('10 it never comes to rest', index, CALM_SHOWN);
    for (const passed of trail.reverse()) {
      mark[passed] = 2;
      const after = seen.calmNext[passed] ?? -1;
      const later = after >= 0 ? (wait[after] ?? 0) : 0;
      wait[passed] = later > 0 || seen.open[passed] ? later + (seen.ticks[passed] ?? 0) : 0;
      longest = Math.max(longest, wait[passed] ?? 0);
      if ((wait[passed] ?? 0) > allowed) return result(`8 what somebody knows works on for ${wait[passed]} ticks`, passed, CALM_SHOWN);
    }
  }
  return result(undefined, -1, 0, longest);
}
