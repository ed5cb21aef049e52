import { describe, expect, it } from 'vitest';
import { nextStep } from '../../../lib/domain/credential/next-step.ts';
import type { Holder } from '../../../lib/domain/credential/state.ts';
import { active, command, denied, done, holder, key, later, phases, promoted, retired, type Story, start, timing, wants } from './given.ts';

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
});

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
