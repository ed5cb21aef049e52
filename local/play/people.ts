import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly manager: string;
  readonly job: string;
  readonly department: string;
}

/** The people of the played company, as its HR system exports them. */
export function readPeople(file: string): readonly Person[] {
  const rows: readonly Readonly<Record<string, string>>[] = parse(readFileSync(file), { columns: true, bom: true, skip_empty_lines: true });
  return rows.map((row) => ({
    id: row['employee_id'] ?? '',
    email: row['email'] ?? '',
    manager: row['manager_employee_id'] ?? '',
    job: row['job_id'] ?? '',
    department: row['department'] ?? '',
  }));
}

const PROFILE_OF: Readonly<Record<string, string>> = {
  IT_PROG: 'ci-deploy',
  ST_MAN: 'stock-sync',
  ST_CLERK: 'stock-sync',
  SH_CLERK: 'stock-sync',
  SA_MAN: 'report-export',
  SA_REP: 'report-export',
  AC_ACCOUNT: 'report-export',
  FI_ACCOUNT: 'report-export',
};

/** The five who leave: two managers, a programmer, a sales representative without a department, an accountant. */
export const LEAVERS: readonly string[] = ['103', '120', '145', '178', '206'];
/** Movers of April who can hold a credential: those whose new job may not have it, and those whose may. */
export const MOVERS = { losing: ['102', '114', '200'], keeping: ['122', '176'] } as const;
const CREDENTIALS = 40;

export interface Wanted {
  readonly person: Person;
  readonly profile: string;
}

/** Who asks for a credential: those who will leave or move, then people of every job in turn, forty in all. */
export function wantedBy(people: readonly Person[]): readonly Wanted[] {
  const eligible = people.flatMap((person) => {
    const profile = PROFILE_OF[person.job];
    return profile ? [{ person, profile }] : [];
  });
  const first: readonly string[] = [...LEAVERS, ...MOVERS.losing, ...MOVERS.keeping];
  const leaving = eligible.filter(({ person }) => first.includes(person.id));
  const staying = eligible.filter(({ person }) => !first.includes(person.id));
  const turn = new Map<string, number>();
  const ranked = staying.map((wanted) => {
    const rank = turn.get(wanted.person.job) ?? 0;
    turn.set(wanted.person.job, rank + 1);
    return { wanted, rank };
  });
  ranked.sort((a, b) => a.rank - b.rank || a.wanted.person.id.localeCompare(b.wanted.person.id));
  return [...leaving, ...ranked.slice(0, CREDENTIALS - leaving.length).map(({ wanted }) => wanted)];
}
