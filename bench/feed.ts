import { Readable } from 'node:stream';
import { csvSnapshot } from '../lib/adapters/feed/csv-snapshot.ts';
import { compareSnapshots } from '../lib/domain/feed/compare.ts';

/** Memory and time of comparing two snapshots of a million people, of whom one in a hundred moved. */
const ROWS = 1_000_000;
const RULES = {
  columns: { id: 'id', email: 'email', roles: 'job', team: 'team', manager: 'manager', status: 'status' },
  active: ['Active'],
  maxShrinkPercent: 20,
  maxLeaversPercent: 10,
} as const;

const snapshot = (moved: boolean) =>
  csvSnapshot(
    () =>
      Readable.from(
        (function* () {
          yield 'id,email,job,team,manager,status\n';
          for (let from = 0; from < ROWS; from += 1_000) {
            let chunk = '';
            for (let n = from; n < from + 1_000; n += 1)
              chunk += `${n},p${n}@example.com,${moved && n % 100 === 0 ? 'B' : 'A'},Team ${n % 500},${n % 1_000},Active\n`;
            yield chunk;
          }
        })(),
      ),
    RULES,
  );

const before = process.memoryUsage.rss();
const startedAt = performance.now();
const compared = await compareSnapshots(snapshot(false), snapshot(true), RULES);
let changes = 0;
for await (const _change of compared.changes()) changes += 1;
const mb = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`;
console.table({
  rows: ROWS,
  changes,
  'memory at start': mb(before),
  'largest memory (whole process)': mb(process.resourceUsage().maxRSS * 1_024),
  seconds: Number(((performance.now() - startedAt) / 1_000).toFixed(1)),
});
