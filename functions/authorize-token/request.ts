/** The scope each route asks for, by its key, e.g. `GET /orders`. Throws when that is not what the construct wrote. */
export function scopesOfRoutes(text: string): ReadonlyMap<string, string> {
  const content: unknown = JSON.parse(text);
  if (typeof content !== 'object' || content === null) throw new Error('the scopes of the routes are no object');
  return new Map(Object.entries(content).map(([route, scope]) => [route, String(scope)]));
}

/** RFC 6750; `undefined`: there is no token in it. */
export const bearerIn = (header: string | undefined): string | undefined => /^bearer +(\S{1,200})$/i.exec(header ?? '')?.[1];
