import { describe, expect, it } from 'vitest';
import { decide } from '../../../lib/domain/credential/decide.ts';
import { active, at, command, denied, done, later, requested, revoking, type Story, timing, wants } from './given.ts';

const ifHeldBy = { ownerId: active().state.holder.id, epochBelow: 1 };
const kill = (killedAtMs: number) => ({ type: 'kill', killedAtMs: at(killedAtMs), ifHeldBy }) as const;
const lifted = (story: Story): Story => {
  const resumed = command(story, { type: 'resume', holder: story.state.holder });
  return done(later(resumed, timing.leaseMs + timing.settleMs), 'lift', { of: 'lift' });
};

describe('a kill of the owner', () => {
  it('denies what is active, and once for one kill', () => {
    const killed = command(active(), kill(7));
    expect(killed.state).toMatchObject({ status: 'suspended', why: 'killed', killedAtMs: 7, deniedAtMs: undefined });
    expect(wants(killed)).toBe('deny');
    expect(decide(denied(killed).state, kill(7), killed.nowMs, timing)).toEqual({ ok: true, events: [] });
  });

  it('denies anew what is denied already, whatever the record believes, and leaves why and until when it was', () => {
    const ends = { atMs: at(9e12), cause: 'requested' } as const;
    const suspended = denied(command(active(), { type: 'suspend', why: 'requested', ends }));
    expect(wants(suspended)).toBe('wait');
    const killed = command(suspended, kill(7));
    expect(wants(killed)).toBe('deny');
    expect(killed.state).toMatchObject({ why: 'requested', ends, killedAtMs: 7 });
  });

  it('that comes again denies anew where it is being lifted meanwhile, though it is the same kill', () => {
    const lifting = command(denied(command(active(), kill(7))), { type: 'resume', holder: active().state.holder });
    expect(command(lifting, kill(7)).state).toMatchObject({ why: 'killed', liftAtMs: undefined, denyAtMs: lifting.nowMs });
  });

  it('stops a resumption, whose removal of the deny may be out: it is denied again when that can land no later', () => {
    const resumed = command(denied(command(active(), { type: 'suspend', why: 'requested' })), {
      type: 'resume',
      holder: active().state.holder,
    });
    const lifting = command(later(resumed, timing.leaseMs + timing.settleMs), {
      ...{ type: 'start', step: 'lift' },
      attempt: '' as never,
    });
    const killed = denied(command(later(lifting, 1_000), kill(7)));
    expect(killed.state).toMatchObject({ status: 'suspended', denyAtMs: lifting.nowMs + timing.leaseMs + timing.settleMs });
    expect(wants(later(killed, timing.leaseMs + timing.settleMs))).toBe('deny');
  });

  it('ends what was never handed over, and touches neither what ends already nor what is somebody else’s', () => {
    expect(command(requested(), kill(7)).state).toMatchObject({ status: 'revoking', cause: 'owner-killed' });
    expect(decide(revoking(active()).state, kill(7), at(1), timing)).toEqual({ ok: false, why: 'already-ending' });
    const other = { ...kill(7), ifHeldBy: { ...ifHeldBy, ownerId: 'own_2' as never } };
    expect(decide(active().state, other, at(1), timing)).toEqual({ ok: false, why: 'held-by-another' });
  });

  it('does not undo that a key had leaked: resumed, it is replaced', () => {
    const replacing = command(active(), { type: 'replace' });
    const resumed = lifted(denied(command(replacing, kill(7))));
    expect(resumed.state).toMatchObject({ status: 'active', replacement: { known: replacing.state.attempts } });
    expect(wants(resumed)).toBe('create-version');
  });

  it('does end a handover, which begins anew where it is still wanted; its keys are replaced nevertheless', () => {
    const handing = command(active(), {
      ...{ type: 'hand-over', to: { ...active().state.holder, id: 'own_2' as never }, rung: 'chosen', cause: 'requested' },
      ...{ leave: undefined, line: active().state.holder.id, refused: [], overlapMs: 0, regretMs: 0 },
    });
    expect(lifted(denied(command(handing, kill(7)))).state).toMatchObject({ status: 'active', replacement: { heir: undefined } });
  });
});
