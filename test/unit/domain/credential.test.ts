import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../lib/domain/credential/decide.ts';
import { evolve } from '../../../lib/domain/credential/evolve.ts';
import { dueAtMs, isPastDeadline, nextStep } from '../../../lib/domain/credential/next-step.ts';
import { decideOutcome, type Outcome } from '../../../lib/domain/credential/outcome.ts';
import type { Credential, LeasedStep } from '../../../lib/domain/credential/state.ts';
import { retryBackoffMs } from '../../../lib/domain/timing.ts';
import type { OwnerId } from '../../../lib/domain/types.ts';
import {
  active,
  at,
  attempt,
  command,
  denied,
  done,
  holder,
  key,
  later,
  outcome,
  requested,
  revoking,
  type Story,
  start,
  stored,
  timing,
  wants,
  withSecret,
} from './given.ts';

describe('issue: the order of the work', () => {
  it('goes from account to secret to key to verification to promotion, and only then shares', () => {
    let story = requested();
    const walk: readonly [LeasedStep, Outcome][] = [
      ['ensure-account', { of: 'ensure-account' }],
      ['ensure-secret', { of: 'ensure-secret' }],
    ];
    for (const [step, found] of walk) {
      expect(wants(story)).toBe(step);
      story = done(story, step, found);
    }
    expect(wants(story)).toBe('create-version');
    story = later(stored(requested()), 4_000);
    expect(wants(story)).toBe('verify');
    story = done(story, 'verify', { of: 'verify', attempt: attempt(1), usable: true });
    expect(wants(story)).toBe('promote');
    story = done(story, 'promote', { of: 'promote', attempt: attempt(1) });
    expect(story.state.status).toBe('provisioning');
    expect(wants(story)).toBe('share');
    story = done(story, 'share', { of: 'share' });
    expect(story.state).toMatchObject({ status: 'active', versions: [{ phase: 'current', keyId: key(1) }] });
    expect(wants(story)).toBe('wait'); // for the next rotation
    expect(dueAtMs(story.state, story.nowMs)).toBe(story.state.status === 'active' ? story.state.rotateAtMs : undefined);
  });

  it('has the attempt on record before the call', () => {
    expect(start(withSecret(requested()), 'create-version').state.versions).toEqual([
      { phase: 'attempted', attempt: attempt(1), settledAtMs: at(1_000 + timing.leaseMs + timing.settleMs) },
    ]);
  });

  it.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [7, 60_000],
  ])('looks again after refusal %i of a fresh key in %i ms', (tries, ms) => {
    let story = later(stored(requested()), 4_000);
    for (let n = 1; n < tries; n += 1) story = later(done(story, 'verify', { of: 'verify', attempt: attempt(1), usable: false }), 60_000);
    story = done(story, 'verify', { of: 'verify', attempt: attempt(1), usable: false });
    expect(dueAtMs(story.state, story.nowMs)).toBe(story.nowMs + ms);
  });

  it('gives up a key that never works, deletes it, and makes another', () => {
    let story = later(stored(requested()), 4_000);
    for (let n = 0; n < 8; n += 1) story = later(done(story, 'verify', { of: 'verify', attempt: attempt(1), usable: false }), 60_000);
    expect(nextStep(story.state, story.nowMs)).toEqual({ do: 'delete-version', keyId: key(1) });
    story = done(story, 'delete-version', { of: 'delete-version', keyId: key(1) });
    expect(story.state.versions).toEqual([]);
    expect(wants(story)).toBe('create-version');
    expect(story.state.attempts).toEqual([attempt(1)]); // a label on it is no drift
  });

  it('gives up a provisioning past its deadline', () => {
    const story = later(requested(), timing.provisionWithinMs);
    expect(wants(story)).toBe('give-up');
    expect(isPastDeadline(story.state, at(story.nowMs + 1))).toBe(true);
    expect(wants(command(story, { type: 'revoke', cause: 'gave-up' }))).toBe('deny');
  });
});

describe('a lost answer', () => {
  const lost = later(start(withSecret(requested()), 'create-version'), timing.leaseMs);
  const settled = later(lost, timing.settleMs);

  it('is not looked after before the lease is over and everything has settled', () => {
    expect(nextStep(lost.state, lost.nowMs)).toEqual({ do: 'wait', untilMs: settled.nowMs });
    expect(wants(later(settled, -1))).toBe('wait');
    expect(wants(settled)).toBe('recover');
  });

  it.each([
    ['adopts the key whose value is stored', { keyIds: [key(1)], stored: [{ attempt: attempt(1), keyId: key(1) }] }, ['stored'], 'verify'],
    ['adopts it though a stale listing misses it', { keyIds: [], stored: [{ attempt: attempt(1), keyId: key(1) }] }, ['stored'], 'verify'],
    ['deletes a key without a stored value', { keyIds: [key(7)], stored: [] }, ['doomed'], 'delete-version'],
    ['believes the absence of both', { keyIds: [], stored: [] }, [], 'create-version'],
    [
      'adopts one and deletes the other',
      { keyIds: [key(1), key(7)], stored: [{ attempt: attempt(1), keyId: key(1) }] },
      ['stored', 'doomed'],
      'delete-version',
    ],
  ])('%s', (_what, found, phases, next) => {
    const story = outcome(start(settled, 'recover'), { of: 'recover', ...found });
    expect(story.state.versions.map(({ phase }) => phase)).toEqual(phases);
    expect(wants(story)).toBe(next);
  });

  it('is looked after once more, settleMs later, before the record rests', () => {
    let story = outcome(start(settled, 'recover'), { of: 'recover', keyIds: [key(1)], stored: [{ attempt: attempt(1), keyId: key(1) }] });
    story = done(story, 'verify', { of: 'verify', attempt: attempt(1), usable: true });
    story = done(done(story, 'promote', { of: 'promote', attempt: attempt(1) }), 'share', { of: 'share' });
    expect(nextStep(story.state, story.nowMs)).toEqual({ do: 'wait', untilMs: settled.nowMs + timing.settleMs });
    story = done(later(story, timing.settleMs), 'recover', { of: 'recover', keyIds: [key(1), key(9)], stored: [] });
    expect(nextStep(story.state, story.nowMs)).toEqual({ do: 'delete-version', keyId: key(9) }); // one that came late
    story = done(story, 'delete-version', { of: 'delete-version', keyId: key(9) });
    expect(story.state.versions.map((version) => version.attempt)).toEqual([attempt(1)]);
    expect(wants(story)).toBe('wait'); // for the next rotation
    expect(dueAtMs(story.state, story.nowMs)).toBe(story.state.status === 'active' ? story.state.rotateAtMs : undefined);
  });

  it('between key and value leaves a key that is deleted', () => {
    const created = outcome(start(withSecret(requested()), 'create-version'), { of: 'create-key', attempt: attempt(1), keyId: key(1) });
    const later_ = later(created, timing.leaseMs + timing.settleMs);
    const story = outcome(start(later_, 'recover'), { of: 'recover', keyIds: [], stored: [] });
    expect(nextStep(story.state, story.nowMs)).toEqual({ do: 'delete-version', keyId: key(1) });
  });

  it('under a stale fence records nothing', () => {
    const taken = start(settled, 'recover');
    expect(
      decideOutcome(taken.state, taken.state.fence - 1, { of: 'create-key', attempt: attempt(1), keyId: key(1) }, taken.nowMs, timing),
    ).toEqual({
      ok: false,
      why: 'stale-fence',
    });
  });
});

describe('a refusal', () => {
  const refused = outcome(start(withSecret(requested()), 'create-version'), {
    of: 'refused',
    step: 'create-version',
    code: 'provider-throttled',
  });

  it('forgets the attempt, since an answered no made nothing', () => expect(refused.state.versions).toEqual([]));
  it('blocks the record until the next try', () => {
    expect(refused.state.blocked).toMatchObject({
      code: 'provider-throttled',
      tries: 1,
      nextTryAtMs: refused.nowMs + retryBackoffMs(1, refused.state.id),
    });
    expect(wants(refused)).toBe('wait');
    expect(wants(later(refused, 2_000))).toBe('create-version');
  });
  it('counts tries of the same step, and any answer clears it', () => {
    const again = outcome(start(later(refused, 2_000), 'create-version'), { of: 'refused', step: 'create-version', code: 'key-quota' });
    expect(again.state.blocked).toMatchObject({
      tries: 2,
      sinceMs: refused.nowMs,
      nextTryAtMs: again.nowMs + retryBackoffMs(2, again.state.id),
    });
    const made = outcome(start(later(again, 4_000), 'create-version', 3), { of: 'create-key', attempt: attempt(3), keyId: key(3) });
    expect(outcome(made, { of: 'store', attempt: attempt(3) }).state.blocked).toBeUndefined();
  });
});

describe('revoke', () => {
  const all: readonly [LeasedStep, Outcome][] = [
    ['disable-all', { of: 'disable-all', keyIds: [key(1)] }],
    ['withdraw-secret', { of: 'withdraw-secret' }],
    ['remove-account', { of: 'remove-account', removed: true }],
    ['confirm-absence', { of: 'confirm-absence', absent: true }],
  ];
  const through = (story: Story, steps = all): Story => steps.reduce((now, [step, found]) => done(now, step, found), story);

  it('denies, disables, withdraws, removes, confirms, and then writes the receipt', () => {
    let story = revoking(active());
    expect(wants(story)).toBe('deny');
    story = denied(story);
    for (const [step, found] of all) {
      expect(wants(story)).toBe(step);
      story = done(story, step, found);
    }
    expect(story.state).toMatchObject({ status: 'revoked', receipt: { cause: 'owner-left', keyIds: [key(1)] } });
    expect(dueAtMs(story.state, story.nowMs)).toBeUndefined();
  });

  it('denies without waiting for a lease that somebody holds, and nothing else does', () => {
    const held = revoking(start(later(stored(requested()), 4_000), 'verify'));
    expect(wants(held)).toBe('deny');
    expect(wants(denied(held))).toBe('wait');
  });

  it('takes an outcome that was under way: the key is known, its value goes nowhere, the lease is free', () => {
    const raced = revoking(start(withSecret(requested()), 'create-version'));
    const created = outcome(raced, { of: 'create-key', attempt: attempt(1), keyId: key(1) });
    expect(created.state).toMatchObject({ status: 'revoking', lease: undefined, versions: [{ phase: 'created', keyId: key(1) }] });
  });

  it('keeps the deny until nothing can land any more, and a listing shows what landed', () => {
    let story = revoking(start(withSecret(requested()), 'create-version')); // the answer never comes
    story = later(denied(story), timing.leaseMs);
    story = through(story, all.slice(0, 2));
    expect(nextStep(story.state, story.nowMs)).toEqual({ do: 'wait', untilMs: 1_000 + timing.leaseMs + 2 * timing.settleMs });
  });

  it('does not take for gone what was just made and may not be seen yet', () => {
    const story = through(denied(command(active(), { type: 'revoke', cause: 'requested' })), all.slice(0, 2));
    expect(wants(story)).toBe('wait');
    const looked = through(later(story, 2 * timing.settleMs), all.slice(2));
    expect(looked.state).toMatchObject({ status: 'revoking', stage: 'confirm-absence' }); // and is looked for once more
  });

  it('after a lost answer believes the absence only the second time, settleMs after the first', () => {
    let story = revoking(start(withSecret(requested()), 'create-version'));
    story = through(later(denied(story), timing.leaseMs + timing.settleMs), all.slice(0, 2));
    story = through(later(story, timing.settleMs), all.slice(2));
    expect(story.state.status).toBe('revoking');
    expect(nextStep(story.state, story.nowMs)).toEqual({ do: 'wait', untilMs: story.nowMs + timing.settleMs });
    story = done(later(story, timing.settleMs), 'confirm-absence', { of: 'confirm-absence', absent: true });
    expect(story.state.status).toBe('revoked');
  });

  it.each([
    ['what hung on it came back', 'remove-account', { of: 'remove-account', removed: false }],
    ['it is still there', 'confirm-absence', { of: 'confirm-absence', absent: false }],
  ] as const)('begins again with the deny when %s', (_what, step, found) => {
    const upTo = all.slice(
      0,
      all.findIndex(([name]) => name === step),
    );
    const story = done(through(denied(revoking(active())), upTo), step, found);
    expect(wants(story)).toBe('deny');
    expect(story.state).toMatchObject({ status: 'revoking', cutOffAtMs: undefined });
  });

  it('puts keys that nobody knew on record, and so into the receipt', () => {
    const story = through(denied(revoking(active())), [['disable-all', { of: 'disable-all', keyIds: [key(1), key(8)] }], ...all.slice(1)]);
    expect(story.state).toMatchObject({ receipt: { keyIds: [key(1), key(8)] } });
  });

  it.each([
    ['another owner has it', { ownerId: 'own_2' as OwnerId, epochBelow: 9 }, 'held-by-another'],
    ['it was given in a later life', { ownerId: holder.id, epochBelow: 0 }, 'held-by-another'],
    ['it is the leaver’s', { ownerId: holder.id, epochBelow: 1 }, undefined],
  ])('for a leaver, when %s', (_when, ifHeldBy, why) => {
    const decision = decide(active().state, { type: 'revoke', cause: 'owner-left', ifHeldBy }, at(9_000), timing);
    expect(decision.ok ? undefined : decision.why).toBe(why);
  });
});

describe('rules that hold for every history', () => {
  const step = fc.constantFrom<LeasedStep>(
    'ensure-account',
    'ensure-secret',
    'create-version',
    'recover',
    'verify',
    'promote',
    'share',
    'delete-version',
    'disable-all',
    'withdraw-secret',
    'remove-account',
    'confirm-absence',
  );
  const found: fc.Arbitrary<Outcome> = fc.oneof(
    fc.constantFrom<Outcome>(
      { of: 'ensure-account' },
      { of: 'ensure-secret' },
      { of: 'share' },
      { of: 'withdraw-secret' },
      { of: 'deny', startedAtMs: at(Number.MAX_SAFE_INTEGER) },
    ),
    fc.nat(3).map((n): Outcome => ({ of: 'create-key', attempt: attempt(n), keyId: key(n) })),
    fc.nat(3).map((n): Outcome => ({ of: 'store', attempt: attempt(n) })),
    fc.tuple(fc.nat(3), fc.boolean()).map(([n, usable]): Outcome => ({ of: 'verify', attempt: attempt(n), usable })),
    fc.nat(3).map((n): Outcome => ({ of: 'promote', attempt: attempt(n) })),
    fc.array(fc.nat(3), { maxLength: 2 }).map((ns): Outcome => ({ of: 'recover', keyIds: ns.map(key), stored: [] })),
    fc.boolean().map((removed): Outcome => ({ of: 'remove-account', removed })),
    fc.boolean().map((absent): Outcome => ({ of: 'confirm-absence', absent })),
    step.map((name): Outcome => ({ of: 'refused', step: name, code: 'x' })),
  );
  type Move = { readonly wait: number } | { readonly take: number } | { readonly found: Outcome } | { readonly revoke: true };
  const move: fc.Arbitrary<Move> = fc.oneof(
    { weight: 5, arbitrary: fc.nat(3).map((take) => ({ take })) },
    { weight: 5, arbitrary: found.map((outcome_) => ({ found: outcome_ })) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 200_000 }).map((wait) => ({ wait })) },
    { weight: 1, arbitrary: fc.constant({ revoke: true } as const) },
  );
  const play = (moves: readonly Move[], look: (state: Credential, before: Credential, nowMs: number) => void): void => {
    let { state, nowMs }: Story = requested();
    for (const one of moves) {
      const before = state;
      if ('wait' in one) nowMs = at(nowMs + one.wait);
      else {
        const next = nextStep(state, nowMs).do;
        const decision =
          'revoke' in one
            ? decide(state, { type: 'revoke', cause: 'requested' }, nowMs, timing)
            : 'take' in one
              ? decide(state, { type: 'start', step: next as LeasedStep, attempt: attempt(one.take) }, nowMs, timing)
              : fits(state, one.found)
                ? decideOutcome(state, state.fence, one.found, nowMs, timing)
                : undefined;
        if (decision?.ok) state = decision.events.reduce<Credential>(evolve, state);
      }
      look(state, before, nowMs);
    }
  };
  /** An outcome of the step under lease: a worker has no other. */
  const fits = ({ lease }: Credential, { of }: Outcome): boolean =>
    of === 'deny' ||
    of === lease?.step ||
    (lease?.step === 'create-version' && (of === 'create-key' || of === 'store')) ||
    (of === 'refused' && lease !== undefined);

  it('a record not at rest is due, and not after its deadline while it is provisioned', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) =>
        play(moves, (state, _before, nowMs) => {
          const due = dueAtMs(state, at(nowMs));
          if (state.status === 'revoked') expect(due).toBeUndefined();
          else if (state.status !== 'active') expect(due).toBeDefined();
          if (state.status === 'provisioning' && nowMs < state.deadlineMs) expect(due).toBeLessThanOrEqual(state.deadlineMs);
        }),
      ),
      { numRuns: 1_000 },
    );
  });

  it('nothing revives what is revoking or revoked; a fence never goes down', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) =>
        play(moves, (state, before) => {
          if (before.status === 'revoked') expect(state).toBe(before);
          if (before.status === 'revoking') expect(['revoking', 'revoked']).toContain(state.status);
          expect(state.fence).toBeGreaterThanOrEqual(before.fence);
        }),
      ),
      { numRuns: 1_000 },
    );
  });
});
