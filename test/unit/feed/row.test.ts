import { describe, expect, it } from 'vitest';
import { factOf } from '../../../lib/domain/feed/fact.ts';
import { type FeedRow, isDate, readRow } from '../../../lib/domain/feed/row.ts';
import { FACT_LIMITS } from '../../../lib/domain/owner/fact-limits.ts';
import type { FeedRules } from '../../../lib/domain/policy.ts';

const RULES: FeedRules = {
  columns: { id: 'ID', email: 'Mail', roles: 'Job', team: 'Team', manager: 'Boss', status: 'Status', leftOn: 'Left' },
  active: ['Active', 'On leave'],
  maxShrinkPercent: 20,
  maxLeaversPercent: 10,
};
const GOOD = { ID: '7', Mail: 'Ann@Example.com', Job: 'A; B ;;', Team: 'crew', Boss: '3', Status: 'Active', Left: '2026-03-31' };
const read = (change: Readonly<Record<string, string>>, rules = RULES) => {
  const record: Readonly<Record<string, string>> = { ...GOOD, ...change };
  return readRow((column) => record[column] ?? '', 12, rules);
};
const ROW: FeedRow = {
  ...{ subject: '7', active: true, leftOn: '2026-03-31', email: 'ann@example.com' },
  ...{ roles: ['A', 'B'], team: 'crew', manager: '3' },
};

describe('a row', () => {
  it.each<readonly [string, Readonly<Record<string, string>>, Partial<FeedRow>]>([
    ['whole', {}, ROW],
    ['with blanks around its values', { ID: ' 7 ', Team: ' crew\t', Mail: ' Ann@Example.com ' }, ROW],
    ['with leading zeros, which belong to an id', { ID: '007' }, { subject: '007' }],
    ['of somebody on leave', { Status: 'On leave' }, { active: true }],
    ['of somebody who is gone', { Status: 'Terminated' }, { active: false }],
    [
      'without what need not be there',
      { Mail: '', Job: '', Team: '', Boss: '', Left: '' },
      { email: '', roles: [], team: undefined, manager: undefined, leftOn: undefined },
    ],
  ])('%s', (_name, change, expected) => expect(read(change)).toMatchObject({ ok: true, row: expected }));

  it('of a file without columns that a policy need not name: active, and nothing else is known', () => {
    const columns = { id: 'ID', email: 'Mail', roles: 'Job' };
    expect(read({ Status: 'Terminated', Left: 'never' }, { ...RULES, columns })).toEqual({
      ok: true,
      row: { ...ROW, leftOn: undefined, team: undefined, manager: undefined },
    });
  });

  const long = (length: number): string => 'x'.repeat(length);
  it.each<readonly [string, Readonly<Record<string, string>>, string, RegExp, string | undefined]>([
    ['no id', { ID: ' ' }, 'ID', /^must not be empty$/, undefined],
    ['an id that is too long', { ID: long(FACT_LIMITS.subject + 1) }, 'ID', /^must be at most \d+ characters$/, undefined],
    ['an id on two lines', { ID: '7\n8' }, 'ID', /^must be UTF-8 on one line, without control characters$/, undefined],
    ['an id that is no UTF-8', { ID: '7\uFFFD' }, 'ID', /^must be UTF-8 on one line/, undefined],
    ['a team that is no UTF-8', { Team: 'Z\uFFFDrich' }, 'Team', /^must be UTF-8$/, '7'],
    ['a mail that is too long', { Mail: `${long(FACT_LIMITS.email)}@x.y` }, 'Mail', /^must be at most \d+ characters$/, '7'],
    ['a mail that is none', { Mail: 'ann' }, 'Mail', /^must be an e-mail address, or empty$/, '7'],
    [
      'a role that is too long',
      { Job: long(FACT_LIMITS.role + 1) },
      'Job',
      /^must be at most \d+ roles of \d+ characters, separated by ;$/,
      '7',
    ],
    ['too many roles', { Job: Array.from({ length: FACT_LIMITS.roles + 1 }, (_, n) => `r${n}`).join(';') }, 'Job', /^must be at most/, '7'],
    ['a day that is none', { Left: '2026-02-30' }, 'Left', /^must be a day that exists, as YYYY-MM-DD$/, '7'],
  ])('is rejected for %s, with line, column, value and rule', (_name, change, column, rule, subject) => {
    const result = read(change);
    expect(result).toMatchObject({ ok: false, reject: { line: 12, column, rule: expect.stringMatching(rule), subject } });
    const value = (change[column] ?? '').trim();
    expect(result.ok ? undefined : result.reject.value).toBe(value.slice(0, 100));
  });

  it.each([
    ['an id as long as may be', { ID: long(FACT_LIMITS.subject) }],
    ['as many roles as may be', { Job: Array.from({ length: FACT_LIMITS.roles }, (_, n) => `r${n}`).join(';') }],
    ['a role as long as may be', { Job: long(FACT_LIMITS.role) }],
    ['a team as long as may be', { Team: long(FACT_LIMITS.team) }],
  ])('is taken with %s', (_name, change: Readonly<Record<string, string>>) => expect(read(change)).toMatchObject({ ok: true }));
});

it.each([
  ['2026-02-28', true],
  ['2024-02-29', true],
  ['2026-02-29', false],
  ['2026-13-01', false],
  ['x2026-01-01', false],
  ['2026-01-01x', false],
  ['2026-1-1', false],
  ['', false],
])('a day: %s', (text, day) => expect(isDate(text)).toBe(day));

describe('a change as a fact', () => {
  const AT = Date.UTC(2026, 3, 1, 6, 0, 59);
  const MINUTE = Date.UTC(2026, 3, 1, 6) / 60_000;
  it('names who, which minute, and what is known', () => {
    expect(factOf({ type: 'Joined', row: ROW }, 'hr', AT)).toEqual({
      detailType: 'Owner Joined',
      detail: {
        ...{ specversion: '1', id: `hr-7-${MINUTE}`, source: 'hr', subject: '7', sequence: MINUTE, occurredAt: '2026-04-01T06:00:59.000Z' },
        attributes: { email: 'ann@example.com', roles: ['A', 'B'], team: 'crew', manager: '3' },
      },
    });
  });

  it('leaves out what is not known', () => {
    const row = { ...ROW, team: undefined, manager: undefined };
    expect(factOf({ type: 'Moved', row }, 'hr', AT).detail['attributes']).toEqual({ email: 'ann@example.com', roles: ['A', 'B'] });
  });

  const left = (change: Partial<FeedRow>, vanished: boolean) =>
    factOf({ type: 'Left', row: { ...ROW, ...change }, vanished }, 'hr', AT).detail;
  it.each<readonly [string, Readonly<Record<string, unknown>>, string | undefined]>([
    ['the last day, where the row says one', left({}, false), '2026-03-31T00:00:00Z'],
    ['none, where it does not', left({ leftOn: undefined }, false), undefined],
    ['none, where the row is gone: the one that is known was of another life', left({}, true), undefined],
    ['none of who moved', factOf({ type: 'Moved', row: ROW }, 'hr', AT).detail, undefined],
  ])('has for the day of a leave %s', (_name, detail, effectiveAt) => {
    expect(detail['effectiveAt']).toBe(effectiveAt);
    expect('effectiveAt' in detail).toBe(effectiveAt !== undefined);
  });
});
