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

/**
 * The five who leave in April, two managers among them. A manager of programmers: his own manager moved to a job that may not hold it, so
 * the team takes over. A stock manager: revoked. A sales manager: the team. A sales representative without a department: the manager.
 * An accountant: nobody above may hold it, there is no such team, and no steward yet.
 */
export const LEAVERS = { team: ['103', '145'], manager: '178', revoked: '120', nobody: '206' } as const;
/** Movers of April who can hold a credential: those whose new job may not have it, and those whose may. */
export const MOVERS = { reapproved: '102', revoked: '114', transferred: '200', keeping: ['122', '176'] } as const;
/** Who leaves later, by word of HR: with a successor named; a manager together with a report; one who stays after all; too many at once. */
export const LATER = { named: ['106', '105'], together: ['149', '176'], rescinded: '204', atOnce: ['125', '126', '180'] } as const;
/** Whose credential is suspended, rotated and undone, replaced, and given a key by a stranger. */
export const BY_HAND = { suspended: '109', undone: '107', replaced: '110', tampered: '146' } as const;
const CREDENTIALS = 40;
/** Two hold a credential besides that stays with them whatever they become, and is suspended when they leave. */
const STATUS_PAGE: readonly string[] = [MOVERS.reapproved, LATER.rescinded];

export interface Wanted {
  readonly person: Person;
  readonly profile: string;
}

/** Who asks for a credential: those who will leave or move, then people of every job in turn, forty in all; and two for the status page. */
export function wantedBy(people: readonly Person[]): readonly Wanted[] {
  const eligible = people.flatMap((person) => {
    const profile = PROFILE_OF[person.job];
    return profile ? [{ person, profile }] : [];
  });
  const named: readonly string[] = [LEAVERS, MOVERS].flatMap((roles) => Object.values(roles).flat());
  const first = eligible.filter(({ person }) => named.includes(person.id));
  const others = eligible.filter(({ person }) => !named.includes(person.id));
  const turn = new Map<string, number>();
  const ranked = others.map((wanted) => {
    const rank = turn.get(wanted.person.job) ?? 0;
    turn.set(wanted.person.job, rank + 1);
    return { wanted, rank };
  });
  ranked.sort((a, b) => a.rank - b.rank || a.wanted.person.id.localeCompare(b.wanted.person.id));
  const statusPage = people.filter(({ id }) => STATUS_PAGE.includes(id)).map((person) => ({ person, profile: 'status-page' }));
  return [...first, ...ranked.slice(0, CREDENTIALS - first.length).map(({ wanted }) => wanted), ...statusPage];
}
