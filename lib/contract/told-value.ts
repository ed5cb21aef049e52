/** What is at `path` of a parsed input, or `undefined` where there is nothing. */
export const valueAt = (content: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined), content);

/** A value as an error tells it back: short, and never one that is secret. */
export const shown = (value: unknown): string => (value === undefined ? '(absent)' : JSON.stringify(value).slice(0, 100));
