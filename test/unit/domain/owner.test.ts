import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Credential } from '../../../lib/domain/credential/state.ts';
import {
  decideFact,
  decideLeave,
  decidePage,
  decideReviewPage,
  nextOwnerStep,
  ownerDueAtMs,
  tallied,
} from '../../../lib/domain/owner/decide.ts';
import { evolveOwner } from '../../../lib/domain/owner/evolve.ts';
import type { Owner, OwnerFact, Removal } from '../../../lib/domain/owner/state.ts';
import type { OwnerId, OwnerKey } from '../../../lib/domain/types.ts';
import { active, at, denied, done, holder, revoking, timing } from './given.ts';

const NOW = at(1_000_000);
const fresh = { id: 'own_1' as OwnerId, key: 'k1' as OwnerKey };
const fact = (type: OwnerFact['type'], sequence: number, more: Partial<OwnerFact> = {}): OwnerFact => ({
  type,
  id: `f${sequence}`,
  source: 'hr',
  subject: '101',
  sequence,
  occurredAtMs: at(sequence * 1_000),
  effectiveAtMs: at(sequence * 1_000),
  cause: 'normal',
  attributes: { email: 'nyang@example.com', roles: [`ROLE_${sequence}`] },
  ...more,
});
const JUMP = 1_000_000;

function told(facts: readonly OwnerFact[], from?: Owner, nowMs = NOW): Owner | undefined {
  return facts.reduce<Owner | undefined>((state, next) => {
    const decision = decideFact(state, next, fresh, nowMs, JUMP);
    if (!decision.ok) throw new Error(decision.why);
    return decision.events.reduce<Owner | undefined>(evolveOwner, state);
  }, from);
}
const must = (owner: Owner | undefined): Owner => {
  if (!owner) throw new Error('no owner');
  return owner;
};

describe('facts', () => {
  it.each<[string, readonly OwnerFact[], Partial<Owner>]>([
    ['a joiner is active in life 0', [fact('Joined', 1)], { status: 'active', epoch: 0 }],
    ['a mover has the new roles', [fact('Joined', 1), fact('Moved', 2)], { status: 'active', attributes: fact('Moved', 2).attributes }],
    ['a leaver is gone, and that life ends', [fact('Joined', 1), fact('Left', 2)], { status: 'left', epoch: 2 }],
    ['who returns begins the next life', [fact('Joined', 1), fact('Left', 2), fact('Returned', 3)], { status: 'active', epoch: 2 }],
    [
      'a repeated fact changes nothing',
      [fact('Joined', 1), fact('Left', 2), fact('Left', 2), fact('Joined', 1)],
      { status: 'left', epoch: 2 },
    ],
    ['a late join does not revive a leaver', [fact('Left', 2), fact('Joined', 1)], { status: 'left', epoch: 2 }],
    ['a late move does not undo a later one', [fact('Moved', 3), fact('Moved', 2)], { attributes: fact('Moved', 3).attributes }],
    [
      'a leave heard of after the return still ends what was before it',
      [fact('Joined', 1), fact('Returned', 3), fact('Left', 2)],
      { status: 'active', epoch: 2 },
    ],
    [
      'a move during a notice period does not cancel the leave',
      [fact('Joined', 1), fact('Left', 2, { effectiveAtMs: at(2_000_000) }), fact('Moved', 3)],
      { status: 'leaving' },
    ],
    [
      'a leave heard of in the notice period of a later one ends what was before it, though that is taken back',
      [fact('Joined', 1), fact('Left', 3, { effectiveAtMs: at(2_000_000) }), fact('Left', 2), fact('Returned', 4)],
      { status: 'active', epoch: 2 },
    ],
    [
      'a return during a notice period does',
      [fact('Joined', 1), fact('Left', 2, { effectiveAtMs: at(2_000_000) }), fact('Returned', 3)],
      { status: 'active', epoch: 0 },
    ],
  ])('%s', (_what, facts, expected) => expect(told(facts)).toMatchObject(expected));

  it.each([
    ['five minutes and a bit ahead of our clock', fact('Joined', 2, { occurredAtMs: at(NOW + 300_001) }), 'from-the-future'],
    ['five minutes ahead', fact('Joined', 2, { occurredAtMs: at(NOW + 300_000) }), undefined],
    ['further ahead in sequence than the source may jump', fact('Left', JUMP + 2, { occurredAtMs: NOW }), 'sequence-jump'],
    ['just as far as it may', fact('Left', JUMP + 1, { occurredAtMs: NOW }), undefined],
  ])('%s', (_what, next, why) => {
    const decision = decideFact(told([fact('Joined', 1)]), next, fresh, NOW, JUMP + 1);
    expect(decision.ok ? undefined : decision.why).toBe(why);
  });

  it('every order and repetition of the same facts ends in the same state', () => {
    const said = fc.uniqueArray(
      fc.tuple(fc.constantFrom<OwnerFact['type'][]>('Joined', 'Moved', 'Left', 'Returned'), fc.integer({ min: 1, max: 9 })),
      {
        selector: ([, sequence]) => sequence,
        minLength: 1,
        maxLength: 6,
      },
    );
    const end = (owner: Owner | undefined) => {
      const { status, epoch, attributes, sequence, statusSequence } = must(owner);
      return { status, epoch, attributes, sequence, statusSequence };
    };
    fc.assert(
      fc.property(
        said.chain((facts) => fc.tuple(fc.constant(facts), fc.shuffledSubarray([...facts, ...facts], { minLength: 2 * facts.length }))),
        ([facts, shuffled]) => {
          const inOrder = [...facts].sort(([, a], [, b]) => a - b).map(([type, sequence]) => fact(type, sequence));
          expect(end(told(shuffled.map(([type, sequence]) => fact(type, sequence))))).toEqual(end(told(inOrder)));
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('a leave with a day to come', () => {
  const leaving = must(told([fact('Joined', 1), fact('Left', 2, { effectiveAtMs: at(2_000_000) })]));

  it('waits for it, and happens then', () => {
    expect(ownerDueAtMs(leaving, NOW)).toBe(2_000_000);
    expect(decideLeave(leaving, at(1_999_999)).ok).toBe(false);
    const decision = decideLeave(leaving, at(2_000_000));
    const left = decision.ok ? must(decision.events.reduce<Owner | undefined>(evolveOwner, leaving)) : undefined;
    expect(left).toMatchObject({ status: 'left', epoch: 2, offboarding: { receivedAtMs: 2_000_000, epochBelow: 2 } });
  });
});

/** The guard has let it through. */
const admitted = (owner: Owner, of: Removal): Owner => evolveOwner(owner, { type: 'RemovalAdmitted', of, credentials: 1, atMs: NOW });

describe('offboarding', () => {
  const left = must(told([fact('Joined', 1), fact('Left', 2, { cause: 'for-cause' })]));
  const offboarding = left.offboarding!;
  const afterPage = (owner: Owner, page: Parameters<typeof decidePage>[1]): Owner => {
    const decision = decidePage(owner, page, NOW, timing);
    if (!decision.ok) throw new Error(decision.why);
    return must(decision.events.reduce<Owner | undefined>(evolveOwner, owner));
  };
  const live = active().state;
  const ending = revoking(active()).state;
  let story = denied(revoking(active()));
  story = done(done(story, 'disable-all', { of: 'disable-all', keyIds: [] }), 'withdraw-secret', { of: 'withdraw-secret' });
  const gone = done(done(story, 'remove-account', { of: 'remove-account', removed: true }), 'confirm-absence', {
    of: 'confirm-absence',
    absent: true,
  }).state;

  const passedOn: Credential['succession'] = {
    ...{ from: holder, rung: 'chosen', cause: 'requested', line: holder.id, refused: [], acceptedAtMs: undefined },
    ...{ cutOffAtMs: at(3_000), atMs: at(4_000), acceptByMs: undefined, escalatedAtMs: undefined },
  };

  it('asks the guard at once', () => expect(nextOwnerStep(left, NOW)).toMatchObject({ do: 'admit', of: 'leave' }));
  it('begins as soon as it is let', () => expect(nextOwnerStep(admitted(left, 'leave'), NOW)).toMatchObject({ do: 'offboard' }));

  it.each([
    ['live', live, { credentials: 1, unfinished: 1 }],
    ['being revoked', ending, { credentials: 1, unfinished: 1 }],
    ['revoked', gone, { credentials: 1, unfinished: 0 }],
    ['somebody else’s', { ...live, holder: { ...holder, id: 'own_2' as OwnerId } }, { credentials: 0, unfinished: 0 }],
    ['given in a later life', { ...live, holder: { ...holder, epoch: 2 } }, { credentials: 0, unfinished: 0 }],
    [
      'passed on to themselves, back in a later life',
      { ...live, holder: { ...holder, epoch: 2 }, succession: passedOn },
      { credentials: 1, unfinished: 0 },
    ],
  ])('counts a credential that is %s', (_what, credential, expected) => {
    expect(tallied(offboarding.tally, left.id, offboarding.epochBelow, [credential])).toMatchObject(expected);
  });

  it('goes on at the cursor, keeping the tally', () => {
    const tally = tallied(offboarding.tally, left.id, 2, [gone]);
    const next = afterPage(admitted(left, 'leave'), { tally, nextCursor: 'c' });
    expect(next.offboarding).toMatchObject({ pass: 1, cursor: 'c', tally });
    expect(nextOwnerStep(next, NOW).do).toBe('offboard');
  });

  it('makes another pass, passGapMs later, while anything is unfinished', () => {
    const next = afterPage(left, { tally: tallied(offboarding.tally, left.id, 2, [gone, ending]), nextCursor: undefined });
    expect(next.offboarding).toMatchObject({ pass: 2, cursor: undefined, tally: { credentials: 0 } });
    expect(ownerDueAtMs(next, NOW)).toBe(NOW + timing.passGapMs);
  });

  it('closes with the convergence when a whole pass finds everything revoked', () => {
    const closed = afterPage(left, { tally: tallied(offboarding.tally, left.id, 2, [gone]), nextCursor: undefined });
    expect(closed).toMatchObject({
      offboarding: undefined,
      converged: { credentials: 1, cause: 'for-cause', occurredAtMs: 2_000, receivedAtMs: NOW },
    });
    expect(ownerDueAtMs(closed, NOW)).toBeUndefined();
  });

  it('closes at once where nothing was held', () => {
    expect(afterPage(left, { tally: offboarding.tally, nextCursor: undefined }).converged).toMatchObject({
      credentials: 0,
      cutOffAtMs: NOW,
    });
  });
});

describe('a move', () => {
  const moveTo = (...roles: readonly string[]): Owner =>
    must(told([fact('Joined', 1), fact('Moved', 2, { attributes: { email: 'a@example.com', roles } })]));
  const before = must(told([fact('Joined', 1)]));
  const page = (owner: Owner, ended: number, nextCursor?: string): Owner => {
    const decision = decideReviewPage(owner, { ended, nextCursor }, NOW, timing);
    if (!decision.ok) throw new Error(decision.why);
    return must(decision.events.reduce<Owner | undefined>(evolveOwner, owner));
  };

  it('to other roles has what is held looked through at once; to the same ones, in another order, it does not', () => {
    expect(nextOwnerStep(moveTo('X'), NOW)).toMatchObject({ do: 'admit', of: 'move' });
    expect(nextOwnerStep(admitted(moveTo('X'), 'move'), NOW).do).toBe('review');
    expect(moveTo(...before.attributes.roles.toReversed()).review).toBeUndefined();
    expect(nextOwnerStep(before, NOW).do).toBe('rest'); // a first fact is no move
  });

  it('takes two passes at least, since a request decided by the old roles may be written during the first', () => {
    const second = page(moveTo('X'), 0);
    expect(second.review).toMatchObject({ pass: 2, cursor: undefined });
    expect(ownerDueAtMs(second, NOW)).toBe(NOW + timing.passGapMs);
    const done = page(second, 0);
    expect([done.review, done.reviewed?.doneAtMs, ownerDueAtMs(done, NOW)]).toEqual([undefined, NOW, undefined]);
  });

  it('goes on until a pass finds nothing too much, and counts over pages', () => {
    const paged = page(moveTo('X'), 3, 'c');
    expect(paged.review).toMatchObject({ pass: 1, cursor: 'c', ended: 3 });
    expect(page(page(paged, 3), 1).review).toMatchObject({ pass: 3 });
  });

  it('begins anew with the next move, and is over when the owner leaves', () => {
    const halfway = page(page(moveTo('X'), 1), 1);
    const again = evolveOwner(halfway, {
      ...{ type: 'OwnerMoved', sequence: 3, attributes: { email: '', roles: ['Y'] } },
      ...{ occurredAtMs: NOW, receivedAtMs: NOW },
    });
    expect(again.review).toMatchObject({ pass: 1, ended: 0 });
    expect(
      must(told([fact('Joined', 1), fact('Moved', 2, { attributes: { email: '', roles: ['X'] } }), fact('Left', 3)])).review,
    ).toBeUndefined();
  });
});
