import { describe, expect, it } from 'vitest';
import { decide } from '../../../lib/domain/credential/decide.ts';
import { evolve } from '../../../lib/domain/credential/evolve.ts';
import { dueAtMs, nextStep } from '../../../lib/domain/credential/next-step.ts';
import type { Credential, Grant } from '../../../lib/domain/credential/state.ts';
import type { CredentialId } from '../../../lib/domain/types.ts';
import {
  active,
  at,
  attempt,
  command,
  done,
  grant,
  holder,
  key,
  later,
  outcome,
  phases,
  rotation,
  type Story,
  start,
  timing,
  wants,
} from './given.ts';

/** The same story, of an API token: what differs is only what the connector can do. */
const asToken = ({ state, nowMs }: Story): Story => ({ state: { ...state, grant: ofToken }, nowMs });
const ofToken: Grant = { ...grant, connector: 'api-token', token: { scopes: ['orders:read'], outlivesLeave: false } };
const requested = (): Story => {
  const decision = decide(
    undefined,
    { type: 'request', id: 'cred_1' as CredentialId, holder, grant: ofToken, rotation },
    at(1_000),
    timing,
  );
  const state = decision.ok ? decision.events.reduce<Credential | undefined>(evolve, undefined) : undefined;
  if (!state) throw new Error('no state');
  return { state, nowMs: at(1_000) };
};
const prepared = (): Story => done(done(requested(), 'ensure-account', { of: 'ensure-account' }), 'ensure-secret', { of: 'ensure-secret' });

describe('a creation whose answer is missing', () => {
  const lost = later(start(prepared(), 'create-version'), timing.leaseMs);

  it('of a token is made again at the end of the lease, under its attempt', () => {
    expect(nextStep(lost.state, lost.nowMs)).toEqual({ do: 'create-version', attempt: attempt(1) });
    const again = start(lost, 'create-version', 2);
    expect([phases(again), again.state.attempts]).toEqual([['1 attempted'], [attempt(1)]]);
    expect(phases(outcome(again, { of: 'create-key', attempt: attempt(1), keyId: key(1) }))).toEqual(['1 created']);
  });

  it('of an access key waits until it can’t land any more, and then the provider is looked at', () => {
    const iam = { ...lost, state: { ...lost.state, grant } };
    expect(nextStep(iam.state, iam.nowMs)).toEqual({ do: 'wait', untilMs: iam.nowMs + timing.settleMs });
    expect(wants(later(iam, timing.settleMs))).toBe('recover');
  });

  it('of a token that is refused the second time is not forgotten: the first may have made it', () => {
    const refused = outcome(start(lost, 'create-version'), { of: 'refused', step: 'create-version', code: 'provider-throttled' });
    expect(phases(refused)).toEqual(['1 attempted']);
    expect(wants(refused)).toBe('wait');
    expect(nextStep(refused.state, at(refused.nowMs + 900_000))).toEqual({ do: 'create-version', attempt: attempt(1) });
  });

  it('whose token is on record, but its value perhaps not stored, is looked at: a value put twice would be two', () => {
    const created = outcome(start(prepared(), 'create-version'), { of: 'create-key', attempt: attempt(1), keyId: key(1) });
    expect(wants(later(created, timing.leaseMs))).toBe('wait');
    expect(wants(later(created, timing.leaseMs + timing.settleMs))).toBe('recover');
  });

  it('while it is suspended is not made again: the provider is looked at', () => {
    const due = asToken({ ...active(), nowMs: at(active().nowMs + rotation.everyMs) });
    const suspended = command(start(due, 'create-version', 2), { type: 'suspend', why: 'requested' });
    const denied = outcome(suspended, { of: 'deny', startedAtMs: suspended.nowMs });
    expect(wants(later(denied, timing.leaseMs))).toBe('wait');
    expect(wants(later(denied, timing.leaseMs + timing.settleMs))).toBe('recover');
  });
});

describe('a token', () => {
  it('is tried at once, since nothing has to spread first', () => {
    const created = outcome(start(prepared(), 'create-version'), { of: 'create-key', attempt: attempt(1), keyId: key(1) });
    expect(wants(outcome(created, { of: 'store', attempt: attempt(1) }))).toBe('verify');
  });

  it('that is rotated away is disabled when the overlap is over, since no use is noted', () => {
    const due = asToken({ ...active(), nowMs: at(active().nowMs + rotation.everyMs) });
    const created = outcome(start(due, 'create-version', 2), { of: 'create-key', attempt: attempt(2), keyId: key(2) });
    const stored = outcome(created, { of: 'store', attempt: attempt(2) });
    const verified = done(stored, 'verify', { of: 'verify', attempt: attempt(2), usable: true });
    const promoted = done(verified, 'promote', { of: 'promote', attempt: attempt(2) });
    expect(phases(promoted)).toEqual(['1 retiring', '2 current']);
    expect(dueAtMs(promoted.state, promoted.nowMs)).toBe(promoted.nowMs + rotation.overlapMs);
    const over = later(promoted, rotation.overlapMs);
    expect(wants(over)).toBe('disable-version');
    expect(phases(done(over, 'disable-version', { of: 'disable-version', keyId: key(1) }))).toEqual(['1 disabled', '2 current']);
  });
});
