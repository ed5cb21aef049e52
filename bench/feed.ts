import { Readable } from 'node:stream';
import { csvSnapshot } from '../lib/adapters/feed/csv-snapshot.ts';
import { compareSnapshots } from '../lib/domain/feed/compare.ts';
import type { Row } from './table.ts';

const ROWS = 1_000_000;
const BAR_MB = 256;
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

/** Comparing two snapshots of a million people, of whom one in a hundred moved. */
export async function feedMemory(): Promise<readonly Row[]> {
  const compared = await compareSnapshots(snapshot(false), snapshot(true), RULES);
  let changes = 0;
  for await (const _change of compared.changes()) changes += 1;
  const mb = process.resourceUsage().maxRSS / 1_024;
  return [
    {
      what: `memory for a feed of ${ROWS.toLocaleString('en')} rows`,
      bar: `≤ ${BAR_MB} MB`,
      measured: `${Math.round(mb)} MB`,
      holds: mb <= BAR_MB && changes === ROWS / 100,
      note: `largest of the whole process; ${changes} changes found`,
    },
  ];
}
