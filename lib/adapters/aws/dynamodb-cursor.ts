import { DUE_SHARDS, duePartition } from '../../contract/table.ts';
import { Fault } from '../../domain/faults.ts';

/** Where a list over the due index goes on: the shard, and the key in it. Opaque to whoever carries it, and checked when it is back. */
export function writeCursor(shard: number, after?: Readonly<Record<string, unknown>>): string {
  const place = after ? [shard, after['pk'], after['dueAt']] : [shard];
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

export function readCursor(cursor: string, queue: string): { readonly shard: number; readonly after: Record<string, unknown> | undefined } {
  const parsed = parsedOrUndefined(cursor);
  const [shard, pk, dueAt]: readonly unknown[] = Array.isArray(parsed) ? parsed : [];
  if (!isShard(shard)) throw noCursor();
  if (pk === undefined) return { shard, after: undefined };
  if (typeof pk !== 'string' || typeof dueAt !== 'number') throw noCursor();
  return { shard, after: { pk, sk: 'STATE', duePk: duePartition(queue, shard), dueAt } };
}

function parsedOrUndefined(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}

const isShard = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < DUE_SHARDS;
const noCursor = (): Fault => new Fault('misconfigured', false, 'no cursor of ours');
