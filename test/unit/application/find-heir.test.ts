import { describe, expect, it } from 'vitest';
import { findHeir, noteOf, passedOverIn } from '../../../lib/application/find-heir.ts';
import type { Ledger } from '../../../lib/application/ports.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import type { OwnerFact } from '../../../lib/domain/owner/state.ts';
import type { Policy } from '../../../lib/domain/policy.ts';
import { givenPolicy } from '../../given-policy.ts';
import { company } from './company.ts';

type Attributes = Partial<OwnerFact['attributes']>;

const sources = {
  ...givenPolicy().sources,
  team: { kind: 'bus', accountable: 'hr:1', principals: ['self'], maxSequenceJump: 1_000 },
} as const;
const UNFIT = { roles: ['OTHER'] };
const GRANT = { profile: 'p', environment: 'e' };

/** A leaver, `hr:1`, and the people around. */
async function world(leaver: Attributes, people: Readonly<Record<string, Attributes>> = {}, change: Partial<Policy> = {}) {
  const policy = givenPolicy({ sources, ...change });
  const made = company(policy);
  await made.joins('hr:1', leaver);
  for (const [ref, attributes] of Object.entries(people)) await made.joins(ref, attributes);
  const refs = new Map<string, string>();
  for (const ref of Object.keys(people)) refs.set(await made.idOf(ref), ref);
  const find = async (excluded: readonly string[] = [], ledger: Ledger = made.ledger) => {
    const ids = await Promise.all(['hr:1', ...excluded].map(made.idOf));
    const { heir, passedOver } = await findHeir({ ledger, policy }, await made.owner('hr:1'), GRANT, ids);
    return { heir: heir && `${refs.get(heir.to.id)} as ${heir.rung}`, passedOver };
  };
  return { ...made, find };
}

/** A manager over each of `count`, none of whom may have it, and at the end one who may. */
const chain = (count: number): Readonly<Record<string, Attributes>> =>
  Object.fromEntries([
    ...Array.from({ length: count }, (_, n) => [`hr:${n + 2}`, { ...UNFIT, manager: `${n + 3}` }] as const),
    [`hr:${count + 2}`, {}],
  ]);

describe('who takes over', () => {
  it.each<readonly [string, Attributes, Readonly<Record<string, Attributes>>, string | undefined, readonly string[]]>([
    ['the named successor', { successor: '2', manager: '3' }, { 'hr:2': {}, 'hr:3': {} }, 'hr:2 as named', []],
    ['else the manager', { manager: '3', team: 'crew' }, { 'hr:3': {}, 'team:crew': {} }, 'hr:3 as manager', []],
    ['else the team', { team: 'crew' }, { 'team:crew': {}, 'hr:900': {} }, 'team:crew as team', []],
    ['else the steward, whatever their role', {}, { 'hr:900': UNFIT }, 'hr:900 as steward', []],
    ['else nobody', {}, {}, undefined, ['hr:900 as steward: unknown']],
    ['not somebody unknown', { successor: '9', manager: '3' }, { 'hr:3': {} }, 'hr:3 as manager', ['hr:9 as named: unknown']],
    [
      'not a manager without the role, but theirs',
      { manager: '2' },
      { 'hr:2': { ...UNFIT, manager: '3' }, 'hr:3': {} },
      'hr:3 as manager',
      ['hr:2 as manager: not-eligible: OTHER'],
    ],
    [
      'not the manager of a successor, or of a team',
      { successor: '2', team: 'crew' },
      { 'hr:2': { ...UNFIT, manager: '3' }, 'team:crew': { ...UNFIT, manager: '3' }, 'hr:3': {}, 'hr:900': {} },
      'hr:900 as steward',
      ['hr:2 as named: not-eligible: OTHER', 'team:crew as team: not-eligible: OTHER'],
    ],
    [
      'the manager of a manager who was passed over as successor already, and is asked once',
      { successor: '2', manager: '2' },
      { 'hr:2': { ...UNFIT, manager: '3' }, 'hr:3': {} },
      'hr:3 as manager',
      ['hr:2 as named: not-eligible: OTHER'],
    ],
    [
      'nobody of a chain that bites its own tail: each is asked once',
      { manager: '2', team: 'crew' },
      { 'hr:2': { ...UNFIT, manager: '3' }, 'hr:3': { ...UNFIT, manager: '2' }, 'team:crew': {} },
      'team:crew as team',
      ['hr:2 as manager: not-eligible: OTHER', 'hr:3 as manager: not-eligible: OTHER'],
    ],
    [
      'not the leaver, their own manager',
      { manager: '1' },
      { 'hr:900': {} },
      'hr:900 as steward',
      ['hr:1 as manager: refused it, or is who it is taken from'],
    ],
  ])('%s', async (_who, leaver, people, heir, passedOver) => {
    const { find } = await world(leaver, people, { steward: 'hr:900' });
    expect(await find()).toEqual({ heir, passedOver });
  });

  it('the tenth manager up, but not the eleventh: such a chain is a mistake', async () => {
    const tenth = await (await world({ manager: '2' }, chain(9))).find();
    expect([tenth.heir, tenth.passedOver.length]).toEqual(['hr:11 as manager', 9]);
    const eleventh = await (await world({ manager: '2' }, chain(10))).find();
    expect([eleventh.heir, eleventh.passedOver.length]).toEqual([undefined, 10]);
  });

  it('in the order the policy names', async () => {
    const people = { 'hr:2': {}, 'hr:3': {} };
    const { find } = await world({ successor: '2', manager: '3' }, people, { succession: ['manager', 'named'] });
    expect(await find()).toEqual({ heir: 'hr:3 as manager', passedOver: [] });
  });

  it('not who refused it, and not who left', async () => {
    const { find, fact } = await world({ successor: '2', manager: '3', team: 'crew' }, { 'hr:2': {}, 'hr:3': {}, 'team:crew': {} });
    await fact('Left', 'hr:3');
    expect(await find(['hr:2'])).toEqual({
      heir: 'team:crew as team',
      passedOver: ['hr:2 as named: refused it, or is who it is taken from', 'hr:3 as manager: owner-not-active: left'],
    });
  });

  it('not one whose record can’t be read; a ledger that does not answer is no such record', async () => {
    const { find, idOf, ledger } = await world({ successor: '2', manager: '3' }, { 'hr:2': {}, 'hr:3': {} });
    const out: Ledger = { ...ledger, owner: () => Promise.reject(new Fault('ledger-conflict', true, 'out')) };
    await expect(find([], out)).rejects.toThrow('out');
    ledger.damaged.add(await idOf('hr:2'));
    expect(await find()).toEqual({ heir: 'hr:3 as manager', passedOver: ['hr:2 as named: unknown'] });
  });
});

describe('what a notice says of whom was passed over', () => {
  it.each([
    ['nobody', [], []],
    ['one', ['a: left'], ['passed over a: left']],
    ['two', ['a: left', 'b: killed'], ['passed over a: left, b: killed']],
  ])('%s', (_who, passedOver, note) => expect(noteOf({ passedOver })).toEqual(note));

  it.each([
    ['owner-left; passed over a: left, b: killed; nobody can take it over', 'a: left, b: killed'],
    ['passed over a: left', 'a: left'],
    ['owner-left', undefined],
    ['somebody was passed over a lot', undefined],
  ])('is found again in "%s"', (cause, expected) => expect(passedOverIn(cause)).toBe(expected));
});
