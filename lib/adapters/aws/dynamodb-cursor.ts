import * as z from 'zod';
import { DUE_SHARDS, duePartition } from '../../contract/table.ts';
import { Fault } from '../../domain/faults.ts';

const Cursor = z
  .tuple([
    z
      .int()
      .min(0)
      .max(DUE_SHARDS - 1),
  ])
  .rest(z.union([z.string(), z.number()]));

/** Where a list over the due index goes on: the shard, and the key in it. Opaque to whoever carries it, and checked when it is back. */
export function writeCursor(shard: number, after?: Readonly<Record<string, unknown>>): string {
  const place = after ? [shard, after['pk'], after['dueAt']] : [shard];
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

export function readCursor(cursor: string, queue: string): { readonly shard: number; readonly after: Record<string, unknown> | undefined } {
  const parsed = Cursor.safeParse(parsedOrUndefined(cursor));
  if (!parsed.success) throw new Fault('misconfigured', false, 'no cursor of ours');
  const [shard, pk, dueAt] = parsed.data;
  if (pk === undefined) return { shard, after: undefined };
  if (typeof pk !== 'string' || typeof dueAt !== 'number') throw new Fault('misconfigured', false, 'no cursor of ours');
  return { shard, after: { pk, sk: 'STATE', duePk: duePartition(queue, shard), dueAt } };
}

function parsedOrUndefined(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}
