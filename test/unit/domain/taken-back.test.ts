import { describe, expect, it } from 'vitest';
import { decide } from '../../../lib/domain/credential/decide.ts';
import { evolve } from '../../../lib/domain/credential/evolve.ts';
import { nextStep } from '../../../lib/domain/credential/next-step.ts';
import type { Credential, Holder } from '../../../lib/domain/credential/state.ts';
import {
  active,
  at,
  attempt,
  command,
  denied,
  done,
  handOver,
  heir,
  holder,
  key,
  later,
  outcome,
  phases,
  promoted,
  resumed,
  retired,
  type Story,
  start,
  timing,
  wants,
} from './given.ts';

const disabled = (): Story => retired(promoted(command(active(), { type: 'rotate' })));
const enabled = (story: Story): Story => done(story, 'enable-version', { of: 'enable-version', keyId: key(1), there: true });

describe('an undo', () => {
  it('enables the key at once, and once more when no call that disabled it can land any more', () => {
    const off = disabled();
    let story = enabled(command(later(off, 10_000), { type: 'undo' }));
    expect(phases(story)).toEqual(['1 restoring', '2 current']);
    expect(nextStep(story.state, story.nowMs)).toEqual({ do: 'wait', untilMs: off.nowMs + timing.leaseMs + timing.settleMs });
    story = enabled({ ...story, nowMs: later(off, timing.leaseMs + timing.settleMs).nowMs });
    expect(phases(story)).toEqual(['1 retiring', '2 current']);
  });

  it('long after it was disabled enables it once', () => {
    const story = enabled(command(later(disabled(), timing.leaseMs + timing.settleMs), { type: 'undo' }));
    expect(phases(story)).toEqual(['1 retiring', '2 current']);
  });
});

describe('a suspension in the middle of a replacement', () => {
  it('does not let a key back that was to be disabled', () => {
    const replacing = promoted(command(active(), { type: 'replace' }));
    expect(wants(replacing)).toBe('disable-version');
    let story = denied(command(replacing, { type: 'suspend', why: 'requested' }));
    story = command(story, { type: 'resume', holder: story.state.holder });
    story = done(later(story, timing.leaseMs + timing.settleMs), 'lift', { of: 'lift' });
    expect(story.state.status).toBe('active');
    expect(wants(later(story, timing.leaseMs + timing.settleMs))).toBe('disable-version');
  });

  const replacing = command(active(), { type: 'replace' });
  const suspend = { type: 'suspend', why: 'requested' } as const;
  const disabled = { of: 'disable-version', keyId: key(1) } as const;

  it('gives the overlap of a suspended key to none that somebody knows who may no longer', () => {
    const known = promoted(command(active(), handOver()));
    const [leaving, current] = resumed(denied(command(known, suspend))).state.versions;
    expect([leaving, current]).toEqual(known.state.versions);
  });

  it('ends it where the last of its keys was being disabled: that one has no regret, and nothing is left to replace', () => {
    const off = outcome(denied(command(start(promoted(replacing), 'disable-version'), suspend)), disabled);
    expect(off.state).toMatchObject({
      replacement: undefined,
      versions: [{ phase: 'disabled', deleteAtMs: off.nowMs }, { phase: 'current' }],
    });
    const gone = done(resumed(off), 'delete-version', { of: 'delete-version', keyId: key(1) });
    expect(decide(gone.state, { type: 'rotate' }, gone.nowMs, timing).ok).toBe(true);
  });

  it('ends it for a handover too, which is broken off', () => {
    const due = later(promoted(command(active(), handOver())), 60_000);
    const off = outcome(denied(command(start(due, 'disable-version'), suspend)), disabled);
    expect(off.state).toMatchObject({ replacement: undefined, holder });
  });

  it('a key that was being promoted takes the place of the old one, which has the overlap of the replacement', () => {
    const promoting = start(verified(replacing), 'promote');
    const story = resumed(outcome(denied(command(promoting, suspend)), { of: 'promote', attempt: attempt(2) }));
    expect(phases(story)).toEqual(['1 retiring', '2 current']);
    expect(wants(later(story, timing.leaseMs + timing.settleMs))).toBe('disable-version');
  });

  it('a key that was being promoted, and is known as well, is replaced by the next', () => {
    const promoting = start(command(verified(command(active(), { type: 'rotate' })), { type: 'replace' }), 'promote');
    const story = outcome(denied(command(promoting, suspend)), { of: 'promote', attempt: attempt(2) });
    expect(story.state).toMatchObject({ rotateAtMs: story.nowMs, replacement: { known: [attempt(1), attempt(2)] } });
  });
});

describe('a replacement', () => {
  const replaced = promoted(command(active(), handOver()));
  const off = done(later(replaced, 60_000), 'disable-version', { of: 'disable-version', keyId: key(1) });

  it('knows every key but those that no attempt of ours made, and leaves old ones no time', () => {
    const stray = { phase: 'doomed', attempt: undefined, keyId: key(9) } as const;
    const rotating = promoted(command(active(), { type: 'rotate' }));
    const story = { ...rotating, state: { ...rotating.state, versions: [...rotating.state.versions, stray] } as Credential };
    const { state, nowMs } = command(story, { type: 'replace' });
    const retiring = { phase: 'retiring', attempt: attempt(1), keyId: key(1), checkAtMs: nowMs, hardLimitAtMs: nowMs, allowed: true };
    expect(state).toMatchObject({
      replacement: { known: [attempt(1), attempt(2)] },
      versions: [retiring, rotating.state.versions[1], stray],
    });
  });

  it('is cut off once: a key of its own that is disabled later moves nothing', () => {
    const event = { type: 'VersionDisabled', fence: off.state.fence, keyId: key(1), atMs: at(off.nowMs + 1) } as const;
    expect(off.state).toMatchObject({ replacement: { cutOffAtMs: off.nowMs } });
    expect(evolve(off.state, event)).toMatchObject({ replacement: { cutOffAtMs: off.nowMs } });
  });

  it('passes nothing on that there is none of', () =>
    expect(() => evolve(active().state, { type: 'CredentialHandedOver', to: heir, atMs: at(0) })).toThrow(/^history: /));
});

describe('what holds a suspension up', () => {
  const blocked = { code: 'x', sinceMs: at(1), tries: 1, nextTryAtMs: at(2) };
  const suspended = command(active(), { type: 'suspend', why: 'requested' });
  const having = (change: object) => ({ ...suspended, state: { ...suspended.state, ...change } as Credential });
  it.each(['deny', 'recover'] as const)('a refusal of its deny is forgotten with the deny, another is not: %s', (step) =>
    expect(denied(having({ blocked: { ...blocked, step } })).state.blocked).toEqual(step === 'deny' ? undefined : { ...blocked, step }),
  );

  it('the secret is closed until it is resumed', () => {
    const ends = { atMs: at(1e9), cause: 'owner-left' } as const;
    const again = command(having({ secretClosedAtMs: at(7) }), { type: 'suspend', why: 'requested', ends });
    expect(again.state).toMatchObject({ secretClosedAtMs: 7, ends });
    expect(resumed(denied(again)).state).not.toHaveProperty('secretClosedAtMs');
  });
});

/** The second key, seen to work. */
function verified(story: Story): Story {
  const created = outcome(start(story, 'create-version', 2), { of: 'create-key', attempt: attempt(2), keyId: key(2) });
  const stored = later(outcome(created, { of: 'store', attempt: attempt(2) }), 4_000);
  return done(stored, 'verify', { of: 'verify', attempt: attempt(2), usable: true });
}

describe('an owner tag whose answer is lost', () => {
  it('is not followed by another before it can’t land any more', () => {
    const heir = { id: 'own_2', key: 'k2', epoch: 0 } as unknown as Holder;
    const terms = { rung: 'named', cause: 'owner-left', leave: 1, line: holder.id, refused: [], overlapMs: 0, regretMs: 0 } as const;
    const replaced = promoted(command(active(), { type: 'hand-over', to: heir, ...terms }));
    const off = done(replaced, 'disable-version', { of: 'disable-version', keyId: key(1) });
    const lost = later(start(off, 'retag'), timing.leaseMs);
    const wanted = done(command(lost, { type: 'heir-lost' }), 'delete-version', { of: 'delete-version', keyId: key(1) });
    expect(wants(wanted)).toBe('wait');
    expect(wants(later(wanted, timing.settleMs - 1))).toBe('wait');
    expect(nextStep(wanted.state, later(wanted, timing.settleMs).nowMs)).toEqual({ do: 'retag', to: holder });
  });
});
