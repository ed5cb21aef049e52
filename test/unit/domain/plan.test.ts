import { describe, expect, it } from 'vitest';
import { dueAtMs, isPastDeadline, nextStep } from '../../../lib/domain/credential/next-step.ts';
import { REVEAL_WITHIN_MS } from '../../../lib/domain/timing.ts';
import {
  active,
  at,
  attempt,
  command,
  denied,
  done,
  gone,
  grant,
  handOver,
  holder,
  key,
  later,
  outcome,
  requested,
  revoking,
  rotation,
  type Story,
  start,
  suspended,
  timing,
  wants,
  withSecret,
} from './given.ts';

const SETTLED_MS = timing.leaseMs + timing.settleMs;
const NEVER_MS = Date.parse('9999-12-31T23:59:59Z');
const plan = ({ state, nowMs }: Story) => nextStep(state, nowMs);
const dueForRotation = later(active(), rotation.everyMs);

describe('the alarm', () => {
  it.each<[string, Story, number, boolean]>([
    ['what is provisioned in time', requested(), 1_000 + timing.provisionWithinMs, false],
    ['what is not', requested(), 1_000 + timing.provisionWithinMs + 1, true],
    ['what is revoked in time', revoking(active()), revoking(active()).nowMs + timing.revokeWithinMs, false],
    ['what is not revoked in time', revoking(active()), revoking(active()).nowMs + timing.revokeWithinMs + 1, true],
    ['what lives, however long', active(), NEVER_MS, false],
    ['what is suspended', suspended(), NEVER_MS, false],
    ['what is gone', gone(revoking(active())), NEVER_MS, false],
  ])('of %s', (_what, { state }, nowMs, expected) => expect(isPastDeadline(state, at(nowMs))).toBe(expected));
});

describe('a provisioning', () => {
  it('is given up at its deadline, which no wait goes beyond', () => {
    const late = { ...withSecret(requested()), nowMs: at(1_000 + timing.provisionWithinMs - 1) };
    expect(plan(start(late, 'create-version'))).toEqual({ do: 'wait', untilMs: 1_000 + timing.provisionWithinMs });
    expect(plan(later(late, 1))).toEqual({ do: 'give-up', cause: 'gave-up' });
  });

  it('lets nobody read while a call that closes the secret to all may still land', () => {
    const account = done(requested(), 'ensure-account', { of: 'ensure-account' });
    const lost = start(account, 'ensure-secret'); // the answer never comes
    const again = done(later(lost, timing.leaseMs), 'ensure-secret', { of: 'ensure-secret' });
    const made = outcome(start(again, 'create-version'), { of: 'create-key', attempt: attempt(1), keyId: key(1) });
    const stored = later(outcome(made, { of: 'store', attempt: attempt(1) }), 4_000);
    const verified = done(stored, 'verify', { of: 'verify', attempt: attempt(1), usable: true });
    const promoted = done(verified, 'promote', { of: 'promote', attempt: attempt(1) });
    expect(plan(promoted)).toEqual({ do: 'wait', untilMs: lost.nowMs + SETTLED_MS });
    expect(wants({ ...promoted, nowMs: at(lost.nowMs + SETTLED_MS) })).toBe('share');
  });
});

describe('a rotation whose answer is lost', () => {
  const lost = start(dueForRotation, 'create-version', 2);

  it('is looked after when it can land no more', () => {
    expect(plan(later(lost, timing.leaseMs))).toEqual({ do: 'wait', untilMs: lost.nowMs + SETTLED_MS });
    expect(plan(later(lost, SETTLED_MS - 1))).toEqual({ do: 'wait', untilMs: lost.nowMs + SETTLED_MS });
    expect(plan(later(lost, SETTLED_MS))).toEqual({ do: 'recover' });
  });

  it('begins anew only after the second look', () => {
    const looked = done(later(lost, SETTLED_MS), 'recover', { of: 'recover', keyIds: [key(1)], stored: [] });
    expect(plan(looked)).toEqual({ do: 'wait', untilMs: looked.nowMs + timing.settleMs });
    const twice = done(later(looked, timing.settleMs), 'recover', { of: 'recover', keyIds: [key(1)], stored: [] });
    expect(wants(twice)).toBe('create-version');
  });

  it('of a token is made again under its attempt', () => {
    const token = { ...lost, state: { ...lost.state, grant: { ...grant, connector: 'api-token' } as const } };
    expect(plan(later(token, timing.leaseMs))).toEqual({ do: 'create-version', attempt: attempt(2) });
  });
});

describe('of two deadlines', () => {
  const both = (approveWithinMs: number): Story => {
    const asked = command(active(), {
      type: 'require-approval',
      withinMs: approveWithinMs,
      ifHeldBy: { ownerId: holder.id, epochBelow: 1 },
    });
    const replacing = command(asked, { type: 'replace' });
    return later(start(replacing, 'create-version', 2), timing.leaseMs); // and nobody goes on
  };
  it.each<[string, number, number, ReturnType<typeof nextStep>]>([
    ['the approval', 600_000, 600_000, { do: 'give-up', cause: 'owner-moved' }],
    ['the replacement', 1_200_000, timing.revokeWithinMs, { do: 'suspend', why: 'not-replaced', regretMs: undefined }],
  ])('the sooner counts: %s', (_which, approveWithinMs, afterMs, step) => {
    const story = both(approveWithinMs);
    const beganAtMs = story.nowMs - timing.leaseMs;
    expect(nextStep(story.state, at(beganAtMs + afterMs))).toEqual(step);
    expect(nextStep(story.state, at(beganAtMs + afterMs - 1)).do).not.toBe(step.do);
  });
});

describe('a suspension', () => {
  it('that is being lifted does not end meanwhile', () => {
    const ends = { atMs: at(900_000), cause: 'owner-left' } as const;
    const story = denied(command(active(), { type: 'suspend', why: 'requested', ends }));
    const lifting = command({ ...story, nowMs: at(899_000) }, { type: 'resume', holder });
    expect(plan(later(lifting, SETTLED_MS))).toEqual({ do: 'lift' });
  });

  it('that is to be denied once more waits for just that', () => {
    const lifting = command(suspended(), { type: 'resume', holder });
    const out = start(later(lifting, SETTLED_MS), 'lift');
    const anew = denied(command(later(out, timing.leaseMs), { type: 'suspend', why: 'requested' }));
    expect(plan(anew)).toEqual({ do: 'wait', untilMs: out.nowMs + SETTLED_MS });
    expect(plan(later(anew, timing.settleMs))).toEqual({ do: 'deny' });
  });

  it('is lifted when its time has come, though a second look is owed a little later', () => {
    const lost = command(start(dueForRotation, 'create-version', 2), { type: 'suspend', why: 'requested' });
    const lifting = command(denied(lost), { type: 'resume', holder });
    const looked = done(later(lifting, SETTLED_MS), 'recover', { of: 'recover', keyIds: [key(1)], stored: [] });
    expect(plan(looked)).toEqual({ do: 'lift' });
  });

  it('looks first where that is due before the lift', () => {
    const lifting = command(denied(command(command(active(), { type: 'look' }), { type: 'suspend', why: 'requested' })), {
      type: 'resume',
      holder,
    });
    expect(plan(lifting)).toEqual({ do: 'recover' });
  });
});

describe('a removal whose answer is lost', () => {
  it('is repeated when the first can land no more, and its success seen twice', () => {
    const before = (
      [
        ['disable-all', { of: 'disable-all', keyIds: [key(1)] }],
        ['withdraw-secret', { of: 'withdraw-secret' }],
      ] as const
    ).reduce<Story>((story, [step, found]) => done(story, step, found), denied(revoking(active())));
    const lost = start(before, 'remove-account');
    expect(plan(later(lost, timing.leaseMs))).toEqual({ do: 'wait', untilMs: lost.nowMs + SETTLED_MS });
    const again = done(later(lost, SETTLED_MS), 'remove-account', { of: 'remove-account', removed: true });
    expect(plan(again)).toEqual({ do: 'confirm-absence' });
    const seen = done(again, 'confirm-absence', { of: 'confirm-absence', absent: true }); // and once more, since an answer was lost
    expect(plan(seen)).toEqual({ do: 'wait', untilMs: seen.nowMs + timing.settleMs });
    expect(plan(later(seen, timing.settleMs))).toEqual({ do: 'confirm-absence' });
  });
});

describe('a handover', () => {
  it('whose heir is lost after the tag was moved is tagged back', () => {
    const replaced = later(done(start2(command(active(), handOver())), 'promote', { of: 'promote', attempt: attempt(2) }), 60_000);
    const cut = done(replaced, 'disable-version', { of: 'disable-version', keyId: key(1) });
    expect(wants(cut)).toBe('retag');
    const lost = command(done(cut, 'retag', { of: 'retag', ownerId: handOver().to.id }), { type: 'heir-lost' });
    expect(plan(lost)).toEqual({ do: 'retag', to: holder });
  });
});

describe('a token that is shown once', () => {
  const once = { ...grant, connector: 'api-token', token: { scopes: [], outlivesLeave: false, delivery: 'once' } } as const;
  const asked = command({ ...active(), state: { ...active().state, grant: once } }, { type: 'rotate' });
  it.each([
    ['is made while somebody waits for it', REVEAL_WITHIN_MS - 1, 'create-version'],
    ['is not made once nobody does any more', REVEAL_WITHIN_MS, 'wait'],
  ])('%s', (_what, ms, step) => expect(wants(later(asked, ms))).toBe(step));
  it('is in the index all the same', () => expect(dueAtMs(asked.state, at(asked.nowMs + REVEAL_WITHIN_MS))).toBe(NEVER_MS));
});

/** A second key, made, stored and seen to work. */
function start2(story: Story): Story {
  const made = outcome(start(story, 'create-version', 2), { of: 'create-key', attempt: attempt(2), keyId: key(2) });
  const stored = later(outcome(made, { of: 'store', attempt: attempt(2) }), 4_000);
  return done(stored, 'verify', { of: 'verify', attempt: attempt(2), usable: true });
}
