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

export type ReadRow = { readonly ok: true; readonly row: FeedRow } | { readonly ok: false; readonly reject: Reject };

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/** Reads one record by the columns that the policy names. */
export function readRow(record: Readonly<Record<string, string>>, line: number, { columns, active }: FeedRules): ReadRow {
  const at = (column: string | undefined): string => (column === undefined ? '' : (record[column] ?? '').trim());
  const subject = at(columns.id);
  const reject = (column: string, rule: string): ReadRow => ({
    ok: false,
    reject: { line, column, value: at(column).slice(0, 100), rule, subject: subject || undefined },
  });
  if (!subject) return reject(columns.id, 'must not be empty');
  const email = at(columns.email);
  if (email && !EMAIL.test(email)) return reject(columns.email, 'must be an e-mail address, or empty');
  const leftOn = at(columns.leftOn);
  if (columns.leftOn && leftOn && !isDate(leftOn)) return reject(columns.leftOn, 'must be a day that exists, as YYYY-MM-DD');
  const roles = at(columns.roles)
    .split(';')
    .map((role) => role.trim());
  return {
    ok: true,
    row: {
      subject,
      active: columns.status === undefined || active.includes(at(columns.status)),
      leftOn: leftOn || undefined,
      email: email.toLowerCase(),
      roles: roles.filter(Boolean),
      team: at(columns.team) || undefined,
      manager: at(columns.manager) || undefined,
    },
  };
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text); // 30 February becomes 2 March
}
