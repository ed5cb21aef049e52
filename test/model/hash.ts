/** A hash of 64 bits in two halves. */
export interface Lanes {
  high: number;
  low: number;
}

/** The one that is being written: there is one at a time, and it is written some hundred million times. */
let high = 0;
let low = 0;

export function begin(seed: number): void {
  high = 0xdeadbeef ^ Math.imul(seed, 2_246_822_507);
  low = 0x41c6ce57 ^ Math.imul(seed, 3_266_489_909);
}

/** A whole number of 32 bits. */
export function add(value: number): void {
  high = Math.imul(high ^ value, 2_654_435_761);
  high ^= high >>> 15;
  low = Math.imul(low ^ value, 1_597_334_677);
  low ^= low >>> 13;
}

/** Of what was written since it began; each half depends on both. */
export function taken(): Lanes {
  const upper = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  return { high: upper, low: Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(upper ^ (upper >>> 13), 3_266_489_909) };
}

/** Adds it to a total that knows no order. */
export function sum(total: Lanes): void {
  const lanes = taken();
  total.high = (total.high + lanes.high) | 0;
  total.low = (total.low + lanes.low) | 0;
}

/** Adds a whole hash. */
export function addLanes(lanes: Lanes): void {
  add(lanes.high);
  add(lanes.low);
}

/** Goes on with one that was broken off to write others. */
export function resume(outer: Lanes): void {
  high = outer.high;
  low = outer.low;
}

const codes = new Map<string, number>();

/** A number of its own for every text. */
export function codeOf(text: string): number {
  const before = codes.get(text);
  if (before !== undefined) return before;
  const code = codes.size + 1_000;
  codes.set(text, code);
  return code;
}
