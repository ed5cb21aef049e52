import { describe, expect, it } from 'vitest';
import { nextStep } from '../../../lib/domain/credential/next-step.ts';
import type { OwnerId } from '../../../lib/domain/types.ts';
import { active, command, cutOff, done, handOver, heir, holder, key, later, promoted, type Story, start, timing, wants } from './given.ts';

const SETTLED_MS = timing.leaseMs + timing.settleMs;
const waitsUntil = ({ state, nowMs }: Story, untilMs: number): void => expect(nextStep(state, nowMs)).toEqual({ do: 'wait', untilMs });

const ACCEPT_WITHIN_MS = 86_400_000;

describe('a handover', () => {
  it('has its overlap, then disables, tags, and passes on', () => {
    const second = promoted(command(active(), handOver()));
    waitsUntil(second, second.nowMs + 60_000);
    const cut = cutOff();
    expect(cut.state).toMatchObject({ replacement: { cutOffAtMs: cut.nowMs } });
    expect(nextStep(cut.state, cut.nowMs)).toEqual({ do: 'retag', to: heir });
    const tagged = done(cut, 'retag', { of: 'retag', ownerId: heir.id });
    expect(nextStep(tagged.state, tagged.nowMs)).toEqual({ do: 'pass-on', to: heir });
    const passed = command(tagged, { type: 'pass-on', acceptWithinMs: ACCEPT_WITHIN_MS });
    const succession = {
      from: holder,
      rung: 'named',
      cause: 'owner-left',
      line: holder.id,
      refused: [],
      cutOffAtMs: cut.nowMs,
      atMs: cut.nowMs,
    };
    expect(passed.state).toMatchObject({
      holder: heir,
      taggedFor: heir.id,
      replacement: undefined,
      succession: { ...succession, acceptedAtMs: undefined },
    });
    expect(nextStep(passed.state, passed.nowMs)).toEqual({ do: 'delete-version', keyId: key(1) });
    expect(command(passed, { type: 'accept', by: heir.id }).state).toMatchObject({ succession: { acceptedAtMs: passed.nowMs } });
  });

  it('that its heir has not accepted in time is followed up, once; on its way to somebody else it is not', () => {
    const tagged = done(cutOff(), 'retag', { of: 'retag', ownerId: heir.id });
    const passed = command(tagged, { type: 'pass-on', acceptWithinMs: ACCEPT_WITHIN_MS });
    const gone = done(passed, 'delete-version', { of: 'delete-version', keyId: key(1) });
    const acceptByMs = passed.nowMs + ACCEPT_WITHIN_MS;
    expect(gone.state).toMatchObject({ succession: { acceptByMs, escalatedAtMs: undefined } });
    waitsUntil(gone, acceptByMs);
    expect(() => command(gone, { type: 'escalate' })).toThrow('refused: not-the-next-step');
    const late = later(gone, ACCEPT_WITHIN_MS);
    expect(wants(late)).toBe('follow-up');
    const escalated = command(late, { type: 'escalate' });
    expect(escalated.state).toMatchObject({ succession: { escalatedAtMs: acceptByMs } });
    for (const done of [escalated, command(late, { type: 'accept', by: heir.id })]) expect(wants(done)).toBe('wait');
    expect(command(escalated, { type: 'accept', by: heir.id }).state).toMatchObject({ succession: { acceptedAtMs: acceptByMs } });
    const onItsWay = command(late, { ...handOver(), to: { ...heir, id: 'own_9' as OwnerId }, leave: undefined, cause: 'not-accepted' });
    expect(wants(onItsWay)).not.toBe('follow-up');
    expect(() => command(onItsWay, { type: 'accept', by: heir.id })).toThrow('refused: nothing-to-accept');
  });

  it('looks first where a look is owed, since a key nobody has seen could be one the leaver knows', () => {
    const owed = tidied(command(cutOff(), { type: 'look' }));
    expect(wants(owed)).toBe('recover');
    expect(wants(done(owed, 'recover', { of: 'recover', keyIds: [key(2)], stored: [] }))).toBe('retag');
  });

  it('forgets an approval, which was the holder’s', () => {
    const approved = command(cutOff(), { type: 'require-approval', withinMs: 1e9, ifHeldBy: { ownerId: holder.id, epochBelow: 1 } });
    const tagged = done(approved, 'retag', { of: 'retag', ownerId: heir.id });
    expect(command(tagged, { type: 'pass-on', acceptWithinMs: ACCEPT_WITHIN_MS }).state).toMatchObject({ approval: undefined });
  });

  it('not done in time is suspended, and ends after the regret time of the leave', () => {
    const story = command(active(), handOver());
    const late = later(story, timing.revokeWithinMs + 60_000);
    expect(nextStep(late.state, late.nowMs)).toEqual({ do: 'suspend', why: 'owner-left', regretMs: 3_600_000 });
    const cut = later(cutOff(), timing.revokeWithinMs);
    expect(wants(cut)).toBe('retag'); // nobody but us knows a key by then
  });

  it('without an heir waits half an hour for another, tags nobody, and then suspends', () => {
    const lost = command(cutOff(), { type: 'heir-lost' });
    expect(lost.state).toMatchObject({ replacement: { heir: { to: undefined } } });
    const without = done(lost, 'delete-version', { of: 'delete-version', keyId: key(1) });
    waitsUntil(without, lost.nowMs + 1_800_000);
    expect(wants(later(without, 1_800_000))).toBe('suspend');
    const again = command(without, handOver({ to: { ...heir, id: 'own_3' as OwnerId }, rung: 'manager' }));
    expect(again.state).toMatchObject({ replacement: { heir: { to: { id: 'own_3' }, rung: 'manager', leave: 5 } } });
    expect(wants(again)).toBe('retag');
  });

  it('that was asked for goes back to the holder where the heir is gone', () => {
    const story = command(promoted(command(active(), handOver({ leave: undefined, cause: 'requested' }))), { type: 'heir-lost' });
    expect(story.state).toMatchObject({ replacement: { heir: { to: holder, rung: 'chosen' } } });
  });

  it('waits with the tag while one that was sent before may land', () => {
    const out = start(cutOff(), 'retag');
    expect(out.state.taggedFor).toBeUndefined();
    const without = tidied(later(out, timing.leaseMs));
    waitsUntil(without, out.nowMs + SETTLED_MS);
    expect(wants(later(without, timing.settleMs))).toBe('retag');
  });
});

function tidied(story: Story): Story {
  return done(story, 'delete-version', { of: 'delete-version', keyId: key(1) });
}
