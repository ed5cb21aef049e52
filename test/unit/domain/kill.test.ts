import { describe, expect, it } from 'vitest';
import type { Credential } from '../../../lib/domain/credential/state.ts';
import { decideKill, decideKillPage, decideLift, decideUnlisted, killWants, liftWants } from '../../../lib/domain/owner/kill.ts';
import type { Owner } from '../../../lib/domain/owner/state.ts';
import { retryBackoffMs } from '../../../lib/domain/timing.ts';
import type { OwnerId, OwnerKey } from '../../../lib/domain/types.ts';
import { active, at, command, denied, done, gone, heir, holder, requested, revoking, type Story, suspended, timing } from './given.ts';

const NOW = at(9_000);
const [guard, chief] = ['own_8', 'own_9'] as OwnerId[] as [OwnerId, OwnerId];
const alive: Owner = {
  ...{ id: holder.id, key: 'k1' as OwnerKey, source: 'hr', subject: '1', attributes: { email: 'a@example.com', roles: [] } },
  ...{ status: 'active', sequence: 5, statusSequence: 5, epoch: 0 },
  ...{ offboarding: undefined, converged: undefined, review: undefined, reviewed: undefined, killed: undefined, killWork: undefined },
};
const killedAtMs = at(7_000);
const dead: Owner = { ...alive, killed: { atMs: killedAtMs, by: guard, reason: 'leak', confirmed: true } };
const unconfirmed: Owner = { ...alive, killed: { atMs: killedAtMs, by: guard, reason: 'leak', confirmed: false } };
const working = (phase: 'deny' | 'resume', change: object = {}): Owner => ({
  ...dead,
  killWork: { phase, pass: 5, cursor: 'c', unfinished: 2, clean: false, nextAtMs: at(0), ...change },
});
const unlisting: Owner = { ...dead, killWork: { ...working('deny').killWork, phase: 'unlist' } as Owner['killWork'] };
const became = (decision: ReturnType<typeof decideKill> | ReturnType<typeof decideKillPage>) =>
  decision.ok ? decision.events : decision.why;

describe('an owner', () => {
  const order = { reason: 'laptop stolen', confirmed: false };
  const kills = (by: OwnerId) => [{ type: 'OwnerKilled', ...order, by, atMs: NOW }];
  it.each<[string, Owner, OwnerId, unknown]>([
    ['who lives is killed', alive, guard, kills(guard)],
    ['who left is killed as well', { ...alive, status: 'left' }, guard, kills(guard)],
    ['whose kill is being lifted is killed anew', unlisting, chief, kills(chief)],
    ['whose kill nobody confirmed yet is, by somebody else', unconfirmed, chief, [{ type: 'KillConfirmed', by: chief, atMs: NOW }]],
    ['whose kill nobody confirmed yet is not, by who ordered it', unconfirmed, guard, 'already-killed'],
    ['who is killed is so', dead, chief, 'already-killed'],
    ['whose kill goes on is so', working('deny'), chief, 'already-killed'],
  ])('%s', (_what, owner, by, expected) => expect(became(decideKill(owner, { by, ...order }, NOW))).toEqual(expected));

  it.each<[string, Owner, unknown]>([
    ['who lives has no kill to lift', alive, 'not-killed'],
    ['who is killed may have it lifted', dead, [{ type: 'LiftRequested', by: chief, reason: 'found', atMs: NOW }]],
    ['whose kill goes on may too', working('deny'), [{ type: 'LiftRequested', by: chief, reason: 'found', atMs: NOW }]],
    ['whose kill is being lifted need not be asked for twice', unlisting, []],
  ])('%s', (_what, owner, expected) => expect(became(decideLift(owner, { by: chief, reason: 'found' }, NOW))).toEqual(expected));

  it.each<[string, Owner, boolean, unknown]>([
    ['is lifted once the provider denies them no longer', unlisting, true, [{ type: 'KillLifted', atMs: NOW }]],
    ['is asked after again while it does', unlisting, false, [{ type: 'KillPassDone', nextAtMs: NOW + retryBackoffMs(5, holder.id) }]],
    ['is not lifted without being asked for', working('deny'), true, 'nothing-to-do'],
    ['is not lifted where there is none', alive, true, 'nothing-to-do'],
  ])('’s kill %s', (_what, owner, isOff, expected) => expect(became(decideUnlisted(owner, isOff, NOW))).toEqual(expected));
});

describe('after a page of what a killed owner holds', () => {
  const again = (ms: number, more: object = {}) => [{ type: 'KillPassDone', nextAtMs: NOW + ms, ...more }];
  const none = { unfinished: 0 };
  it.each<[string, Owner, { unfinished: number; nextCursor?: string }, unknown]>([
    [
      'the next one, with what is unfinished so far',
      working('deny'),
      { unfinished: 3, nextCursor: 'd' },
      [{ type: 'KillPageDone', cursor: 'd', unfinished: 5, atMs: NOW }],
    ],
    ['another pass, where an earlier page left something', working('deny'), none, again(2 * timing.passGapMs)],
    ['another pass, where this one did', working('deny', none), { unfinished: 1 }, again(2 * timing.passGapMs)],
    ['a second look, where nothing is left', working('deny', none), none, again(timing.settleMs, { clean: true })],
    ['the end, where that found nothing either', working('deny', { ...none, clean: true }), none, [{ type: 'KillCompleted', atMs: NOW }]],
    ['the end of a lifting', working('resume', { ...none, clean: true }), none, [{ type: 'OwnerRestored', atMs: NOW }]],
    ['nothing, where the list is shortened first', unlisting, none, 'nothing-to-do'],
    ['nothing, where there is no kill', alive, none, 'nothing-to-do'],
  ])('comes %s', (_what, owner, { unfinished, nextCursor }, expected) =>
    expect(became(decideKillPage(owner, { unfinished, nextCursor }, NOW, timing))).toEqual(expected),
  );
});

const kill = { type: 'kill', killedAtMs, ifHeldBy: { ownerId: holder.id, epochBelow: 1 } } as const;
const resume = { type: 'resume', holder } as const;
const having = (story: Story, change: object): Credential => ({ ...story.state, ...change }) as Credential;
const ordered = command(active(), kill);
const ending = revoking(active());

describe('a kill wants', () => {
  it.each<[string, string, Owner, Credential]>([
    ['an order', 'of what is being made', dead, requested().state],
    ['an order', 'of what is active', dead, active().state],
    ['an order', 'of what is suspended for another reason', dead, suspended().state],
    ['an order', 'of what an earlier kill denied', dead, having(denied(ordered), { killedAtMs: at(6_999) })],
    ['an order', 'of what is being lifted', dead, command(denied(ordered), resume).state],
    ['patience', 'with a deny that is not confirmed', dead, ordered.state],
    ['patience', 'with one that has to be repeated', dead, having(denied(ordered), { denyAtMs: NOW })],
    ['patience', 'with what is not cut off yet', dead, ending.state],
    ['nothing', 'of what carries its own deny', dead, denied(ordered).state],
    ['nothing', 'of what is cut off', dead, done(denied(ending), 'disable-all', { of: 'disable-all', keyIds: [] }).state],
    ['nothing', 'of what is gone', dead, gone(ending).state],
    ['nothing', 'of what is somebody else’s by now', dead, having(active(), { holder: heir })],
    ['nothing', 'once it is lifted', alive, active().state],
  ])('%s %s', (wanted, _of, owner, credential) =>
    expect(killWants(owner, credential)).toBe({ 'an order': 'order', patience: 'wait', nothing: 'nothing' }[wanted]),
  );
});

describe('a lifted kill', () => {
  it.each<[string, boolean, Owner, Credential]>([
    ['gives back what it suspended', true, alive, denied(ordered).state],
    ['and nothing of who left meanwhile', false, { ...alive, status: 'left' }, denied(ordered).state],
    ['of an earlier life', false, { ...alive, epoch: 3 }, denied(ordered).state],
    ['of somebody else', false, alive, having(denied(ordered), { holder: heir })],
    ['that was suspended before', false, alive, command(suspended(), kill).state],
    ['that ends', false, alive, having(denied(ordered), { ends: { atMs: NOW, cause: 'owner-left' } })],
    ['that is being given back', false, alive, command(denied(ordered), resume).state],
    ['that is active', false, alive, active().state],
    ['that is revoked', false, alive, ending.state],
  ])('%s: %s', (_what, expected, owner, credential) => expect(liftWants(owner, credential)).toBe(expected));
});
