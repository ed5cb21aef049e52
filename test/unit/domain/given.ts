import { type Command, type Decision, decide } from '../../../lib/domain/credential/decide.ts';
import { evolve } from '../../../lib/domain/credential/evolve.ts';
import { nextStep } from '../../../lib/domain/credential/next-step.ts';
import { decideOutcome, type Outcome } from '../../../lib/domain/credential/outcome.ts';
import type { Credential, Grant, Holder, LeasedStep } from '../../../lib/domain/credential/state.ts';
import type { Rotation } from '../../../lib/domain/policy.ts';
import { DEFAULT_TIMING } from '../../../lib/domain/timing.ts';
import type { AttemptId, CredentialId, EpochMs, KeyId, OwnerId, OwnerKey } from '../../../lib/domain/types.ts';

export const at = (ms: number): EpochMs => ms as EpochMs;
export const attempt = (n: number): AttemptId => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}` as AttemptId;
export const key = (n: number): KeyId => `AKIA${n}` as KeyId;
export const holder: Holder = { id: 'own_1' as OwnerId, key: 'k1' as OwnerKey, epoch: 0 };
export const grant: Grant = {
  profile: 'ci-deploy',
  connector: 'aws-iam-user',
  account: '000000000000',
  accountName: 'nhi-cred_1',
  secretName: 'nhi/ci-deploy/cred_1',
  purpose: 'a test',
  environment: 'dev',
  consumers: [],
};
export const rotation: Rotation = {
  everyMs: 7_776_000_000,
  overlapMs: 86_400_000,
  hardLimitMs: 604_800_000,
  regretMs: 604_800_000,
  stillInUse: 'extend',
};
export const timing = DEFAULT_TIMING;

/** A credential taken through commands and outcomes by the real decisions; throws where one is refused. */
export interface Story {
  readonly state: Credential;
  readonly nowMs: EpochMs;
}

const apply = ({ state, nowMs }: Story, decision: Decision): Story => {
  if (!decision.ok) throw new Error(`refused: ${decision.why}`);
  return { state: decision.events.reduce<Credential>(evolve, state), nowMs };
};

export function requested(nowMs = at(1_000)): Story {
  const decision = decide(undefined, { type: 'request', id: 'cred_1' as CredentialId, holder, grant, rotation }, nowMs, timing);
  if (!decision.ok) throw new Error(decision.why);
  const state = decision.events.reduce<Credential | undefined>(evolve, undefined);
  if (!state) throw new Error('no state');
  return { state, nowMs };
}

export const command = (story: Story, wanted: Command): Story => apply(story, decide(story.state, wanted, story.nowMs, timing));
export const outcome = (story: Story, found: Outcome, fence = story.state.fence): Story =>
  apply(story, decideOutcome(story.state, fence, found, story.nowMs, timing));
export const denied = (story: Story): Story => outcome(story, { of: 'deny', startedAtMs: story.nowMs });
export const start = (story: Story, step: LeasedStep, n = 1): Story => command(story, { type: 'start', step, attempt: attempt(n) });
export const later = (story: Story, ms: number): Story => ({ ...story, nowMs: at(story.nowMs + ms) });
export const wants = ({ state, nowMs }: Story): string => nextStep(state, nowMs).do;

/** Steps with their answers, on the straight road. */
export const done = (story: Story, step: LeasedStep, found: Outcome): Story => outcome(start(story, step), found);
export const withSecret = (story: Story): Story =>
  done(done(story, 'ensure-account', { of: 'ensure-account' }), 'ensure-secret', { of: 'ensure-secret' });
export const stored = (story: Story): Story => {
  const created = outcome(start(withSecret(story), 'create-version'), { of: 'create-key', attempt: attempt(1), keyId: key(1) });
  return outcome(created, { of: 'store', attempt: attempt(1) });
};
export const active = (): Story => {
  const verified = done(later(stored(requested()), 4_000), 'verify', { of: 'verify', attempt: attempt(1), usable: true });
  return done(done(verified, 'promote', { of: 'promote', attempt: attempt(1) }), 'share', { of: 'share' });
};
/** One that lives is no longer new: what was just made is waited for. */
export const revoking = (story: Story): Story =>
  command(story.state.status === 'active' ? later(story, timing.settleMs) : story, { type: 'revoke', cause: 'owner-left' });

/** A rotation from the command to the promotion of key `n`. */
export const rotated = (story: Story, n = 2, asked: Command = { type: 'rotate' }): Story => promoted(command(story, asked), n);
/** Key `n` made, stored, verified and promoted, by steps the record wants. */
export const promoted = (story: Story, n = 2): Story => {
  const created = outcome(start(story, 'create-version', n), { of: 'create-key', attempt: attempt(n), keyId: key(n) });
  const stored = later(outcome(created, { of: 'store', attempt: attempt(n) }), 4_000);
  const verified = done(stored, 'verify', { of: 'verify', attempt: attempt(n), usable: true });
  return done(verified, 'promote', { of: 'promote', attempt: attempt(n) });
};
/** The old key out of use, as the provider shows, and disabled. */
export const retired = (story: Story, n = 1): Story => {
  const due = later(story, rotation.overlapMs);
  const found = { of: 'check-use', keyId: key(n), oldUsedAtMs: undefined, newUsedAtMs: due.nowMs } as const;
  return done(done(due, 'check-use', found), 'disable-version', { of: 'disable-version', keyId: key(n) });
};
export const suspended = (): Story => denied(command(active(), { type: 'suspend', why: 'requested' }));
export const resumed = (story: Story): Story => {
  const asked = command(story, { type: 'resume', holder: story.state.holder });
  return done(later(asked, timing.leaseMs + timing.settleMs), 'lift', { of: 'lift' });
};
export const gone = (story: Story): Story =>
  (
    [
      ['disable-all', { of: 'disable-all', keyIds: [] }],
      ['withdraw-secret', { of: 'withdraw-secret' }],
      ['remove-account', { of: 'remove-account', removed: true }],
      ['confirm-absence', { of: 'confirm-absence', absent: true }],
    ] as const
  ).reduce<Story>((now, [step, found]) => done(now, step, found), denied(story));
export const phases = ({ state }: Story): readonly string[] => state.versions.map(({ phase, attempt: of }) => `${of?.slice(-1)} ${phase}`);

export const heir: Holder = { id: 'own_2' as OwnerId, key: 'k2' as OwnerKey, epoch: 0 };
export const handOver = (change: Partial<Extract<Command, { type: 'hand-over' }>> = {}): Extract<Command, { type: 'hand-over' }> => ({
  ...{ type: 'hand-over', to: heir, rung: 'named', cause: 'owner-left', leave: 5, line: holder.id, refused: [] },
  ...{ overlapMs: 60_000, regretMs: 3_600_000 },
  ...change,
});

/** Handed over as far as that every key the leaver knew is disabled. */
export function cutOff(): Story {
  return done(later(promoted(command(active(), handOver())), 60_000), 'disable-version', { of: 'disable-version', keyId: key(1) });
}
