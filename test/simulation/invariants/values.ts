type Members = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null;

/** Whether two plain values say the same; a member that is `undefined` is as one that is not there. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isObject(a) || !isObject(b)) return false;
  for (const name in a) if (!same(a[name], b[name])) return false;
  for (const name in b) if (a[name] === undefined && b[name] !== undefined) return false;
  return true;
}

/** Whether `text` is in any string of a plain value. */
export function shows(value: unknown, text: string): boolean {
  if (typeof value === 'string') return value.includes(text);
  if (isObject(value)) for (const name in value) if (shows(value[name], text)) return true;
  return false;
}
