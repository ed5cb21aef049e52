/**
 * Who is in a snapshot, with a number beside each. Ids lie in one array, since a million strings in a `Map` are most of the memory
 * of a whole import: here a person takes two bytes a letter and 24 more.
 */
export interface Roster {
  readonly size: () => number;
  /** Place of an id, from 0 in the order of adding; -1: not there. */
  readonly find: (id: string) => number;
  /** Of an id that is not there yet. Gives its place. */
  readonly add: (id: string, mark: number) => number;
  readonly markAt: (place: number) => number;
  readonly setMark: (place: number, mark: number) => void;
  readonly idAt: (place: number) => string;
}

const FIRST_SLOTS = 1_024;

export function newRoster(): Roster {
  let letters = new Uint16Array(8_192);
  let ends = new Uint32Array(512);
  let marks = new Float64Array(512);
  let slots = new Int32Array(FIRST_SLOTS).fill(-1);
  let size = 0;

  const startOf = (place: number): number => ends[place - 1] ?? 0;

  const isAt = (place: number, id: string): boolean => {
    const start = startOf(place);
    if ((ends[place] ?? 0) - start !== id.length) return false;
    for (let index = 0; index < id.length; index += 1) if (letters[start + index] !== id.charCodeAt(index)) return false;
    return true;
  };

  const idAt = (place: number): string => String.fromCharCode(...letters.subarray(startOf(place), ends[place]));

  const placeIn = (slot: number): number => slots[slot] ?? -1;

  /** The slot that holds the id, or the free one where it would go. */
  const slotOf = (id: string): number => {
    const mask = slots.length - 1;
    for (let slot = hashOf(id) & mask; ; slot = (slot + 1) & mask) {
      const place = placeIn(slot);
      if (place < 0 || isAt(place, id)) return slot;
    }
  };

  const spread = (): void => {
    slots = new Int32Array(slots.length * 2).fill(-1);
    for (let place = 0; place < size; place += 1) slots[slotOf(idAt(place))] = place;
  };

  return {
    size: () => size,
    find: (id) => placeIn(slotOf(id)),
    add: (id, mark) => {
      const start = startOf(size);
      if (start + id.length > letters.length) letters = grown(letters, new Uint16Array(2 * letters.length + id.length));
      if (size === ends.length) {
        ends = grown(ends, new Uint32Array(2 * size));
        marks = grown(marks, new Float64Array(2 * size));
      }
      for (let index = 0; index < id.length; index += 1) letters[start + index] = id.charCodeAt(index);
      ends[size] = start + id.length;
      marks[size] = mark;
      slots[slotOf(id)] = size;
      size += 1;
      if (size * 2 > slots.length) spread();
      return size - 1;
    },
    markAt: (place) => marks[place] ?? 0,
    setMark: (place, mark) => {
      marks[place] = mark;
    },
    idAt,
  };
}

function grown<T extends Uint16Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** FNV-1a, with its high bits folded in: the mask takes the low ones. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
