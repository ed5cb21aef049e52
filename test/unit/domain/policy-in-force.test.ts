import { describe, expect, it } from 'vitest';
import {
  decideFollowUpPage,
  decidePolicy,
  evolvePolicy,
  POLICY_ID,
  type PolicyEvent,
  type PolicyInForce,
  policyDueAtMs,
} from '../../../lib/domain/policy-in-force.ts';
import { at } from './given.ts';

const MINUTES_15 = 900_000;
const common = { id: POLICY_ID, digest: 'new', previous: 'old', changedAtMs: at(1_000) };
const done: PolicyInForce = { ...common, status: 'followed-up' };
const under: Extract<PolicyInForce, { status: 'following-up' }> = {
  ...{ ...common, status: 'following-up' },
  ...{ pass: 1, cursor: 'c', touched: 3, nextAtMs: at(2_000) },
};

describe('a function that decides by a policy', () => {
  it.each<readonly [string, PolicyInForce | undefined, string, number, readonly object[]]>([
    ['is the first', undefined, 'new', 5, [{ type: 'PolicyChanged', digest: 'new', previous: undefined, atMs: 5 }]],
    ['has the one on record', done, 'new', 5, []],
    ['has another', done, 'newer', 5, [{ type: 'PolicyChanged', digest: 'newer', previous: 'new', atMs: 5 }]],
    ['is of the deployment before, which still goes on', done, 'old', 1_000 + MINUTES_15 - 1, []],
    ['has gone back to the one before', done, 'old', 1_000 + MINUTES_15, [{ type: 'PolicyChanged', digest: 'old', previous: 'new' }]],
  ])('%s', (_name, state, digest, nowMs, events) => {
    const decided = decidePolicy(state, digest, at(nowMs));
    expect(decided).toHaveLength(events.length);
    expect(decided).toMatchObject(events);
  });
});

describe('following a policy up', () => {
  const page = (touched: number, nextCursor: string | undefined, pass: number) =>
    decideFollowUpPage({ ...under, pass }, { touched, nextCursor }, at(50), 10);
  it.each<readonly [string, PolicyEvent, object]>([
    ['on to the next page', page(4, 'd', 1), { type: 'FollowUpPageDone', cursor: 'd', touched: 4, atMs: 50 }],
    ['a second pass, though nobody was found', page(0, undefined, 1), { type: 'FollowUpPassDone', touched: 0, nextAtMs: 60 }],
    ['another pass while somebody is found', page(1, undefined, 2), { type: 'FollowUpPassDone', touched: 1, nextAtMs: 60 }],
    ['done', page(0, undefined, 2), { type: 'PolicyFollowedUp', atMs: 50 }],
  ])('%s', (_name, event, expected) => expect(event).toEqual(expected));

  it.each<readonly [string, PolicyInForce | undefined, PolicyEvent, object]>([
    [
      'changed',
      done,
      { type: 'PolicyChanged', digest: 'x', previous: 'new', atMs: at(7) },
      {
        ...{ id: POLICY_ID, digest: 'x', previous: 'new', changedAtMs: 7, status: 'following-up' },
        ...{ pass: 1, cursor: undefined, touched: 0, nextAtMs: 7 },
      },
    ],
    [
      'a page on',
      under,
      { type: 'FollowUpPageDone', cursor: 'd', touched: 4, atMs: at(8) },
      { ...under, cursor: 'd', touched: 4, nextAtMs: 8 },
    ],
    [
      'a pass on',
      under,
      { type: 'FollowUpPassDone', touched: 4, nextAtMs: at(9) },
      { ...under, pass: 2, cursor: undefined, touched: 0, nextAtMs: 9 },
    ],
    ['followed up', under, { type: 'PolicyFollowedUp', atMs: at(10) }, done],
  ])('evolves: %s', (_name, before, event, expected) => expect(evolvePolicy(before, event)).toEqual(expected));

  it.each<readonly [PolicyInForce | undefined, PolicyEvent, string]>([
    [undefined, { type: 'PolicyFollowedUp', atMs: at(1) }, 'history: PolicyFollowedUp of a policy that is not being followed up'],
    [done, { type: 'PolicyFollowedUp', atMs: at(1) }, 'history: PolicyFollowedUp of a policy that is not being followed up'],
    [under, { type: 'Other' } as unknown as PolicyEvent, 'unreachable case in evolvePolicy'],
  ])('can’t be: %o after %o', (before, event, why) => expect(() => evolvePolicy(before, event)).toThrow(why));

  it('is due while it goes on', () => expect([policyDueAtMs(under), policyDueAtMs(done)]).toEqual([2_000, undefined]));
});
