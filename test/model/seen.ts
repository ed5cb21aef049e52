import type { Lanes } from './hash.ts';

/**
 * Worlds by their fingerprints, numbered as they come, and how each was come by: flat arrays, 27 bytes a world and nothing for the
 * garbage collector to look at. That two worlds fall together is improbable: n² / 2^65.
 */
export interface Seen {
  size: number;
  /** The world it was first reached from; -1: none. */
  parent: Int32Array;
  /** By which choice. */
  via: Uint16Array;
  /** Where it leads when nothing goes wrong; -1: nowhere. */
  calmNext: Int32Array;
  /** Whether time passes on that way. */
  ticks: Uint8Array;
  /** Whether a key works in it that somebody knows who may no longer. */
  open: Uint8Array;
  highs: Int32Array;
  lows: Int32Array;
  /** Where to look for a fingerprint: numbers of worlds, each plus one. */
  slots: Int32Array;
}

const FIRST = 1 << 15;

export const noneSeen = (): Seen => ({
  size: 0,
  parent: new Int32Array(FIRST),
  via: new Uint16Array(FIRST),
  calmNext: new Int32Array(FIRST),
  ticks: new Uint8Array(FIRST),
  open: new Uint8Array(FIRST),
  highs: new Int32Array(FIRST),
  lows: new Int32Array(FIRST),
  slots: new Int32Array(2 * FIRST),
});

/** The number of a world; the size as it was before where it is new. */
export function numberOf(seen: Seen, print: Lanes): number {
  const high = print.high | 0;
  const low = print.low | 0;
  const at = slotOf(seen, high, low);
  const known = (seen.slots[at] ?? 0) - 1;
  if (known >= 0) return known;
  const number = seen.size;
  seen.slots[at] = number + 1;
  seen.highs[number] = high;
  seen.lows[number] = low;
  seen.parent[number] = -1;
  seen.calmNext[number] = -1;
  seen.size += 1;
  if (seen.size === seen.highs.length) grow(seen);
  return number;
}

/** The one it is in, or the free one it would be in. */
function slotOf({ slots, highs, lows }: Seen, high: number, low: number): number {
  const mask = slots.length - 1;
  for (let at = low & mask; ; at = (at + 1) & mask) {
    const number = (slots[at] ?? 0) - 1;
    if (number < 0 || (highs[number] === high && lows[number] === low)) return at;
  }
}

function grow(seen: Seen): void {
  const length = 2 * seen.highs.length;
  const longer = <T extends Int32Array | Uint16Array | Uint8Array>(more: T, old: T): T => {
    more.set(old);
    return more;
  };
  seen.parent = longer(new Int32Array(length), seen.parent);
  seen.via = longer(new Uint16Array(length), seen.via);
  seen.calmNext = longer(new Int32Array(length), seen.calmNext);
  seen.ticks = longer(new Uint8Array(length), seen.ticks);
  seen.open = longer(new Uint8Array(length), seen.open);
  seen.highs = longer(new Int32Array(length), seen.highs);
  seen.lows = longer(new Int32Array(length), seen.lows);
  seen.slots = new Int32Array(2 * length);
  for (let number = 0; number < seen.size; number += 1)
    seen.slots[slotOf(seen, seen.highs[number] ?? 0, seen.lows[number] ?? 0)] = number + 1;
}
