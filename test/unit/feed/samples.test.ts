import { createReadStream, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { csvSnapshot } from '../../../lib/adapters/feed/csv-snapshot.ts';
import { type Change, compareSnapshots } from '../../../lib/domain/feed/compare.ts';
import type { FeedRules } from '../../../lib/domain/policy.ts';

/** Exports as HR systems make them; not part of the project. `NHI_SAMPLES` says where they are. */
const FOLDER = [process.env['NHI_SAMPLES'], '../shared/samples', '../../shared/samples']
  .map((folder) => folder && resolve(folder, 'hr'))
  .find((folder) => folder && existsSync(folder));

const limits = { active: ['Active', 'On Leave'], maxShrinkPercent: 20, maxLeaversPercent: 10 };
const ids = { id: 'employee_id', email: 'email', manager: 'manager_employee_id', status: 'status', leftOn: 'termination_date' };
const ORACLE: FeedRules = { ...limits, columns: { ...ids, roles: 'job_id', team: 'department' } };
const PLAIN: FeedRules = { ...limits, columns: { ...ids, roles: 'department' } };
const ENTRA: FeedRules = {
  ...limits,
  columns: { id: 'WorkerID', email: 'UserID', roles: 'JobTitle', manager: 'ManagerID', status: 'WorkerStatus' },
};

async function compare(rules: FeedRules, last: string | undefined, next: string) {
  const open = (name: string) => csvSnapshot(() => createReadStream(join(FOLDER ?? '', name)), rules);
  const compared = await compareSnapshots(last === undefined ? undefined : open(last), open(next), rules);
  const changes: Change[] = [];
  for await (const change of compared.changes()) changes.push(change);
  return { ...compared, said: changes.map(({ type, row }) => `${type} ${row.subject}`), changes };
}

describe.runIf(FOLDER)('samples of HR exports (only where NHI_SAMPLES, or ../shared/samples, has them)', () => {
  it('a day: one moves, one leaves, one starts; a pre-hire, a leave of absence and another case of an address are no news', async () => {
    const first = await compare(PLAIN, undefined, 'hr-snapshot-day1.csv');
    expect(first).toMatchObject({ rows: 11, rejects: [], counts: { Joined: 9 } });
    expect(first.changes.find(({ row }) => row.subject === '0077')?.row).toMatchObject({ roles: ['Legal, Compliance & Risk'] });
    expect(first.said).toContain('Joined C-0042');
    expect((await compare(PLAIN, 'hr-snapshot-day1.csv', 'hr-snapshot-day2.csv')).said).toEqual([
      'Moved 1222',
      'Left 1513',
      'Returned 2001',
    ]);
  });

  it('one that was cut off at the end of a line is held: too few are left', async () => {
    const { trouble, said } = await compare(PLAIN, 'hr-snapshot-day1.csv', 'hr-snapshot-truncated.csv');
    expect([trouble.map(({ why }) => why), said]).toEqual([expect.arrayContaining(['shrunk']), []]);
  });

  it('four months of a company', async () => {
    const file = (month: string): string => `oracle-hr-2026-${month}.csv`;
    expect(await compare(ORACLE, undefined, file('03-01'))).toMatchObject({ counts: { Joined: 103 }, rejects: [], unknownManagers: [] });
    expect((await compare(ORACLE, file('03-01'), file('04-01'))).counts).toEqual({ Joined: 4, Moved: 7, Left: 5, Returned: 0 });
    expect((await compare(ORACLE, file('04-01'), file('05-01'))).counts).toMatchObject({ Joined: 0, Left: 0, Returned: 0 });
    const june = await compare(ORACLE, file('05-01'), file('06-01-cut-off'));
    expect([june.trouble.length > 0, june.said]).toEqual([true, []]);
  });

  it('an export with a name where an address should be: its lines are told', async () => {
    const { rejects, said } = await compare(ENTRA, undefined, 'entra-csv2scim-2-records.csv');
    expect([rejects.map(({ line, column, value }) => [line, column, value]), said]).toEqual([
      [
        [2, 'UserID', 'EMP1222'],
        [3, 'UserID', 'EMP1513'],
      ],
      [],
    ]);
  });
});
