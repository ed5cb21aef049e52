import type { EpochMs } from '../../lib/domain/types.ts';
import { add, addLanes, begin, codeOf, type Lanes, resume, sum, taken } from './hash.ts';
import { HORIZON, TICK } from './world.ts';

/** For the record's history only: nothing is decided by them. */
const TOLD = new Set([
  ...['id', 'grant', 'rotation', 'requestedAtMs', 'sinceMs', 'receipt', 'attempts', 'verifiedAtMs', 'correlationId'],
  ...['cause', 'rung', 'code', 'tally', 'pass', 'converged', 'occurredAtMs', 'receivedAtMs', 'attributes', 'nextAttempt'],
  ...['record', 'line', 'from'],
  'attemptedAtMs', // no life here is long enough for the limit of a day
]);
/** Only whether they are there counts. */
const WHETHER = new Set(['cutOffAtMs', 'deniedAtMs', 'secretClosedAtMs', 'succession']);
const FENCES = new Set(['fence', 'lifting']);
/** Lists of attempts; one that nothing else speaks of can't be met again. */
const MENTIONS = new Set(['known', 'burnt']);
/** Times that are compared with others that have passed; of any other that has passed only that counts. */
const COMPARED = new Set(['denyAtMs', 'givingBackUntilMs', 'readAtMs', 'startedAtMs']);
/** A time that counts for one tick. */
const RECENT = new Set(['activeSinceMs', 'lostUntilMs', 'settledAtMs']);
/** What is further in the past than this can't be told from it: nobody who began then is still at it. */
const PAST = 3 * TICK;
const LEAST_TIME = 1_000 * TICK;

interface Field {
  readonly code: number;
  readonly is: 'told' | 'whether' | 'fence' | 'mentions' | 'compared' | 'recent' | 'plain';
}

const fields = new Map<string, Field>();
function fieldOf(name: string): Field {
  const before = fields.get(name);
  if (before) return before;
  const kinds = { told: TOLD, whether: WHETHER, fence: FENCES, mentions: MENTIONS, compared: COMPARED, recent: RECENT } as const;
  const is = (Object.keys(kinds) as (keyof typeof kinds)[]).find((kind) => kinds[kind].has(name)) ?? 'plain';
  const field: Field = { code: codeOf(name), is };
  fields.set(name, field);
  return field;
}
export const ITEM = fieldOf('');
export const COMPARED_TIME = fieldOf('readAtMs');

/** What the print of a part depends on besides the part. */
export interface Scope {
  readonly nowMs: EpochMs;
  readonly fence: number;
  /** Numbers of attempts and keys that something still speaks of, in their order: each goes by its place. */
  readonly ids: readonly number[];
  /** It is revoking or revoked. */
  readonly ending: boolean;
  /** And nobody is at anything else any more: of its secret it counts only whether that is gone. */
  readonly closing: boolean;
}

export function put(scope: Scope, field: Field, value: unknown): void {
  switch (typeof value) {
    case 'number':
      return void add(field.is === 'fence' ? value - scope.fence : timed(field, value, scope.nowMs));
    case 'string':
      return void add(placed(scope, value));
    case 'boolean':
      return void add(value ? 1 : 2);
    case 'object':
      if (value === null) return;
      if (!Array.isArray(value)) return void putFields(scope, value);
      for (const item of value) if (field.is !== 'mentions' || isMet(scope, item as string)) put(scope, ITEM, item);
      return void add(3);
    default:
  }
}

/** In whatever order the fields were written. */
export function putFields(scope: Scope, value: object, ...except: readonly (string | undefined)[]): void {
  const outer = taken();
  const total: Lanes = { high: 0, low: 0 };
  for (const name in value) {
    const field = fieldOf(name);
    if (field.is === 'told' || except.includes(name)) continue;
    const content = (value as Readonly<Record<string, unknown>>)[name];
    if (content === undefined) continue;
    begin(field.code);
    if (field.is !== 'whether') put(scope, field, content);
    sum(total);
  }
  resume(outer);
  addLanes(total);
}

const ID = /^[ak]\d+b?$/;
/** Of what names an attempt or a key: its kind, and its number. */
const idsByText = new Map<string, readonly [kind: number, number: number] | undefined>();
export function idOf(text: string): readonly [kind: number, number: number] | undefined {
  if (idsByText.has(text)) return idsByText.get(text);
  const id = ID.test(text) ? ([codeOf(text.replace(/\d+/, '')), Number.parseInt(text.slice(1), 10)] as const) : undefined;
  idsByText.set(text, id);
  return id;
}

export const isMet = (scope: Scope, text: string): boolean => scope.ids.includes(idOf(text)?.[1] ?? -1);

export function placed(scope: Scope, text: string): number {
  const id = idOf(text);
  const place = id ? scope.ids.indexOf(id[1]) : -1;
  return id && place >= 0 ? -(id[0] * 256 + place) : codeOf(text);
}

/** Relative to now; a small number is none. */
export function timed({ is }: Field, value: number, nowMs: EpochMs): number {
  if (value < LEAST_TIME) return value + 1;
  return -1 - Math.min(HORIZON, Math.max(is === 'compared' ? -PAST : is === 'recent' ? -TICK : 0, value - nowMs)) - PAST;
}

export const MENTIONED = fieldOf('burnt');
