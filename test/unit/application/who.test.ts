import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../lib/application/ports.ts';
import { activeOwner, ownersBehind } from '../../../lib/application/who.ts';
import { as, company } from './company.ts';

async function world() {
  const made = company();
  for (const ref of ['hr:1', 'hr:2', 'hr:3', 'hr:4']) await made.joins(ref);
  await made.fact('Left', 'hr:3');
  await made.kills('hr:4');
  return made;
}

describe('the owners a caller stands for', () => {
  it.each<readonly [string, ReturnType<typeof as>, readonly string[]]>([
    ['themselves', as('hr:1'), ['hr:1']],
    ['themselves by their address', as('1@example.com'), ['hr:1']],
    ['and whom they may act for', as('hr:1', [], ['hr:2']), ['hr:1', 'hr:2']],
    ['whoever of them there is', as('hr:99', [], ['hr:2', 'hr:98']), ['hr:2']],
    ['nobody', as('hr:99'), []],
    ['whoever has left all the same: what they may not do is done by nobody in their stead', as('hr:3'), ['hr:3']],
  ])('%s', async (_what, caller, expected) => {
    const { ledger, idOf } = await world();
    expect(await ownersBehind(ledger, caller)).toEqual(await Promise.all(expected.map(idOf)));
  });
});

describe('whoever lets others do something', () => {
  it.each([
    ['is an active owner', 'hr:1', true],
    ['has not left', 'hr:3', false],
    ['is not killed', 'hr:4', false],
    ['has been told of', 'hr:99', false],
  ])('%s', async (_what, ref, isOne) => {
    const { ledger, idOf } = await world();
    expect(await activeOwner(ledger, as(ref))).toBe(isOne ? await idOf(ref) : undefined);
  });

  it('has a record', async () => {
    const { ledger } = await world();
    const without: Ledger = { ...ledger, owner: async () => undefined };
    expect(await activeOwner(without, as('hr:1'))).toBeUndefined();
  });
});
