import { describe, expect, it } from 'vitest';
import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import { evolve } from '../../../lib/domain/credential/evolve.ts';
import { dueAtMs, nextStep } from '../../../lib/domain/credential/next-step.ts';
import { decideOutcome } from '../../../lib/domain/credential/outcome.ts';
import { retryBackoffMs } from '../../../lib/domain/timing.ts';
import {
  active,
  at,
  attempt,
  command,
  cutOff,
  denied,
  done,
  gone,
  handOver,
  heir,
  holder,
  key,
  later,
  outcome,
  phases,
  promoted,
  requested,
  resumed,
  retired,
  revoking,
  rotated,
  rotation,
  type Story,
  start,
  suspended,
  timing,
  wants,
} from './given.ts';

const SETTLED_MS = timing.leaseMs + timing.settleMs;
const suspend = { type: 'suspend', why: 'requested' } as const;
const resume = { type: 'resume', holder } as const;
const waitsUntil = ({ state, nowMs }: Story, untilMs: number): void => expect(nextStep(state, nowMs)).toEqual({ do: 'wait', untilMs });

describe('a suspension', () => {
  it('denies at once, though somebody holds a lease, and then does nothing', () => {
    const held = command(start(later(active(), rotation.everyMs), 'create-version', 2), suspend);
    expect(wants(held)).toBe('deny');
    const quiet = suspended();
    expect(quiet.state).toMatchObject({ why: 'requested', sinceMs: 5_000, deniedAtMs: 5_000, denyAtMs: undefined, liftAtMs: undefined });
    expect(wants(quiet)).toBe('wait');
    expect(dueAtMs(quiet.state, quiet.nowMs)).toBeGreaterThan(Date.parse('9999-01-01')); // found by sweeps and lists, as it is not at rest
  });

  it('believes only a deny that began after it was wanted', () => {
    const story = command(active(), suspend);
    const early = { of: 'deny', startedAtMs: at(story.nowMs - 1) } as const;
    expect(decideOutcome(story.state, 0, early, story.nowMs, timing)).toEqual({ ok: true, events: [] });
    expect(evolve(story.state, { type: 'AccessDenied', startedAtMs: at(story.nowMs - 1), atMs: story.nowMs })).toBe(story.state);
    expect(outcome(story, { of: 'deny', startedAtMs: story.nowMs }).state).toMatchObject({ deniedAtMs: story.nowMs });
  });

  it('is denied again later where that was refused, and by nothing else held up', () => {
    const story = command(active(), suspend);
    const refused = outcome(story, { of: 'refused', step: 'deny', code: 'provider-throttled' });
    waitsUntil(refused, story.nowMs + retryBackoffMs(1, story.state.id));
    expect(wants(later(refused, 2_000))).toBe('deny');
    expect(denied(later(refused, 2_000)).state.blocked).toBeUndefined();
    const begun = outcome(start(later(active(), rotation.everyMs), 'create-version', 2), {
      of: 'refused',
      step: 'create-version',
      code: 'x',
    });
    expect(wants(command(begun, suspend))).toBe('deny');
  });

  it.each([
    ['an answer that is missing', start(later(active(), rotation.everyMs), 'create-version', 2), SETTLED_MS, 'recover'],
    ['a key that is to be deleted', doomed(), 0, 'delete-version'],
    ['a look that is owed', command(active(), { type: 'look' }), 0, 'recover'],
  ] as const)('sees to %s', (_what, before, afterMs, step) => {
    const story = denied(command(before, suspend));
    if (afterMs) waitsUntil(later(story, timing.leaseMs), story.nowMs + afterMs);
    expect(wants(later(story, afterMs))).toBe(step);
  });

  it('leaves a rotation where it is, and goes on with it when it is lifted', () => {
    const verified = stored2();
    const story = denied(command(verified, suspend));
    expect(wants(later(story, 600_000))).toBe('wait');
    expect(wants(resumed(story))).toBe('verify');
  });

  it('ends by itself where it has an end, unless it is being lifted', () => {
    const ends = { atMs: at(900_000), cause: 'owner-left' } as const;
    const story = denied(command(active(), { ...suspend, ends }));
    waitsUntil(story, 900_000);
    expect(nextStep(story.state, at(900_000))).toEqual({ do: 'give-up', cause: 'owner-left' });
    const lifting = command({ ...story, nowMs: at(890_000) }, resume);
    waitsUntil(lifting, 890_000 + SETTLED_MS);
  });

  it('keeps its beginning and its first deny when it is brought forward, and begins anew after a resumption', () => {
    const sooner = command(later(suspended(), 60_000), { ...suspend, ends: { atMs: at(900_000), cause: 'owner-left' } });
    expect(sooner.state).toMatchObject({ sinceMs: 5_000, deniedAtMs: 5_000, denyAtMs: 65_000 });
    const anew = command(command(later(suspended(), 60_000), resume), suspend);
    expect(anew.state).toMatchObject({ sinceMs: 65_000, deniedAtMs: undefined, denyAtMs: 65_000, liftAtMs: undefined });
  });
});

describe('a resumption', () => {
  const lifting = command(suspended(), resume);
  it('takes the deny off when none that was begun can land any more, and only then is the credential active', () => {
    expect(lifting.state).toMatchObject({ status: 'suspended', liftAtMs: lifting.nowMs + SETTLED_MS });
    waitsUntil(lifting, lifting.nowMs + SETTLED_MS);
    expect(wants(later(lifting, SETTLED_MS))).toBe('lift');
    expect(resumed(suspended()).state).toMatchObject({ status: 'active', replacement: undefined, holder });
    expect(resumed(suspended()).state).not.toHaveProperty('liftAtMs');
  });

  it('a deny that comes in meanwhile changes nothing', () => {
    expect(decideOutcome(lifting.state, 0, { of: 'deny', startedAtMs: lifting.nowMs }, lifting.nowMs, timing)).toEqual({
      ok: true,
      events: [],
    });
    expect(evolve(lifting.state, { type: 'AccessDenied', startedAtMs: lifting.nowMs, atMs: lifting.nowMs })).toBe(lifting.state);
  });

  it('that was taken back does not take effect late, and is denied again when its removal can land no more', () => {
    const out = start(later(lifting, SETTLED_MS), 'lift');
    const anew = denied(command(out, suspend));
    expect(anew.state).toMatchObject({ denyAtMs: out.nowMs + SETTLED_MS });
    const late = outcome(anew, { of: 'lift' });
    expect(late.state).toMatchObject({ status: 'suspended', lease: undefined });
    expect(wants(later(late, SETTLED_MS - 1))).toBe('wait');
    expect(wants(later(late, SETTLED_MS))).toBe('deny');
    const sure = denied(later(late, SETTLED_MS));
    expect(sure.state).toMatchObject({ denyAtMs: undefined, deniedAtMs: anew.nowMs });
  });

  it('of one under another lease resumes nothing', () => {
    const out = start(later(lifting, SETTLED_MS), 'lift');
    const again = start(later(out, timing.leaseMs), 'lift');
    const stale: CredentialEvent = { type: 'SuspensionLifted', fence: out.state.fence, checkAtMs: at(0) };
    expect(evolve(again.state, stale)).toMatchObject({ status: 'suspended' });
    expect(evolve(again.state, { ...stale, fence: again.state.fence })).toMatchObject({ status: 'active' });
  });

  it('gives an old key its overlap and its evidence anew', () => {
    const story = resumed(denied(command(rotated(active()), suspend)));
    const checkAtMs = story.nowMs + rotation.overlapMs + timing.usageLagMs;
    expect(story.state.versions[0]).toMatchObject({
      phase: 'retiring',
      checkAtMs,
      hardLimitAtMs: rotated(active()).nowMs + rotation.hardLimitMs,
    });
  });

  it('goes on with a replacement, in the time that is left or at least an overlap', () => {
    const story = resumed(denied(command(command(active(), { type: 'replace' }), suspend)));
    expect(story.state).toMatchObject({
      replacement: { known: [attempt(1)], deadlineMs: story.nowMs + rotation.overlapMs + timing.usageLagMs },
    });
    expect(wants(story)).toBe('create-version');
  });

  it('after a handover was broken off replaces the keys nevertheless, and passes nothing on', () => {
    const story = resumed(denied(command(command(active(), handOver()), suspend)));
    expect(story.state).toMatchObject({ holder, replacement: { known: [attempt(1)], heir: undefined, cutOffAtMs: undefined } });
    expect(wants(story)).toBe('create-version');
  });

  it('of a credential that a handover was broken off on tags it back before it is lifted', () => {
    const tagging = done(cutOff(), 'retag', { of: 'retag', ownerId: heir.id });
    const story = denied(command(tagging, suspend));
    expect(nextStep(story.state, story.nowMs)).toEqual({ do: 'retag', to: holder });
    const tagged = done(story, 'retag', { of: 'retag', ownerId: holder.id });
    expect(wants(tagged)).toBe('wait');
    expect(tagged.state).toMatchObject({ replacement: undefined, holder });
  });

  it('waits with the tag while one that was sent before may land', () => {
    const out = start(cutOff(), 'retag');
    const story = denied(command(later(out, timing.leaseMs), suspend));
    waitsUntil(story, out.nowMs + SETTLED_MS);
    expect(wants(later(story, timing.settleMs))).toBe('retag');
  });
});

describe('undo', () => {
  const regretting = later(retired(rotated(active())), SETTLED_MS);
  const asked = command(regretting, { type: 'undo' });
  it('enables the key, which then retires as before', () => {
    expect(nextStep(asked.state, asked.nowMs)).toEqual({ do: 'enable-version', keyId: key(1) });
    const back = done(asked, 'enable-version', { of: 'enable-version', keyId: key(1), there: true });
    expect(phases(back)).toEqual(['1 retiring', '2 current']);
    expect(back.state.versions[0]).toMatchObject({
      checkAtMs: back.nowMs + rotation.overlapMs,
      hardLimitAtMs: back.nowMs + rotation.hardLimitMs,
      allowed: false,
    });
  });
  it('finds that the key is gone', () =>
    expect(phases(done(asked, 'enable-version', { of: 'enable-version', keyId: key(1), there: false }))).toEqual(['2 current']));
  it('of two enables the one that was disabled last', () => {
    const [first] = regretting.state.versions;
    const later_ = first?.phase === 'disabled' ? { ...first, attempt: attempt(3), keyId: key(3) } : undefined;
    const two = { ...regretting, state: { ...regretting.state, versions: [...regretting.state.versions, ...(later_ ? [later_] : [])] } };
    expect(phases(command(two, { type: 'undo' }))).toEqual(['1 disabled', '2 current', '3 restoring']);
  });
  it('enables at once, and once more when a disabling without an answer can land no more', () => {
    const due = later(rotated(active()), rotation.overlapMs);
    const allowed = done(due, 'check-use', { of: 'check-use', keyId: key(1), oldUsedAtMs: undefined, newUsedAtMs: due.nowMs });
    const lost = outcome(start(allowed, 'disable-version'), {
      of: 'refused',
      step: 'disable-version',
      code: 'provider-unknown: UpdateAccessKey',
    });
    const wanted = command(done(later(lost, 2_000), 'disable-version', { of: 'disable-version', keyId: key(1) }), { type: 'undo' });
    const once = done(wanted, 'enable-version', { of: 'enable-version', keyId: key(1), there: true });
    expect(phases(once)).toEqual(['1 restoring', '2 current']);
    waitsUntil(once, wanted.nowMs + SETTLED_MS);
    const twice = done(later(once, SETTLED_MS), 'enable-version', { of: 'enable-version', keyId: key(1), there: true });
    expect(phases(twice)).toEqual(['1 retiring', '2 current']);
  });
  it('that a revocation comes into is followed by a second deny and disabling', () => {
    const out = start(asked, 'enable-version');
    const ended = denied(command(out, { type: 'revoke', cause: 'requested' }));
    const once = done(later(ended, timing.leaseMs), 'disable-all', { of: 'disable-all', keyIds: [] });
    expect(once.state).toMatchObject({ stage: 'deny', denyAtMs: out.nowMs + SETTLED_MS, cutOffAtMs: undefined });
    const twice = done(denied(later(once, timing.settleMs)), 'disable-all', { of: 'disable-all', keyIds: [] });
    expect(twice.state).toMatchObject({ stage: 'withdraw-secret', cutOffAtMs: twice.nowMs });
  });
});

describe('a replacement', () => {
  const replaced = command(active(), { type: 'replace' });
  it('makes a key at once, and takes the old one without overlap or regret', () => {
    expect(wants(replaced)).toBe('create-version');
    const second = promoted(replaced);
    expect(nextStep(second.state, second.nowMs)).toEqual({ do: 'disable-version', keyId: key(1) });
    const cut = done(second, 'disable-version', { of: 'disable-version', keyId: key(1) });
    expect(cut.state).toMatchObject({ replacement: undefined });
    expect(nextStep(cut.state, cut.nowMs)).toEqual({ do: 'delete-version', keyId: key(1) });
  });
  it('suspends what is not replaced in time, for good', () => {
    waitsUntil(start(replaced, 'create-version', 2), replaced.nowMs + timing.leaseMs);
    const late = later(start(replaced, 'create-version', 2), timing.revokeWithinMs);
    expect(nextStep(late.state, late.nowMs)).toEqual({ do: 'suspend', why: 'not-replaced', regretMs: undefined });
  });
  it('is not done while a key that was under way is not gone as well', () => {
    const seen = done(command(stored2(), { type: 'replace' }), 'verify', { of: 'verify', attempt: attempt(2), usable: true });
    const both = done(seen, 'promote', { of: 'promote', attempt: attempt(2) });
    expect(phases(both)).toEqual(['1 retiring', '2 current']);
    expect(both.state).toMatchObject({ rotateAtMs: both.nowMs, replacement: { known: [attempt(1), attempt(2)] } });
    const cut = done(both, 'disable-version', { of: 'disable-version', keyId: key(1) });
    expect(cut.state).toMatchObject({ replacement: { cutOffAtMs: undefined } });
    expect(wants(done(cut, 'delete-version', { of: 'delete-version', keyId: key(1) }))).toBe('create-version');
  });
  it('takes the slots of older keys: their overlap and regret end', () => {
    const retiring = command(rotated(active()), { type: 'replace' });
    expect(nextStep(retiring.state, retiring.nowMs)).toEqual({ do: 'disable-version', keyId: key(1) });
    const disabled = command(retired(rotated(active())), { type: 'replace' });
    expect(nextStep(disabled.state, disabled.nowMs)).toEqual({ do: 'delete-version', keyId: key(1) });
    const restoring = command(command(retired(rotated(active())), { type: 'undo' }), { type: 'replace' });
    expect(nextStep(restoring.state, restoring.nowMs)).toEqual({ do: 'disable-version', keyId: key(1) });
  });
});

describe('history that can’t be', () => {
  const nothing = { atMs: at(0) };
  it.each<[string, Story, CredentialEvent]>([
    ['a second request', requested(), { ...nothing, type: 'CredentialRequested' } as never],
    ['a suspension of what ends', revoking(active()), { ...nothing, type: 'SuspensionStarted', why: 'requested', ends: undefined }],
    ['a suspension of what never was active', requested(), { ...nothing, type: 'SuspensionStarted', why: 'requested', ends: undefined }],
    ['a resumption of what is active', active(), { type: 'ResumptionStarted', holder, liftAtMs: at(0) }],
    [
      'a replacement in a suspension',
      suspended(),
      { ...nothing, type: 'ReplacementStarted', overlapMs: 0, deadlineMs: at(0), regretMs: 0, heir: undefined },
    ],
    ['an heir without a handover', active(), { type: 'HeirChosen', to: heir, rung: 'named' }],
    ['an heir lost without a handover', command(active(), { type: 'replace' }), { type: 'HeirLost', ...nothing }],
    ['a handover before the old keys are disabled', command(active(), handOver()), { type: 'CredentialHandedOver', to: heir, ...nothing }],
    ['a handover of what is suspended', suspended(), { type: 'CredentialHandedOver', to: heir, ...nothing }],
    ['a second revocation', revoking(active()), { ...nothing, type: 'RevocationStarted', cause: 'requested', deadlineMs: at(0) }],
    [
      'a revocation of what is revoked',
      gone(revoking(active())),
      { ...nothing, type: 'RevocationStarted', cause: 'requested', deadlineMs: at(0) },
    ],
    ['keys disabled in no revocation', active(), { ...nothing, type: 'KeysDisabled', fence: 1, unknown: [], removableAtMs: undefined }],
    ['a secret withdrawn in no revocation', active(), { type: 'SecretWithdrawn', fence: 1 }],
    ['an account removed in no revocation', active(), { type: 'AccountRemoved', fence: 1 }],
    ['an absence in no revocation', active(), { type: 'AbsenceSeen', fence: 1, confirmAgainAtMs: at(0) }],
  ])('is refused: %s', (_what, { state }, event) => expect(() => evolve(state, event)).toThrow(/^history: /));
  it('is refused: anything before the request', () =>
    expect(() => evolve(undefined, { type: 'SecretWithdrawn', fence: 1 })).toThrow(/^history: /));
});

/** A second key, stored and not yet verified. */
function stored2(): Story {
  const made = outcome(start(later(active(), rotation.everyMs), 'create-version', 2), {
    of: 'create-key',
    attempt: attempt(2),
    keyId: key(2),
  });
  return later(outcome(made, { of: 'store', attempt: attempt(2) }), 4_000);
}

/** A second key that never came to life. */
function doomed(): Story {
  let story = stored2();
  for (let tries = 0; tries < 8; tries += 1)
    story = done(later(story, 120_000), 'verify', { of: 'verify', attempt: attempt(2), usable: false });
  return story;
}
