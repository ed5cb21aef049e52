type Members = Readonly<Record<string, unknown>>;

/**
 * JSON in the canonical form of RFC 8785: members sorted by UTF-16 code units, no white space, numbers and strings as
 * ECMAScript writes them. Members that are `undefined` are absent. Throws on what JSON can't say (NaN, functions, bigint).
 */
export function canonicalJson(value: unknown): string {
  const copy = inOrder(value);
  const json = copy === UNORDERED ? spelled(value) : JSON.stringify(copy);
  if (json === undefined) throw new TypeError('not JSON: undefined');
  return json;
}

/** An object keeps its members in the order they came in, but for names that are whole numbers, which it always has first. */
const UNORDERED = Symbol();
const isKeptInOrder = (name: string): boolean => (name < '0' || name > ':') && name !== '__proto__';

/** A copy that `JSON.stringify`, which is faster than anything written here, writes in canonical order. */
function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return sayable(value);
  if (Array.isArray(value)) {
    const items = value.map(inOrder);
    return items.includes(UNORDERED) ? UNORDERED : items;
  }
  const copy: Record<string, unknown> = {};
  for (const name of namesOf(value)) {
    const member = inOrder((value as Members)[name]);
    if (member === UNORDERED || !isKeptInOrder(name)) return UNORDERED;
    copy[name] = member;
  }
  return copy;
}

function spelled(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return JSON.stringify(sayable(value));
  if (Array.isArray(value)) return `[${value.map((item: unknown) => spelled(item) ?? 'null').join(',')}]`;
  const members = namesOf(value).flatMap((name) => {
    const member = spelled((value as Members)[name]);
    return member === undefined ? [] : `${JSON.stringify(name)}:${member}`;
  });
  return `{${members.join(',')}}`;
}

function sayable(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`not a JSON number: ${value}`);
  if (typeof value === 'function' || typeof value === 'bigint' || typeof value === 'symbol')
    throw new TypeError(`not JSON: ${typeof value}`);
  return value;
}

/** Sorted by insertion: there are few, and mostly in order. */
function namesOf(value: object): readonly string[] {
  const names = Object.keys(value);
  for (let from = 1; from < names.length; from += 1) {
    const name = names[from] as string;
    let at = from;
    for (; at > 0 && (names[at - 1] as string) > name; at -= 1) names[at] = names[at - 1] as string;
    names[at] = name;
  }
  return names;
}
