import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvSnapshot } from '../../../lib/adapters/feed/csv-snapshot.ts';
import { type Change, compareSnapshots } from '../../../lib/domain/feed/compare.ts';
import { factOf } from '../../../lib/domain/feed/fact.ts';
import type { FeedRules } from '../../../lib/domain/policy.ts';

const RULES: FeedRules = {
  columns: { id: 'id', email: 'email', roles: 'job', team: 'team', manager: 'manager', status: 'status', leftOn: 'left' },
  active: ['Active'],
  maxShrinkPercent: 20,
  maxLeaversPercent: 10,
};
const HEADER = 'id,email,job,team,manager,status,left';
const file = (...rows: readonly string[]): string => `${[HEADER, ...rows].join('\n')}\n`;
const person = (id: string, job = 'A', status = 'Active'): string => `${id},p${id}@example.com,${job},T,,${status},`;
const ten = Array.from({ length: 10 }, (_, n) => person(`${n}`));
const snapshot = (text: string | Buffer) => csvSnapshot(() => Readable.from([Buffer.from(text)]), RULES);

async function compare(last: string | undefined, next: string | Buffer) {
  const compared = await compareSnapshots(last === undefined ? undefined : snapshot(last), snapshot(next), RULES);
  const changes: Change[] = [];
  for await (const change of compared.changes()) changes.push(change);
  const said = changes.map((change) => `${change.type} ${change.row.subject}${'vanished' in change && change.vanished ? ' vanished' : ''}`);
  return { ...compared, said, facts: changes.map((change) => factOf(change, 'hr', Date.UTC(2026, 3, 1)).detail) };
}

describe('a snapshot against the last good one', () => {
  it.each([
    ['nobody changed', ten, []],
    ['one more', [...ten, person('x')], ['Joined x']],
    ['one in another job', [person('0', 'B'), ...ten.slice(1)], ['Moved 0']],
    ['one who is no longer active', [person('0', 'A', 'Terminated'), ...ten.slice(1)], ['Left 0']],
    ['one whose row is gone', ten.slice(1), ['Left 0 vanished']],
    ['one who is new and gone already', [...ten, person('x', 'A', 'Terminated')], []],
    ['the same in another order', [...ten].reverse(), []],
  ])('%s', async (_name, rows, said) => {
    expect((await compare(file(...ten), file(...rows))).said).toEqual(said);
  });

  it('one who was gone is back', async () => {
    const gone = [person('0', 'A', 'Terminated'), ...ten.slice(1)];
    expect((await compare(file(...gone), file(...ten))).said).toEqual(['Returned 0']);
    expect((await compare(file(...gone), file(...gone.slice(1)))).said).toEqual([]); // and gone for good is no news
  });

  it('without a last one, everybody active joins', async () => {
    expect((await compare(undefined, file(...ten, person('x', 'A', 'Terminated')))).counts).toMatchObject({ Joined: 10, Left: 0 });
  });

  it('says facts by the minute of the snapshot, the last day where the row has one', async () => {
    const left = '0,p0@example.com,A,T,,Terminated,2026-03-31';
    const { facts } = await compare(file(...ten), file(left, ...ten.slice(1)));
    expect(facts).toMatchObject([
      {
        subject: '0',
        sequence: Date.UTC(2026, 3, 1) / 60_000,
        occurredAt: '2026-04-01T00:00:00.000Z',
        effectiveAt: '2026-03-31T00:00:00Z',
      },
    ]);
  });

  it('property: applying what is said to what was gives what is (1,000 runs)', async () => {
    const rowOf = fc.record({ id: fc.integer({ min: 0, max: 30 }), job: fc.constantFrom('A', 'B'), active: fc.boolean() });
    const unique = fc.uniqueArray(rowOf, { selector: ({ id }) => id, minLength: 1, maxLength: 30 });
    const loose: FeedRules = { ...RULES, maxShrinkPercent: 100, maxLeaversPercent: 100 };
    type Row = { readonly id: number; readonly job: string; readonly active: boolean };
    const textOf = (rows: readonly Row[]): string =>
      file(...rows.map(({ id, job, active }) => person(`${id}`, job, active ? 'Active' : 'Gone')));
    const activeJobs = (rows: readonly Row[]) =>
      new Map<string, string>(rows.flatMap(({ id, job, active }) => (active ? [[`${id}`, job] as const] : [])));
    await fc.assert(
      fc.asyncProperty(unique, unique, async (before, after) => {
        const open = (rows: readonly Row[]) => csvSnapshot(() => Readable.from([textOf(rows)]), loose);
        const state = activeJobs(before);
        const compared = await compareSnapshots(open(before), open(after), loose);
        for await (const { type, row } of compared.changes()) {
          expect(state.has(row.subject)).toBe(type === 'Moved' || type === 'Left');
          if (type === 'Left') state.delete(row.subject);
          else state.set(row.subject, row.roles[0] ?? '');
        }
        expect(state).toEqual(activeJobs(after));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a snapshot that is not acted on', () => {
  it.each([
    ['an empty one', '', ['empty', 'shrunk', 'too-many-leavers']],
    ['one with a header alone', file(), ['empty', 'shrunk', 'too-many-leavers']],
    ['one that lost a third', file(...ten.slice(3)), ['shrunk']],
    ['one that ends in the middle of a row', file(...ten).slice(0, -20), ['cut-off']],
    ['one that ends in the middle of a quote', `${file(...ten)}x,"a@b`, ['cut-off']],
    ['one with an id twice', file(...ten, person('3', 'B')), ['duplicate-ids']],
    ['one in which nobody is active any more', file(...ten.map((row) => row.replace('Active', 'Gone'))), ['too-many-leavers']],
  ])('%s', async (_name, next, why) => {
    const { trouble, said } = await compare(file(...ten), next);
    expect([trouble.map((one) => one.why), said]).toEqual([why, []]);
  });

  it('tells the lines of ids that come twice', async () => {
    expect((await compare(file(...ten), file(...ten, person('3')))).trouble).toEqual([{ why: 'duplicate-ids', lines: [12] }]);
  });

  it.each([
    [
      'without a column that the policy names',
      'id,mail\n1,a@b.c\n',
      1,
      /^it has no column email, job, team, manager, status, left; it has id, mail/,
    ],
    ['with a column renamed', file(...ten).replace('manager', 'manager_'), 1, /no column manager; .*; was manager_ renamed\?$/],
    ['with a column twice', file(...ten).replace(',left', ',email'), 1, /no column left/],
    ['with a mapped column twice', `${HEADER},email\n${person('1')},x\n`, 1, /^it has the column email twice$/],
    ['separated by semicolons', file(...ten).replaceAll(',', ';'), 1, /^columns must be separated by commas, not by ";"$/],
    ['separated by tabs', file(...ten).replaceAll(',', '\t'), 1, /^columns must be separated by commas, not by "\\t"$/],
    [
      'in Latin-1, be it in one name of a column that nobody asked for',
      Buffer.from(`${HEADER},name\n${person('1')},Joe\n${person('2')},J\u00f6rg\n`, 'latin1'),
      3,
      /^it is no text in UTF-8: byte \d+ is 0xf6; it may have been written in another encoding$/,
    ],
    ['in UTF-16 with a mark', Buffer.from(`\uFEFF${file(...ten)}`, 'utf16le'), 1, /^it is no text in UTF-8: byte 0 is 0xff/],
    ['in UTF-16 without a mark', Buffer.from(file(...ten), 'utf16le'), 1, /^it is no text in UTF-8$/],
    ['that is no CSV', '{"people": [\n{"id": 1}\n]}\n', 1, /no column id, email/],
    ['that is a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 1]), 1, /no text in UTF-8/],
    [
      'with a quote that swallows rows',
      file(...ten.slice(0, 4), '4,"a@b.cc,A,T,,Active,', ...ten.slice(5, 8), '8,b@c.dd,"A,T,,Active,', ten[9]!),
      10,
      /^a row over several lines has \d+ fields, and must have 7$/,
    ],
    [
      'with a row of more than a megabyte',
      file(...ten, `x,"${'a'.repeat(1_100_000)}",A,T,,Active,`),
      12,
      /^a row must be at most 1048576 bytes/,
    ],
  ])('one %s', async (_name, next, line, rule) => {
    const { trouble, said } = await compare(file(...ten), next);
    expect(trouble[0]).toEqual({ why: 'unreadable', line, rule: expect.stringMatching(rule) });
    expect(said).toEqual([]);
  });

  it('one compared with a last one that can’t be read', async () => {
    expect((await compare('id\n1\n', file(...ten))).trouble).toContainEqual({ why: 'last-unreadable', line: 1 });
  });
});

describe('what is known once a snapshot is said', () => {
  const known = async (last: string, next: string): Promise<readonly string[]> => {
    const compared = await compareSnapshots(snapshot(last), snapshot(next), RULES);
    const ids: string[] = [];
    for await (const { subject, roles } of compared.known()) ids.push(`${subject}${roles.join()}`);
    return ids.sort();
  };
  it.each([
    ['is what the snapshot says', ten.slice(0, 3), [person('0', 'B'), person('1')], ['0B', '1A']],
    [
      'and who is on a line that can’t be read, as they were',
      ten.slice(0, 3),
      ['0,ann,B,T,,Active,', person('1'), person('2')],
      ['0A', '1A', '2A'],
    ],
    ['and who may be on a line without an id', ten.slice(0, 3), [',,B,T,,Active,', person('1'), person('2')], ['0A', '1A', '2A']],
  ])('%s', async (_name, last, next, ids) => expect(await known(file(...last), file(...next))).toEqual(ids));
});

describe('a line', () => {
  it.each([
    ['with a byte order mark and CRLF', Buffer.from(`\uFEFF${file(...ten).replaceAll('\n', '\r\n')}`), 10],
    ['with commas and line ends in quotes', file('7,a@b.cc,A,"Sales, ""EMEA""\nNorth",,Active,'), 1],
    ['with leading zeros in its id', file(person('007'), person('7')), 2],
    ['without an e-mail address', file('7,,A,T,,Active,'), 1],
    ['empty, between others', `${file(ten[0] ?? '')}\n\n${ten[1]}\n`, 2],
  ])('%s is taken', async (_name, text, rows) => {
    const { rejects, counts } = await compare(undefined, text);
    expect([rejects, counts.Joined]).toEqual([[], rows]);
  });

  it.each([
    ['without an id', ',a@b.cc,A,T,,Active,', { line: 3, column: 'id', rule: 'must not be empty' }],
    ['with no e-mail address in its column', '7,ann,A,T,,Active,', { line: 3, column: 'email', value: 'ann' }],
    ['with a day that is none', '7,,A,T,,Terminated,2026-02-30', { line: 3, column: 'left', value: '2026-02-30' }],
    ['with a day in another order', '7,,A,T,,Terminated,31.03.2026', { line: 3, column: 'left', value: '31.03.2026' }],
    ['with an id of two lines', '"7\n8",,A,T,,Active,', { line: 4, column: 'id', rule: expect.stringMatching(/on one line/) }],
    ['with an id that is too long', `${'7'.repeat(201)},,A,T,,Active,`, { line: 3, column: 'id', rule: 'must be at most 200 characters' }],
    ['with a role that is too long', `7,,${'A'.repeat(81)},T,,Active,`, { line: 3, column: 'job' }],
    ['with a field too many', '7,,A,T,,Active,,x', { line: 3, value: '8 fields', rule: 'must have 7' }],
    ['with a field too few', '7,,A,T,,Active', { line: 3, value: '6 fields', rule: 'must have 7' }],
  ])('%s is set aside with its number, the others go on', async (_name, row, reject) => {
    const { rejects, said } = await compare(undefined, file(person('a'), row, person('b')));
    expect([rejects, said]).toEqual([[expect.objectContaining(reject)], ['Joined a', 'Joined b']]);
  });

  it('with a stray quote in a value is taken as it is', async () => {
    const { facts } = await compare(undefined, file('7,,A,19" racks,,Active,'));
    expect(facts).toMatchObject([{ attributes: { team: '19" racks' } }]);
  });

  it('that may be cut short, for want of a line end, is set aside where its last column counts', async () => {
    const cut = file(...ten, 'x,,A,T,,Terminated,2026-03-03').trimEnd();
    expect((await compare(file(...ten), cut)).rejects).toMatchObject([
      { line: 12, column: 'left', rule: expect.stringMatching(/end of a line/) },
    ]);
    const status = file(...ten)
      .replace('status,left', 'left,status')
      .replaceAll('Active,', ',Active')
      .trimEnd()
      .slice(0, -2); // …,Acti
    expect(await compare(file(...ten), status)).toMatchObject({ said: [], rejects: [{ line: 11, column: 'status', value: 'Acti' }] });
    const columns = { id: 'id', email: 'email', roles: 'job' };
    const counted = await compareSnapshots(
      undefined,
      csvSnapshot(() => Readable.from([file(...ten).trimEnd()]), { ...RULES, columns }),
      RULES,
    );
    expect(counted).toMatchObject({ rows: 10, rejects: [] });
  });

  it('that can’t be taken is not taken for gone', async () => {
    const { said, rejects } = await compare(file(...ten), file('0,ann,A,T,,Active,', ...ten.slice(1)));
    expect([said, rejects.length]).toEqual([[], 1]);
  });

  it('without an id may be anybody’s: nobody is taken for gone by a row they lack; who is said to be gone is', async () => {
    const next = file(',ann,A,T,,Active,', person('1', 'A', 'Terminated'), ...ten.slice(2));
    expect(await compare(file(...ten), next)).toMatchObject({ said: ['Left 1'], withheld: 1, counts: { Left: 1 } });
  });

  it('that could not be read the last time counts as somebody', async () => {
    const last = file('0,ann,A,T,,Active,', ...ten.slice(1));
    expect((await compare(last, file(...ten))).said).toEqual(['Moved 0']);
    expect((await compare(last, file(...ten.slice(1)))).said).toEqual(['Left 0 vanished']);
  });

  it('of an id that another line has too is a duplicate, even where it can’t be read', async () => {
    const both = await compare(file(...ten), file(...ten, '0,ann,A,T,,Active,'));
    expect(both.trouble).toEqual([{ why: 'duplicate-ids', lines: [12] }]);
  });

  it('with a manager who is nobody is taken, and told', async () => {
    const { unknownManagers, said } = await compare(undefined, file('1,,A,T,99,Active,', '2,,A,T,1,Active,'));
    expect([unknownManagers, said]).toEqual([[{ line: 2, manager: '99' }], ['Joined 1', 'Joined 2']]);
  });
});
