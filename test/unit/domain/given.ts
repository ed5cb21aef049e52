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
export const revoking = (story: Story): Story => command(story, { type: 'revoke', cause: 'owner-left' });
