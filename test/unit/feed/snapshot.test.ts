import { describe, expect, it } from 'vitest';
import { type Change, compareSnapshots, type FeedLine } from '../../../lib/domain/feed/compare.ts';
import type { FeedRow } from '../../../lib/domain/feed/row.ts';

const rules = (maxShrinkPercent: number, maxLeaversPercent: number) => ({
  ...{ columns: { id: 'id', email: 'email', roles: 'job' }, active: ['Active'] },
  ...{ maxShrinkPercent, maxLeaversPercent },
});
const LOOSE = rules(100, 100);
const who = (subject: string, change: Partial<FeedRow> = {}): FeedRow => ({
  ...{ subject, active: true, leftOn: undefined, email: `${subject}@example.com`, roles: ['A'], team: 'T', manager: undefined },
  ...change,
});
const gone = (subject: string): FeedRow => who(subject, { active: false });
const people = (from: number, to: number): readonly FeedRow[] => Array.from({ length: to - from }, (_, n) => who(`${from + n}`));
/** A row; or a line that can't be read, of whom it says, or of nobody. */
const bad = (subject?: string) => ({ subject });
type Said = FeedRow | { readonly subject: string | undefined };
const lines = (said: readonly Said[]): readonly FeedLine[] =>
  said.map((one, n) =>
    'active' in one
      ? { is: 'row', line: n + 2, row: one }
      : { is: 'reject', reject: { line: n + 2, column: 'email', value: 'x', rule: 'y', subject: one.subject } },
  );
const snapshot = (all: readonly FeedLine[]) =>
  async function* () {
    yield* all;
  };

async function compare(last: readonly Said[], next: readonly Said[], limits = LOOSE, end: readonly FeedLine[] = []) {
  const compared = await compareSnapshots(snapshot(lines(last)), snapshot([...lines(next), ...end]), limits);
  const changes: Change[] = [];
  for await (const change of compared.changes()) changes.push(change);
  const known: string[] = [];
  for await (const { subject } of compared.known()) known.push(subject);
  return {
    ...compared,
    why: compared.trouble.map(({ why }) => why),
    said: changes.map(told),
    known,
  };
}

const told = (change: Change): string =>
  `${change.type} ${change.row.subject}${'vanished' in change && change.vanished ? ' vanished' : ''}`;

describe('of one person is noticed another', () => {
  const before = who('1', { leftOn: '2026-01-01', manager: '2', roles: ['A', 'B'] });
  it.each<[string, Partial<FeedRow>, readonly string[]]>([
    ['address', { email: 'x@example.com' }, ['Moved 1']],
    ['last day', { leftOn: '2026-01-02' }, ['Moved 1']],
    ['manager', { manager: '3' }, ['Moved 1']],
    ['team', { team: 'U' }, ['Moved 1']],
    ['team, of two lines', { team: 'T\nA' }, ['Moved 1']],
    ['team, by a line end', { team: 'T\n' }, ['Moved 1']],
    ['role', { roles: ['A', 'C'] }, ['Moved 1']],
    ['role fewer', { roles: ['A'] }, ['Moved 1']],
    ['role, of the two in one', { roles: ['AB'] }, ['Moved 1']],
    ['nothing at all', {}, []],
  ])('%s', async (_what, change, said) => expect((await compare([before], [{ ...before, ...change }])).said).toEqual(said));

  it.each<[string, Partial<FeedRow>, Partial<FeedRow>]>([
    ['what is no longer there is not what says nothing', { manager: '2', leftOn: undefined }, { manager: undefined, leftOn: '2' }],
    ['a team does not run over into the roles', { team: 'T\nA', roles: [] }, { team: 'T', roles: ['A'] }],
    ['no team is not a team without a name', { team: 'T', manager: '' }, { team: undefined, manager: 'T' }],
  ])('%s', async (_what, one, other) => expect((await compare([who('1', one)], [who('1', other)])).said).toEqual(['Moved 1']));
});

describe('a comparison counts', () => {
  it('each change once, and none of who was gone and is', async () => {
    const last = [who('same'), who('moves'), who('leaves'), who('vanishes'), gone('returns'), gone('stays away'), gone('vanishes too')];
    const away = who('stays away', { active: false, team: 'U' });
    const next = [who('same'), who('moves', { team: 'U' }), gone('leaves'), who('returns'), away, who('joins'), gone('never was')];
    expect(await compare(last, next)).toMatchObject({
      ...{ rows: 7, before: 7, rejected: 0, withheld: 0, counts: { Joined: 1, Moved: 1, Returned: 1, Left: 2 } },
      said: ['Moved moves', 'Left leaves', 'Returned returns', 'Joined joins', 'Left vanishes vanished'],
    });
  });

  it('every line that can’t be read, and lists the first thousand', async () => {
    const { rejected, rejects } = await compare(
      [],
      Array.from({ length: 1_001 }, (_, n) => bad(`${n}`)),
    );
    expect([rejected, rejects.length, rejects.at(-1)?.subject]).toEqual([1_001, 1_000, '999']);
  });

  it('a thousand lines of ids that come twice, and of managers who are nobody', async () => {
    const twice = await compare([], [...people(0, 1_001), ...people(0, 1_001)]);
    expect(twice.trouble).toEqual([{ why: 'duplicate-ids', lines: Array.from({ length: 1_000 }, (_, n) => n + 1_003) }]);
    const led = Array.from({ length: 1_001 }, (_, n) => who(`${n}`, { manager: `m${n}` }));
    expect((await compare([], led)).unknownManagers).toHaveLength(1_000);
  });

  it('a manager once, and as known who is in the snapshot, on a line that can’t be read too', async () => {
    const next = ['nobody', 'new', 'same', 'changed', 'bad', 'was', 'nobody'].map((manager, n) => who(`${n}`, { manager }));
    const all = [...next, who('new'), who('same'), who('changed', { team: 'U' }), bad('bad')];
    expect((await compare([who('same'), who('changed'), who('was')], all)).unknownManagers).toEqual([
      { line: 2, manager: 'nobody' },
      { line: 7, manager: 'was' },
    ]);
  });
});

describe('a snapshot is held', () => {
  const hundred = people(0, 100);
  it.each<[string, readonly FeedRow[], readonly Said[], ReturnType<typeof rules>, readonly string[]]>([
    ['with no row at all', [], [bad('1')], LOOSE, ['empty']],
    ['not for as many as may be missing', hundred, people(20, 100), rules(20, 100), []],
    ['for one more', hundred, people(21, 100), rules(20, 100), ['shrunk']],
    ['not for who is on a line that can’t be read', hundred, [...people(21, 100), bad('20')], rules(20, 100), []],
    ['for whom it never knew no less', hundred, [...people(21, 100), bad('x'), who('y')], rules(20, 100), ['shrunk']],
    ['not for as many leavers as may be', hundred, people(10, 100), rules(100, 10), []],
    ['for one more leaver', hundred, people(11, 100), rules(100, 10), ['too-many-leavers']],
    ['for one more who is said to have left', hundred, [gone('10'), ...people(11, 100)], rules(100, 10), ['too-many-leavers']],
    ['not for five of a few', people(0, 6), people(5, 6), rules(100, 10), []],
    ['for six of a few', people(0, 6), [who('x')], rules(100, 10), ['too-many-leavers']],
    ['not for leavers whom a line without an id may be', hundred, [...people(11, 100), bad()], rules(100, 10), []],
    ['for an id on two lines that can’t be read', [], [who('x'), bad('1'), bad('1')], LOOSE, ['duplicate-ids']],
    ['for an id that a line that can’t be read had', [], [bad('1'), who('1')], LOOSE, ['duplicate-ids']],
    ['not for two lines without an id', [], [who('x'), bad(), bad()], LOOSE, []],
  ])('%s', async (_what, last, next, limits, why) => expect((await compare(last, next, limits)).why).toEqual(why));

  it('with what is wrong, in numbers', async () => {
    expect((await compare(hundred, people(50, 100), rules(20, 10))).trouble).toEqual([
      { why: 'shrunk', before: 100, now: 50, maxPercent: 20 },
      { why: 'too-many-leavers', leavers: 50, of: 100, maxPercent: 10 },
    ]);
  });

  it('and says nothing else of one that was not read to its end', async () => {
    expect((await compare(hundred, [], rules(20, 10), [{ is: 'cut', line: 2 }])).trouble).toEqual([{ why: 'cut-off', line: 2 }]);
    const broken = await compare(hundred, people(0, 100), LOOSE, [{ is: 'broken', line: 102, rule: 'too long' }]);
    expect([broken.trouble, broken.said]).toEqual([[{ why: 'unreadable', line: 102, rule: 'too long' }], []]);
  });
});

describe('what is known after a snapshot', () => {
  it.each<[string, readonly Said[], readonly Said[], readonly string[]]>([
    ['is what it says', [who('1'), who('2')], [who('1')], ['1']],
    ['is who is on a line that can’t be read, where they were known', [who('1'), who('2')], [bad('1'), bad('3'), who('2')], ['2', '1']],
    ['is who may be on a line without an id', [who('1'), gone('2'), who('3')], [bad(), who('3')], ['3', '1']],
    ['is not who is gone, though others are on lines that can’t be read', [who('1'), who('2')], [bad('3'), who('1')], ['1']],
    ['is not who could be read neither time', [bad('1'), who('2')], [bad('1'), who('2')], ['2']],
  ])('%s', async (_what, last, next, known) => expect((await compare(last, next)).known).toEqual(known));
});

describe('who could not be read the last time', () => {
  it.each<[string, readonly Said[], readonly string[]]>([
    ['and is gone now, left', [who('2')], ['Left 1 vanished']],
    ['and is there now, moved', [who('1'), who('2')], ['Moved 1']],
    ['and is said to have left, left', [gone('1'), who('2')], ['Left 1']],
    ['and may be on a line without an id, is not taken for gone', [bad(), who('2')], []],
  ])('%s', async (_what, next, said) => expect((await compare([bad('1'), bad(), who('2')], next)).said).toEqual(said));

  it('is told with nothing but their id', async () => {
    const { changes } = await compareSnapshots(snapshot(lines([bad('1')])), snapshot(lines([who('2')])), LOOSE);
    const rows: FeedRow[] = [];
    for await (const { type, row } of changes()) if (type === 'Left') rows.push(row);
    expect(rows).toEqual([{ ...who('1'), email: '', roles: [], team: undefined }]);
  });
});

describe('the last snapshot is read again', () => {
  it.each<[string, readonly Said[], number]>([
    ['not, where nobody is gone and every line can be read', [who('1', { team: 'U' }), who('2')], 1],
    ['for who is gone', [who('1')], 2],
    ['for who is on a line that can’t be read', [who('1'), bad('2')], 2],
  ])('%s', async (_what, next, expected) => {
    let reads = 0;
    const last = async function* () {
      reads += 1;
      yield* lines([who('1'), who('2')]);
    };
    const compared = await compareSnapshots(last, snapshot(lines(next)), LOOSE);
    const read: unknown[] = [];
    for await (const one of compared.changes()) read.push(one);
    for await (const one of compared.known()) read.push(one);
    expect(reads).toBe(expected);
  });
});
