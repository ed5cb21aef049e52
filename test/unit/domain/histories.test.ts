import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Command, type Decision, decide } from '../../../lib/domain/credential/decide.ts';
import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import { evolve } from '../../../lib/domain/credential/evolve.ts';
import { dueAtMs, nextStep } from '../../../lib/domain/credential/next-step.ts';
import { decideOutcome, type Outcome } from '../../../lib/domain/credential/outcome.ts';
import { type Credential, keyIdsOf, type LeasedStep } from '../../../lib/domain/credential/state.ts';
import type { AttemptId, CredentialId, EpochMs, KeyId } from '../../../lib/domain/types.ts';
import { at, attempt, grant, handOver, heir, holder, key, rotation, timing } from './given.ts';

const ifHeldBy = { ownerId: holder.id, epochBelow: 9 };
const COMMANDS: readonly ((nowMs: EpochMs) => Command)[] = [
  () => ({ type: 'rotate' }),
  () => ({ type: 'replace' }),
  () => ({ type: 'suspend', why: 'requested' }),
  (nowMs) => ({ type: 'suspend', why: 'owner-left', ends: { atMs: at(nowMs + 3_600_000), cause: 'owner-left' } }),
  (nowMs) => ({ type: 'kill', killedAtMs: nowMs, ifHeldBy }),
  () => ({ type: 'resume', holder }),
  () => ({ type: 'resume', holder: { ...holder, epoch: 7 } }),
  () => ({ type: 'undo' }),
  () => handOver(),
  () => handOver({ leave: undefined, cause: 'requested' }),
  () => handOver({ to: holder, leave: 8 }),
  () => ({ type: 'heir-lost' }),
  () => ({ type: 'pass-on', acceptWithinMs: 900_000 }),
  () => ({ type: 'accept', by: heir.id }),
  () => ({ type: 'require-approval', withinMs: 600_000, ifHeldBy }),
  () => ({ type: 'approve', by: heir.id, reason: 'x', forMs: 600_000 }),
  () => ({ type: 'renew', ttlMs: 1_000 }),
  () => ({ type: 'look' }),
  () => ({ type: 'revoke', cause: 'requested' }),
];

/** What a worker may find by the step it holds the lease for; `n` chooses. */
function found(state: Credential, nowMs: EpochMs, n: number): Outcome {
  const step = state.lease?.step;
  const keys = keyIdsOf(state.versions);
  const phases = {
    'disable-version': ['retiring'],
    'check-use': ['retiring'],
    'enable-version': ['restoring'],
    'delete-version': ['doomed', 'disabled'],
  };
  const meant = state.versions.find(({ phase }) => phases[step as keyof typeof phases]?.includes(phase));
  const keyId: KeyId = n % 5 && meant && 'keyId' in meant ? meant.keyId : (keys[n % Math.max(1, keys.length)] ?? key(99));
  const open = state.versions.findLast((version) => version.phase === 'attempted' || version.phase === 'created');
  const last: AttemptId = (n % 5 ? (open ?? state.versions.at(-1)) : state.versions[0])?.attempt ?? attempt(99);
  if (step === undefined || n % 7 === 0) return { of: 'deny', startedAtMs: at(nowMs - (n % 3)) };
  if (n % 11 === 0) return { of: 'refused', step, code: n % 2 ? 'provider-unknown: x' : 'key-quota' };
  switch (step) {
    case 'create-version':
      return open?.phase === 'created'
        ? { of: 'store', attempt: last }
        : { of: 'create-key', attempt: last, keyId: `AKIA-${last}` as KeyId };
    case 'recover':
      return {
        of: 'recover',
        keyIds: n % 3 ? keys : [...keys, key(90 + (n % 3))],
        stored:
          open && n % 2
            ? [{ attempt: open.attempt, keyId: open.phase === 'created' ? open.keyId : (`AKIA-${open.attempt}` as KeyId) }]
            : [],
      };
    case 'verify':
      return { of: step, attempt: last, usable: n % 3 > 0 };
    case 'promote':
      return { of: step, attempt: last };
    case 'retag':
      return { of: step, ownerId: (state.status === 'active' && n % 2 && state.replacement?.heir?.to?.id) || holder.id };
    case 'delete-version':
    case 'disable-version':
      return { of: step, keyId };
    case 'enable-version':
      return { of: step, keyId, there: n % 2 > 0 };
    case 'check-use':
      return { of: step, keyId, oldUsedAtMs: n % 2 ? undefined : nowMs, newUsedAtMs: n % 3 ? at(nowMs + 1e9) : undefined };
    case 'disable-all':
      return { of: step, keyIds: keys };
    case 'remove-account':
      return { of: step, removed: n % 2 > 0 };
    case 'confirm-absence':
      return { of: step, absent: n % 3 > 0 };
    default:
      return { of: step };
  }
}

interface Told {
  readonly before: Credential;
  readonly state: Credential;
  readonly nowMs: EpochMs;
  readonly events: readonly CredentialEvent[];
}
type Move = readonly ['wait' | 'take' | 'find' | 'want', number];
/** Goes well. */
const WELL = 13;
const WORK: readonly Move[] = [
  ['take', 0],
  ['find', WELL],
  ['find', WELL],
];

const history: fc.Arbitrary<readonly Move[]> = fc
  .array(
    fc.oneof(
      {
        weight: 40,
        arbitrary: fc.constantFrom(4_000, 95_000, 160_000, 600_000, 86_400_000).map((ms): readonly Move[] => [['wait', ms], ...WORK]),
      },
      { weight: 60, arbitrary: fc.constant<readonly Move[]>(WORK) },
      { weight: 10, arbitrary: fc.constant<readonly Move[]>([['take', 0]]) },
      { weight: 10, arbitrary: fc.nat(1_000).map((n): readonly Move[] => [['find', n]]) },
      { weight: 10, arbitrary: fc.nat(COMMANDS.length - 2).map((n): readonly Move[] => [['want', n]]) },
      { weight: 1, arbitrary: fc.constant<readonly Move[]>([['want', COMMANDS.length - 1]]) },
    ),
    { minLength: 10, maxLength: 50, size: 'max' },
  )
  .map((moves) => moves.flat());

/** Lives through a history, and looks at each change. */
function live(moves: readonly Move[], look: (told: Told) => void): Told {
  let nowMs = at(1_000_000);
  let made = 0;
  const asked = decide(undefined, { type: 'request', id: 'cred_1' as CredentialId, holder, grant, rotation }, nowMs, timing);
  let events = asked.ok ? asked.events : [];
  const first = events.reduce<Credential | undefined>(evolve, undefined);
  if (!first) throw new Error('not requested');
  let state: Credential = first;
  for (const [what, n] of moves) {
    const before = state;
    if (what === 'wait') nowMs = at(nowMs + n);
    else {
      made += 1;
      const decision = decided(state, nowMs, what, n, attempt(made));
      if (decision?.ok) {
        events = [...events, ...decision.events];
        state = decision.events.reduce<Credential>(evolve, state);
      }
    }
    look({ before, state, nowMs, events });
  }
  return { before: state, state, nowMs, events };
}

function decided(state: Credential, nowMs: EpochMs, what: Move[0], n: number, fresh: AttemptId): Decision | undefined {
  if (what === 'find') return decideOutcome(state, state.fence, found(state, nowMs, n), nowMs, timing);
  if (what === 'want') return decide(state, COMMANDS[n]?.(nowMs) ?? { type: 'look' }, nowMs, timing);
  const next = nextStep(state, nowMs);
  if (next.do === 'give-up') return decide(state, { type: 'revoke', cause: next.cause }, nowMs, timing);
  if (next.do === 'suspend') return decide(state, { type: 'suspend', why: next.why }, nowMs, timing);
  if (next.do === 'rest' || next.do === 'wait' || next.do === 'deny') return undefined;
  if (next.do === 'pass-on') return decide(state, { type: 'pass-on', acceptWithinMs: 900_000 }, nowMs, timing);
  if (next.do === 'follow-up') return decide(state, { type: 'escalate' }, nowMs, timing);
  return decide(state, { type: 'start', step: next.do as LeasedStep, attempt: fresh }, nowMs, timing);
}

const each = (look: (told: Told) => void, seed?: number): void =>
  fc.assert(
    fc.property(history, (moves) => void live(moves, look)),
    { numRuns: 1_000, ...(seed !== undefined && { seed }) },
  );

describe('whatever happens to a credential, in any order (1,000 histories each)', () => {
  it('is history that can be: no event is decided that can’t be applied', () => {
    const seen = new Set<string>();
    each(({ state, events }) => {
      seen.add(state.status);
      for (const { type } of events.slice(-2)) seen.add(type);
    }, 1);
    // A property of histories in which nothing happens would say nothing.
    for (const what of [
      'revoked',
      'VersionDisabled',
      'CredentialHandedOver',
      'SuspensionLifted',
      'AttemptsRecovered',
      'HeirLost',
      'SuccessionEscalated',
    ])
      expect(seen).toContain(what);
  });

  it('nothing revives what ends', () =>
    each(({ before, state }) => {
      if (before.status === 'revoked') expect(state).toEqual(before);
      if (before.status === 'revoking') expect(['revoking', 'revoked']).toContain(state.status);
    }));

  it('it is due exactly when it is not at rest, and never before now', () =>
    each(({ state, nowMs }) => {
      const next = nextStep(state, nowMs);
      const due = dueAtMs(state, nowMs);
      expect(due === undefined).toBe(next.do === 'rest');
      expect(state.status === 'revoked').toBe(next.do === 'rest');
      if (next.do === 'wait') expect(next.untilMs).toBeGreaterThan(nowMs);
      // A sweep that finds nothing to do puts the record off.
      if (due !== undefined && due < Date.parse('9999-01-01')) expect(nextStep(state, due).do).not.toBe('wait');
    }));

  it('it waits no longer than to the deadline that ends the wait', () =>
    each(({ state, nowMs }) => {
      const due = dueAtMs(state, nowMs) ?? 0;
      if (state.status === 'provisioning') expect(due).toBeLessThanOrEqual(Math.max(nowMs, state.deadlineMs));
      if (state.status === 'active' && state.approval?.kind === 'pending')
        expect(due).toBeLessThanOrEqual(Math.max(nowMs, state.approval.deadlineMs));
      const { replacement } = state.status === 'active' ? state : { replacement: undefined };
      if (replacement && !(replacement.cutOffAtMs !== undefined && replacement.heir?.to))
        expect(due).toBeLessThanOrEqual(Math.max(nowMs, replacement.deadlineMs));
      if (state.status === 'suspended' && state.ends && state.liftAtMs === undefined)
        expect(due).toBeLessThanOrEqual(Math.max(nowMs, state.ends.atMs));
    }));

  it('replayed it is what it is', () =>
    fc.assert(
      fc.property(history, (moves) => {
        const { state, events } = live(moves, () => undefined);
        expect(events.reduce<Credential | undefined>(evolve, undefined)).toEqual(state);
      }),
      { numRuns: 1_000 },
    ));

  it('its fence only goes up, by one with each lease', () =>
    each(({ before, state }) => {
      expect(state.fence - before.fence).toBe(state.lease && state.lease !== before.lease ? 1 : 0);
    }));

  it('it has one current key at most, and never forgets an attempt whose key it knows', () =>
    each(({ state }) => {
      expect(state.versions.filter(({ phase }) => phase === 'current').length).toBeLessThanOrEqual(1);
      for (const { attempt: of } of state.versions) if (of) expect(state.attempts).toContain(of);
    }));

  it('a deny that began before the record wanted it changes nothing', () =>
    each(({ state, nowMs }) => {
      const wanted = state.status === 'suspended' || state.status === 'revoking' ? state.denyAtMs : undefined;
      if (wanted === undefined) return;
      expect(decideOutcome(state, state.fence, { of: 'deny', startedAtMs: at(wanted - 1) }, nowMs, timing)).toEqual({
        ok: true,
        events: [],
      });
    }));

  it('under a stale fence nothing is recorded', () =>
    each(({ state, nowMs }) => {
      const outcome = found(state, nowMs, 1);
      if (outcome.of === 'deny') return;
      expect(decideOutcome(state, state.fence - 1, outcome, nowMs, timing)).toEqual({ ok: false, why: 'stale-fence' });
    }));
});
