import { EMAIL, FACT_LIMITS } from '../owner/fact-limits.ts';
import type { FeedRules } from '../policy.ts';

/** One person or service as a snapshot has them. */
export interface FeedRow {
  readonly subject: string;
  readonly active: boolean;
  /** Last day, `YYYY-MM-DD`, where the snapshot says one. */
  readonly leftOn: string | undefined;
  readonly email: string;
  readonly roles: readonly string[];
  readonly team: string | undefined;
  readonly manager: string | undefined;
}

/** A line that can't be taken, and why; the others go on. */
export interface Reject {
  readonly line: number;
  /** Name of the column in the file. */
  readonly column: string;
  readonly value: string;
  readonly rule: string;
  /** Whom it is about, where that can be read: they are not taken for gone. */
  readonly subject: string | undefined;
}

type ReadRow = { readonly ok: true; readonly row: FeedRow } | { readonly ok: false; readonly reject: Reject };

/** Gives the value of a column, as it is in the file. */
export type Cell = (column: string) => string;

/** What bytes that are no UTF-8 are read as. */
const UNREADABLE = '\uFFFD';
const CONTROL = /\p{Cc}/u;
const SHOWN = 100;

type Columns = FeedRules['columns'];
type Values = Readonly<Record<keyof Columns, string>>;

/** Reads one record by the columns that the policy names. */
export function readRow(cell: Cell, line: number, { columns, active }: FeedRules): ReadRow {
  const at = (column: string | undefined): string => (column === undefined ? '' : cell(column).trim());
  const values: Values = {
    ...{ id: at(columns.id), email: at(columns.email), roles: at(columns.roles), team: at(columns.team) },
    ...{ manager: at(columns.manager), status: at(columns.status), leftOn: at(columns.leftOn) },
  };
  const roles = values.roles
    .split(';')
    .map((role) => role.trim())
    .filter(Boolean);
  const broken = brokenRule(values, roles);
  if (broken) {
    const [of, rule] = broken;
    const known = idRule(values.id) === undefined ? values.id : undefined;
    return { ok: false, reject: { line, column: columns[of] ?? of, value: values[of].slice(0, SHOWN), rule, subject: known } };
  }
  return {
    ok: true,
    row: {
      subject: values.id,
      active: columns.status === undefined || active.includes(values.status),
      leftOn: values.leftOn || undefined,
      email: values.email.toLowerCase(),
      roles,
      team: values.team || undefined,
      manager: values.manager || undefined,
    },
  };
}

function idRule(id: string): string | undefined {
  if (!id) return 'must not be empty';
  if (id.length > FACT_LIMITS.subject) return `must be at most ${FACT_LIMITS.subject} characters`;
  return CONTROL.test(id) || id.includes(UNREADABLE) ? 'must be UTF-8 on one line, without control characters' : undefined;
}

/** The first rule that a record breaks, and whose value does. */
function brokenRule(values: Values, roles: readonly string[]): readonly [keyof Columns, string] | undefined {
  const id = idRule(values.id);
  if (id) return ['id', id];
  for (const key of ['email', 'roles', 'team', 'manager', 'status', 'leftOn'] as const)
    if (values[key].includes(UNREADABLE)) return [key, 'must be UTF-8'];
  for (const key of ['email', 'team', 'manager'] as const)
    if (values[key].length > FACT_LIMITS[key]) return [key, `must be at most ${FACT_LIMITS[key]} characters`];
  if (values.email && !EMAIL.test(values.email)) return ['email', 'must be an e-mail address, or empty'];
  if (roles.length > FACT_LIMITS.roles || roles.some((role) => role.length > FACT_LIMITS.role))
    return ['roles', `must be at most ${FACT_LIMITS.roles} roles of ${FACT_LIMITS.role} characters, separated by ;`];
  return values.leftOn && !isDate(values.leftOn) ? ['leftOn', 'must be a day that exists, as YYYY-MM-DD'] : undefined;
}

/** `YYYY-MM-DD`, of a day that exists: 30 February would become 2 March. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
