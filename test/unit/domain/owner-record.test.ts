import { describe, expect, it } from 'vitest';
import type { Credential } from '../../../lib/domain/credential/state.ts';
import {
  decideFact,
  decideLeave,
  decidePage,
  decideReviewPage,
  nextOwnerStep,
  ownerDueAtMs,
  passPauseMs,
  tallied,
} from '../../../lib/domain/owner/decide.ts';
import { evolveOwner } from '../../../lib/domain/owner/evolve.ts';
import type { Admission, Offboarding, Owner, OwnerEvent, OwnerFact, Review } from '../../../lib/domain/owner/state.ts';
import type { OwnerId, OwnerKey } from '../../../lib/domain/types.ts';
import { active, at, timing } from './given.ts';

const TALLY = { credentials: 0, unfinished: 0, cutOffAtMs: undefined, completeAtMs: undefined };
const attributes = { email: 'a@example.com', roles: ['R'] };
const who = { id: 'own_1' as OwnerId, key: 'k' as OwnerKey, source: 'hr', subject: '1', attributes };
const BORN: Owner = {
  ...who,
  ...{ status: 'active', sequence: 0, statusSequence: 0, epoch: 0 },
  ...{ offboarding: undefined, converged: undefined, review: undefined, reviewed: undefined, killed: undefined, killWork: undefined },
};
const BASE: Owner = { ...BORN, sequence: 5, statusSequence: 5 };
const WANTED: Admission = { is: 'wanted' };
const times = { occurredAtMs: at(10), receivedAtMs: at(20) };
const review = (change: Partial<Review> = {}): Review => ({
  ...{ cause: 'moved', admission: WANTED, pass: 1, cursor: undefined, ended: 0, nextAtMs: at(20) },
  ...{ ...times, ...change },
});
const offboarding = (change: Partial<Offboarding> = {}): Offboarding => ({
  ...{ cause: 'normal', admission: WANTED, epochBelow: 7, pass: 1, cursor: undefined, tally: TALLY, nextAtMs: at(20) },
  ...{ ...times, ...change },
});
const held: Admission = { is: 'held', batch: 3, sinceMs: at(30), escalated: false };
const leaving: Owner = { ...BASE, status: 'leaving', cause: 'normal', leaveAtMs: at(100), ...times };
const other = { email: 'b@example.com', roles: ['S'] };
const killWork = { phase: 'deny', pass: 2, cursor: 'c', unfinished: 1, clean: false, nextAtMs: at(40) } as const;
const killed = { atMs: at(40), by: who.id, reason: 'leak', confirmed: false };

describe('an owner after an event', () => {
  const moved = { type: 'OwnerMoved', sequence: 6, ...times } as const;
  it.each<readonly [string, Owner | undefined, OwnerEvent, object]>([
    ['registered', undefined, { type: 'OwnerRegistered', ...who }, BORN],
    [
      'joined',
      BORN,
      { type: 'OwnerJoined', sequence: 1, attributes: other, ...times },
      { ...BORN, attributes: other, sequence: 1, statusSequence: 1 },
    ],
    ['moved to another role', BASE, { ...moved, attributes: other }, { ...BASE, attributes: other, sequence: 6, review: review() }],
    ['moved to one role more', BASE, { ...moved, attributes: { ...attributes, roles: ['R', 'S'] } }, { review: review() }],
    [
      'moved to one role less',
      { ...BASE, attributes: { ...attributes, roles: ['R', 'S'] } },
      { ...moved, attributes },
      { review: review() },
    ],
    [
      'described anew, in the same roles',
      BASE,
      { ...moved, attributes: { ...attributes, email: 'c@x.y' } },
      { review: undefined, sequence: 6 },
    ],
    ['told late', BASE, { ...moved, attributes: undefined }, BASE],
    [
      'back',
      { ...BASE, status: 'left' },
      { type: 'OwnerReturned', sequence: 9, attributes, ...times },
      { ...BASE, sequence: 9, statusSequence: 9 },
    ],
    [
      'about to leave',
      BASE,
      { type: 'OwnerLeaveScheduled', sequence: 6, attributes: undefined, cause: 'for-cause', leaveAtMs: at(99), ...times },
      { ...BASE, status: 'leaving', statusSequence: 6, cause: 'for-cause', leaveAtMs: at(99), ...times },
    ],
    [
      'gone',
      { ...BASE, review: review() },
      { type: 'OwnerLeft', sequence: 7, attributes: other, cause: 'normal', stillActive: false, ...times },
      { ...BASE, status: 'left', attributes: other, sequence: 7, statusSequence: 7, epoch: 7, offboarding: offboarding() },
    ],
    [
      'gone, and back before that was known',
      BASE,
      { type: 'OwnerLeft', sequence: 7, attributes: undefined, cause: 'normal', stillActive: true, ...times },
      { ...BASE, epoch: 7, offboarding: offboarding() },
    ],
    [
      'let go by the guard',
      { ...BASE, offboarding: offboarding() },
      { type: 'RemovalAdmitted', of: 'leave', credentials: 1, atMs: at(30) },
      { offboarding: offboarding({ admission: { is: 'admitted' }, nextAtMs: at(30) }) },
    ],
    [
      'held by the guard',
      { ...BASE, review: review() },
      { type: 'RemovalHeld', of: 'move', batch: 3, credentials: 1, atMs: at(30) },
      { review: review({ admission: held, nextAtMs: at(30) }) },
    ],
    [
      'held for too long, a leave',
      { ...BASE, offboarding: offboarding({ admission: held }) },
      { type: 'HoldEscalated', of: 'leave', atMs: at(50) },
      { offboarding: offboarding({ admission: { ...held, escalated: true }, nextAtMs: at(50) }) },
    ],
    [
      'held for too long, a move',
      { ...BASE, review: review({ admission: held }) },
      { type: 'HoldEscalated', of: 'move', atMs: at(50) },
      { review: review({ admission: { ...held, escalated: true }, nextAtMs: at(50) }) },
    ],
    ['not held any more', { ...BASE, review: review() }, { type: 'HoldEscalated', of: 'move', atMs: at(50) }, { review: review() }],
    [
      'only observed',
      { ...BASE, offboarding: offboarding() },
      { type: 'RemovalObserved', of: 'leave', credentials: 1, under: 'd' },
      { offboarding: offboarding({ admission: { is: 'observed', under: 'd' } }) },
    ],
    [
      'looked at again',
      { ...BASE, review: review() },
      { type: 'RemovalReconsidered', of: 'move', atMs: at(60) },
      { review: review({ admission: { is: 'wanted', policyChanged: true }, nextAtMs: at(60) }) },
    ],
    [
      'under another policy',
      BASE,
      { type: 'ReviewOrdered', atMs: at(60) },
      { review: review({ cause: 'policy-changed', occurredAtMs: at(60), receivedAtMs: at(60), nextAtMs: at(60) }) },
    ],
    [
      'a page on',
      { ...BASE, offboarding: offboarding() },
      { type: 'OffboardingPageDone', cursor: 'c', tally: { ...TALLY, credentials: 2 }, atMs: at(70) },
      { offboarding: offboarding({ cursor: 'c', tally: { ...TALLY, credentials: 2 }, nextAtMs: at(70) }) },
    ],
    [
      'a pass on',
      { ...BASE, offboarding: offboarding({ cursor: 'c', tally: { ...TALLY, credentials: 2 } }) },
      { type: 'OffboardingPassDone', nextAtMs: at(70) },
      { offboarding: offboarding({ pass: 2, nextAtMs: at(70) }) },
    ],
    [
      'a page of a review on',
      { ...BASE, review: review() },
      { type: 'ReviewPageDone', cursor: 'c', ended: 2, atMs: at(70) },
      { review: review({ cursor: 'c', ended: 2, nextAtMs: at(70) }) },
    ],
    [
      'a pass of a review on',
      { ...BASE, review: review({ cursor: 'c', ended: 2 }) },
      { type: 'ReviewPassDone', nextAtMs: at(70) },
      { review: review({ pass: 2, nextAtMs: at(70) }) },
    ],
    [
      'reviewed',
      { ...BASE, review: review() },
      { type: 'OwnerReviewed', atMs: at(80) },
      { review: undefined, reviewed: { ...times, doneAtMs: 80 } },
    ],
    [
      'killed',
      BASE,
      { type: 'OwnerKilled', by: who.id, reason: 'leak', confirmed: false, atMs: at(40) },
      { killed, killWork: { phase: 'deny', pass: 1, cursor: undefined, unfinished: 0, clean: false, nextAtMs: 40 } },
    ],
    ['confirmed', { ...BASE, killed }, { type: 'KillConfirmed', by: who.id, atMs: at(41) }, { killed: { ...killed, confirmed: true } }],
    ['confirmed, and lifted before', BASE, { type: 'KillConfirmed', by: who.id, atMs: at(41) }, { killed: undefined }],
    [
      'a page of a kill on',
      { ...BASE, killWork },
      { type: 'KillPageDone', cursor: 'd', unfinished: 2, atMs: at(42) },
      { killWork: { ...killWork, cursor: 'd', unfinished: 2, nextAtMs: 42 } },
    ],
    [
      'a pass of a kill on',
      { ...BASE, killWork },
      { type: 'KillPassDone', nextAtMs: at(43) },
      { killWork: { ...killWork, pass: 3, cursor: undefined, unfinished: 0, clean: false, nextAtMs: 43 } },
    ],
    [
      'a clean pass of a kill on',
      { ...BASE, killWork },
      { type: 'KillPassDone', nextAtMs: at(43), clean: true },
      { killWork: { ...killWork, pass: 3, cursor: undefined, unfinished: 0, clean: true, nextAtMs: 43 } },
    ],
    [
      'to be let live',
      { ...BASE, killed },
      { type: 'LiftRequested', by: who.id, reason: 'ok', atMs: at(44) },
      { killed, killWork: { phase: 'unlist', pass: 1, nextAtMs: 44 } },
    ],
    [
      'let live',
      { ...BASE, killed },
      { type: 'KillLifted', atMs: at(45) },
      { killed: undefined, killWork: { phase: 'resume', pass: 1, nextAtMs: 45 } },
    ],
    ['done with', { ...BASE, killed, killWork }, { type: 'KillCompleted', atMs: at(46) }, { killed, killWork: undefined }],
    ['restored', { ...BASE, killWork }, { type: 'OwnerRestored', atMs: at(46) }, { killWork: undefined }],
  ])('%s', (_name, before, event, expected) => expect(evolveOwner(before, event)).toMatchObject(expected));

  it.each<readonly [OwnerEvent, Owner | undefined, string]>([
    [{ type: 'OwnerRegistered', ...who }, BASE, 'history: OwnerRegistered on an owner who exists'],
    [{ type: 'OwnerReviewed', atMs: at(1) }, undefined, 'history: OwnerReviewed before OwnerRegistered'],
    [{ type: 'OwnerReviewed', atMs: at(1) }, BASE, 'history: a pass without a review'],
    [{ type: 'OffboardingPassDone', nextAtMs: at(1) }, BASE, 'history: a pass without an offboarding'],
    [{ type: 'KillPassDone', nextAtMs: at(1) }, BASE, 'history: a pass without a kill'],
    [{ type: 'Other' } as unknown as OwnerEvent, BASE, 'unreachable case in evolveOwner'],
  ])('can’t be: %o', (event, before, why) => expect(() => evolveOwner(before, event)).toThrow(why));
});

describe('what an owner’s record wants', () => {
  const admitted: Admission = { is: 'admitted' };
  it.each<readonly [string, Owner, object, number | undefined]>([
    ['nothing', BASE, { do: 'rest' }, undefined],
    ['a leave, when its day has come', { ...leaving, leaveAtMs: at(50) }, { do: 'leave' }, 50],
    ['nothing before that day', leaving, { do: 'wait', untilMs: 100 }, 100],
    ['the guard, for a leave', { ...BASE, offboarding: offboarding() }, { do: 'admit', of: 'leave' }, 50],
    ['the guard, for a move', { ...BASE, review: review() }, { do: 'admit', of: 'move' }, 50],
    ['a release', { ...BASE, review: review({ admission: held }) }, { do: 'ask-release', of: 'move', held }, 50],
    ['a page', { ...BASE, offboarding: offboarding({ admission: admitted }) }, { do: 'offboard' }, 50],
    ['a review', { ...BASE, review: review({ admission: admitted }) }, { do: 'review' }, 50],
    [
      'nothing where it is only observed',
      {
        ...BASE,
        review: review({ admission: { is: 'observed', under: 'd' } }),
        offboarding: offboarding({ admission: { is: 'observed', under: 'd' } }),
      },
      { do: 'rest' },
      undefined,
    ],
    [
      'first what is not held',
      { ...BASE, offboarding: offboarding({ admission: held }), review: review() },
      { do: 'admit', of: 'move' },
      50,
    ],
    ['a kill before all', { ...leaving, leaveAtMs: at(1), killWork }, { do: 'deny', work: killWork }, 50],
    [
      'whatever is next',
      { ...BASE, offboarding: offboarding({ nextAtMs: at(90) }), review: review({ nextAtMs: at(80) }) },
      { do: 'wait', untilMs: 80 },
      80,
    ],
  ])('%s', (_name, state, step, dueAt) => {
    expect(nextOwnerStep(state, at(50))).toMatchObject(step);
    expect(ownerDueAtMs(state, at(50))).toBe(dueAt);
  });

  it.each([
    ['not leaving', { ...BASE, leaveAtMs: at(1) } as Owner, 50],
    ['too early', leaving, 99],
  ])('a leave is refused: %s', (_name, state, nowMs) => {
    expect(decideLeave(state, at(nowMs))).toEqual({ ok: false, why: 'nothing-to-do' });
  });
  it('a leave happens on its day', () =>
    expect(decideLeave(leaving, at(100))).toMatchObject({
      ok: true,
      events: [{ type: 'OwnerLeft', occurredAtMs: 100, receivedAtMs: 100 }],
    }));

  it.each([
    [1, 10],
    [4, 10],
    [5, 20],
    [18, 150],
    [99, 150],
  ])('after pass %i it waits %i ms', (pass, ms) => expect(passPauseMs(pass, 10)).toBe(ms));

  it('a page without anything under way is nothing', () => {
    const nothing = { ok: false, why: 'nothing-to-do' };
    expect(decidePage(BASE, { tally: TALLY, nextCursor: undefined }, at(1), timing)).toEqual(nothing);
    expect(decideReviewPage(BASE, { ended: 0, nextCursor: undefined }, at(1), timing)).toEqual(nothing);
  });

  it('closes at the time of the last that was completed, and where nothing was held, now', () => {
    const state = { ...BASE, offboarding: offboarding() };
    const closed = (tally: object) => decidePage(state, { tally: { ...TALLY, ...tally }, nextCursor: undefined }, at(500), timing);
    expect(closed({ cutOffAtMs: 3, completeAtMs: 4 })).toMatchObject({ events: [{ convergence: { cutOffAtMs: 3, completeAtMs: 4 } }] });
    expect(closed({})).toMatchObject({ events: [{ convergence: { cutOffAtMs: 20, completeAtMs: 500 } }] });
  });
});

describe('facts at the edge', () => {
  const fact = (change: Partial<OwnerFact>): OwnerFact => ({
    ...{ id: 'f', source: 'hr', subject: '1', type: 'Joined', cause: 'normal', sequence: 6, attributes: other },
    ...{ occurredAtMs: at(10), effectiveAtMs: at(10), ...change },
  });
  const eventsOf = (state: Owner | undefined, change: Partial<OwnerFact>) => {
    const decision = decideFact(state, fact(change), { id: who.id, key: who.key }, at(100), 1_005);
    return decision.ok ? decision.events.map(({ type }) => type) : decision.why;
  };
  const left: Owner = { ...BASE, status: 'left', epoch: 5 };
  it.each<readonly [string, Owner | undefined, Partial<OwnerFact>, string | readonly string[]]>([
    ['of the same sequence as the attributes', BASE, { type: 'Moved', sequence: 5 }, []],
    ['of the same sequence as the status', BASE, { type: 'Returned', sequence: 5 }, []],
    ['a leave of the same sequence as the status', { ...BASE, epoch: 5 }, { type: 'Left', sequence: 5 }, []],
    ['a leave before the last one', left, { type: 'Left', sequence: 4 }, []],
    ['a leave before the one that is known, of somebody who left', { ...left, epoch: 3 }, { type: 'Left', sequence: 4 }, []],
    ['a leave before the return', { ...BASE, epoch: 3 }, { type: 'Left', sequence: 4 }, ['OwnerLeft']],
    ['the same for a day to come', { ...BASE, epoch: 3 }, { type: 'Left', sequence: 4, effectiveAtMs: at(101) }, []],
    ['a leave of this moment', BASE, { type: 'Left', effectiveAtMs: at(100) }, ['OwnerLeft']],
    ['a leave of the next', BASE, { type: 'Left', effectiveAtMs: at(101) }, ['OwnerLeaveScheduled']],
    ['a leave of somebody nobody told of', undefined, { type: 'Left' }, ['OwnerRegistered', 'OwnerLeft']],
    ['as far ahead as a clock may be', BASE, { occurredAtMs: at(300_100) }, ['OwnerJoined']],
    ['further ahead', BASE, { occurredAtMs: at(300_101) }, 'from-the-future'],
    ['as far as a sequence may be', BASE, { sequence: 1_005 }, ['OwnerJoined']],
    ['further', BASE, { sequence: 1_006 }, 'sequence-jump'],
  ])('%s', (_name, state, change, expected) => expect(eventsOf(state, change)).toEqual(expected));
});

describe('what a pass takes for done', () => {
  const from = { id: who.id, key: who.key, epoch: 0 };
  const stranger = { id: 'own_2' as OwnerId, key: 'k2' as OwnerKey, epoch: 0 };
  const succession = { from, cutOffAtMs: at(3), atMs: at(4) };
  const ends = { atMs: at(9), cause: 'owner-left' };
  const counted = (change: object) => tallied(TALLY, who.id, 7, [{ ...active().state, holder: from, ...change } as Credential]);
  it.each<readonly [string, object, object]>([
    ['what is active', {}, { credentials: 1, unfinished: 1 }],
    ['of a later life', { holder: { ...from, epoch: 7 } }, { credentials: 0, unfinished: 0 }],
    ['of somebody else', { holder: stranger }, { credentials: 0, unfinished: 0 }],
    ['passed on', { holder: stranger, succession }, { credentials: 1, unfinished: 0, cutOffAtMs: 3, completeAtMs: 4 }],
    ['come back to them by a succession', { succession: { ...succession, from: stranger } }, { credentials: 1, unfinished: 1 }],
    ['revoked', { status: 'revoked', receipt: { cutOffAtMs: 5, absentAtMs: 6 } }, { unfinished: 0, cutOffAtMs: 5, completeAtMs: 6 }],
    ['suspended with an end', { status: 'suspended', ends, deniedAtMs: at(7) }, { unfinished: 0, cutOffAtMs: 7, completeAtMs: 7 }],
    ['suspended without one', { status: 'suspended', deniedAtMs: at(7) }, { unfinished: 1 }],
    ['suspended, and not denied yet', { status: 'suspended', ends, denyAtMs: at(8) }, { unfinished: 1 }],
    ['suspended, and to be denied again', { status: 'suspended', ends, deniedAtMs: at(7), denyAtMs: at(8) }, { unfinished: 1 }],
    ['suspended, and being resumed', { status: 'suspended', ends, deniedAtMs: at(7), liftAtMs: at(9) }, { unfinished: 1 }],
    ['denied, and not suspended', { status: 'revoking', ends, deniedAtMs: at(7) }, { unfinished: 1 }],
  ])('%s', (_name, change, expected) => expect(counted(change)).toMatchObject(expected));
});
