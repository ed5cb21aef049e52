import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify/sync';
import type { FeedBucket } from '../../application/import-feed.ts';
import { Fault } from '../../domain/faults.ts';
import type { Snapshot } from '../../domain/feed/compare.ts';
import type { FeedRow } from '../../domain/feed/row.ts';
import { timeIn } from '../../domain/feed/time.ts';
import type { FeedRules } from '../../domain/policy.ts';
import type { EpochMs } from '../../domain/types.ts';
import type { Objects } from '../aws/s3-objects.ts';
import { csvSnapshot } from './csv-snapshot.ts';

/** In the order in which they are written. */
const COLUMNS = ['id', 'email', 'roles', 'team', 'manager', 'leftOn', 'status'];
/** How what is known is kept: as a snapshot too, in columns of our own, so that another mapping in the policy does not change what was said. */
const KEPT: FeedRules = {
  columns: { id: 'id', email: 'email', roles: 'roles', team: 'team', manager: 'manager', leftOn: 'leftOn', status: 'status' },
  active: ['active'],
  maxShrinkPercent: 100,
  maxLeaversPercent: 100,
};

/** Metadata of an object that says when its snapshot was taken. */
const TAKEN_AT = 'taken-at';

/**
 * Snapshots in `feeds/<source>/`, what is known of each source in `kept/<source>.csv`, reports in `reports/<source>/`.
 * When a snapshot was taken says its metadata `taken-at`, or else the date in its name, or else the time it was put there.
 */
export const feedBucket = (objects: Objects): FeedBucket => {
  const reading = (key: string, version: string) => async (): Promise<Readable> => {
    const object = await objects.read(key, version);
    if (!object) throw new Fault('misconfigured', false, `${key} is gone in version ${version}`);
    return object.body();
  };
  return {
    open: async ({ key, version }, rules) => {
      const object = await objects.read(key, version);
      if (!object) return undefined;
      object.body().destroy(); // it is read anew on each pass
      const said = object.metadata(TAKEN_AT);
      const takenAtMs = timeIn(said ?? key.slice(key.lastIndexOf('/') + 1));
      const snapshot =
        said !== undefined && takenAtMs === undefined
          ? brokenSnapshot(`its metadata ${TAKEN_AT}, ${JSON.stringify(said.slice(0, 50))}, is no time such as 2026-04-01T06:00:00Z`)
          : csvSnapshot(reading(key, version), rules);
      return { snapshot, takenAtMs: takenAtMs ?? (Date.parse(object.lastModified) as EpochMs) };
    },
    openKept: ({ key, version }) => csvSnapshot(reading(key, version), KEPT),
    keep: async (source, rows) => {
      const folder = await mkdtemp(join(tmpdir(), 'kept-'));
      try {
        const file = join(folder, 'kept.csv'); // its length has to be known before it is sent
        await pipeline(csvOf(rows), createWriteStream(file));
        const key = `kept/${source}.csv`;
        return { key, version: await objects.write(key, { file }) };
      } finally {
        await rm(folder, { recursive: true });
      }
    },
    report: async (source, { key, version }, report) => {
      const at = `reports/${source}/${key.slice(key.lastIndexOf('/') + 1)}.${version}.json`;
      await objects.write(at, { text: JSON.stringify(report, null, 2) });
      return at;
    },
  };
};

const brokenSnapshot = (rule: string): Snapshot =>
  async function* lines() {
    yield { is: 'broken', line: 0, rule };
  };

/** Rows are put into text some hundred at a time: a stream of single ones is mostly the stream. */
const ROWS_AT_ONCE = 200;

async function* csvOf(rows: AsyncIterable<FeedRow>): AsyncGenerator<string> {
  let batch: (readonly string[])[] = [COLUMNS];
  for await (const { subject, email, roles, team = '', manager = '', leftOn = '', active } of rows) {
    batch.push([subject, email, roles.join(';'), team, manager, leftOn, active ? 'active' : 'left']);
    if (batch.length < ROWS_AT_ONCE) continue;
    yield stringify(batch);
    batch = [];
  }
  yield stringify(batch);
}
