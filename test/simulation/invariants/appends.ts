import type { CredentialAppend, OwnerAppend, RecordAppend } from '../../../lib/application/ports.ts';
import { warnAtMs } from '../../../lib/domain/credential/expiry.ts';
import { nextStep } from '../../../lib/domain/credential/next-step.ts';
import type { Credential } from '../../../lib/domain/credential/state.ts';
import { countsOf } from '../../../lib/domain/guard.ts';
import { nextOwnerStep } from '../../../lib/domain/owner/decide.ts';
import type { Owner } from '../../../lib/domain/owner/state.ts';
import type { OwnerId } from '../../../lib/domain/types.ts';
import { callerOf, PIPELINE } from '../company.ts';
import { accountOf, type World } from '../world.ts';
import { checkDeletions, type MadeKeys } from './deletions.ts';
import { checkLifted } from './kill.ts';
import { isFollowedUp, isOfCredential, isOfOwner, type Knowledge, knowledge } from './knowledge.ts';
import { checkOutlived } from './sessions.ts';
import { type Report, report } from './violation.ts';

/** Looks at every write as it takes effect, and at the provider in that moment. */
export function watchAppends(here: World, to: Report): Knowledge {
  const knows = knowledge(here);
  const guard: Guard = { taken: new Map(), admitted: new Map(), enforced: new Set() };
  const keys: MadeKeys = new Map();
  here.ledger.watch((append) => {
    checkChain(append, to);
    if (isOfCredential(append)) {
      knows.learn(append);
      checkDeletions(keys, append, knows, to);
      checkCredential(here, append, guard, to);
      checkLifted(append, to);
    } else if (isOfOwner(append)) checkOwner(here, append, knows, guard, to);
    else if ('digest' in append.state && (append.state.status === 'followed-up') !== (append.dueAtMs === undefined))
      report(to, '10 what is not at rest is due', append.state.id);
  });
  return knows;
}

/** What the guard let through: by window, and the leaves of an owner by their number. */
interface Guard {
  readonly taken: Map<string, { owners: number; credentials: number }>;
  readonly admitted: Map<OwnerId, number>;
  /** Owners of whom anything was ever to be taken away. */
  readonly enforced: Set<string>;
}

function checkChain({ before, state, envelopes }: RecordAppend, to: Report): void {
  let [prevHash, version] = [before?.headHash, before?.version ?? 0];
  for (const one of envelopes) {
    version += 1;
    if (one.version !== version || (prevHash !== undefined && one.prevHash !== prevHash)) report(to, '11 events are chained', state.id);
    prevHash = one.hash;
  }
}

const RANK = { provisioning: 0, active: 0, suspended: 0, revoking: 1, revoked: 2 } as const;

function checkCredential(here: World, { before, state, envelopes, dueAtMs }: CredentialAppend, guard: Guard, to: Report): void {
  const { ledger, provider, clock } = here;
  const was = before?.state;
  const { id, grant, holder } = state;
  const nowMs = clock.now();
  if (was && RANK[state.status] < RANK[was.status]) report(to, '6 revoked is final', `${id} is ${state.status} after ${was.status}`);
  if ((nextStep(state, nowMs).do === 'rest') !== (dueAtMs === undefined)) report(to, '10 what is not at rest is due', id);
  if (dueAtMs !== undefined && dueAtMs > latestDue(state, nowMs)) report(to, '10 due not later than the deadline', `${id} ${state.status}`);
  const owner = ledger.owners.get(holder.id)?.state;
  const given = (): void => {
    if (!(owner?.status === 'active' && owner.epoch === holder.epoch && !owner.killed))
      report(
        to,
        '7 nothing is given to who is not there',
        `${id}, ${holder.id} is ${owner?.status}, epoch ${owner?.epoch}, given in ${holder.epoch}`,
      );
  };
  for (const { data, actor, cause, policyDigest, correlationId } of envelopes) {
    const isObserved = here.policyOf(policyDigest).mode === 'observe' && !guard.enforced.has(correlationId); // admitted before, it goes on
    if (isObserved && actor.id === 'offboard' && !/^killed: |^unkill$/.test(cause))
      report(to, 'observing takes nothing away', `${id} ${data.type}`);
    if ('fence' in data && data.type !== 'StepStarted' && was?.lease?.fence !== data.fence)
      report(to, '12 a stale fence records nothing', `${id} ${data.type} under ${data.fence}, held is ${was?.lease?.fence}`);
    switch (data.type) {
      case 'StepStarted':
        if (was?.lease && nowMs < was.lease.untilMs) report(to, '12 one actor at a time', `${id} ${data.step} while ${was.lease.step}`);
        break;
      case 'CredentialRequested':
      case 'ResumptionStarted':
        given();
        break;
      case 'ExpiryRenewed':
        given();
        if (here.policyOf(policyDigest).profiles[grant.profile]?.renewal === 'none') report(to, '7 renewed where the profile allows', id);
        if (state.expiry?.atMs !== data.atMs + data.ttlMs) report(to, '10 a renewal begins the time anew', id);
        break;
      case 'ExpiryApproaching':
        if (!(was?.expiry && data.warning > was.expiry.warned && nowMs > was.requestedAtMs))
          report(to, '10 each warning is given once', id);
        break;
      case 'CredentialHandedOver': {
        given();
        const from = was && ledger.owners.get(was.holder.id)?.state;
        const user = accountOf(here, state);
        const stillKnown = was?.status === 'active' ? (was.replacement?.known ?? []) : [];
        for (const { attempt, active } of user?.keys.values() ?? [])
          if (active && attempt && stillKnown.includes(attempt))
            report(to, '17 passed on after every known key is disabled', `${id} from ${from?.id}`);
        if (user && user.ownerKey !== holder.key) report(to, '17 the tag names who receives it', id);
        break;
      }
      case 'RetirementAllowed':
        if (!data.inUse && was) checkEvidence(here, was, to);
        break;
      case 'ApprovalGranted':
        if (isOwn(actor.id, owner)) report(to, '13 nobody approves for whom they act', `${id} by ${actor.id}`);
        if (data.by === was?.holder.id) report(to, '13 nobody approves for themselves', id);
        if (!(data.untilMs > nowMs) || !Number.isFinite(data.untilMs)) report(to, '13 approvals expire', id);
        break;
      case 'CredentialRevoked': {
        const secret = provider.secrets.get(grant.secretName);
        if (state.status === 'revoked') checkOutlived(here, id, state.receipt, to);
        if (accountOf(here, state)) report(to, '15 a receipt means absence', `${id} has a user`);
        if (secret && secret.deletedAtMs === undefined) report(to, '15 a receipt means absence', `${id} has a secret`);
        break;
      }
      case 'RevocationStarted':
        if (data.cause === 'expired') checkExpired(was, nowMs, to);
        if (actor.kind === 'system') checkTaken(here, was, data, guard, to);
        break;
      case 'SuspensionStarted':
      case 'ReplacementStarted':
        if (actor.kind === 'system') checkTaken(here, was, data, guard, to);
        break;
    }
  }
}

/** By themselves under whatever role, or by the pipeline that acts for everybody. */
const isOwn = (arn: string, owner: Owner | undefined): boolean =>
  arn === PIPELINE.arn || (owner !== undefined && arn === callerOf(owner).arn);

/** Not before its time is over, and not without a warning. */
function checkExpired(was: Credential | undefined, nowMs: number, to: Report): void {
  if (!was?.expiry || nowMs < was.expiry.atMs) report(to, '10 what is limited ends at its end', `${was?.id} before it`);
  if (was?.status === 'active' && was.expiry && warnAtMs(was.expiry) !== undefined) report(to, '10 warned before the end', was.id);
}

/** Somebody else than our own verification has called with the new key. */
function checkEvidence({ provider, consumedAtMs }: World, { id, grant, versions }: Credential, to: Report): void {
  const current = versions.find(({ phase }) => phase === 'current');
  const keys = provider.users.get(grant.accountName)?.keys;
  const key = current?.phase === 'current' ? keys?.get(current.keyId) : undefined;
  if (!key || !consumedAtMs.has(key)) report(to, '4 an old key goes when the new one is used', id);
}

type Taking = {
  readonly type: string;
  readonly cause?: string;
  readonly why?: string;
  readonly heir?: { readonly cause: string } | undefined;
};

/** What a leave takes away was let through by the guard; but for a reversible stop of who left for cause. */
function checkTaken(
  { ledger }: World,
  was: Credential | undefined,
  { type, cause, why, heir }: Taking,
  { admitted }: Guard,
  to: Report,
): void {
  if (!was || was.status === 'suspended') return;
  const because = cause ?? why ?? heir?.cause;
  const owner = ledger.owners.get(was.holder.id)?.state;
  const leave = owner?.offboarding;
  const deadlined = was.status === 'active' && was.replacement; // its end was decided with it
  if (!because?.startsWith('owner-left') || deadlined || !leave || (admitted.get(owner.id) ?? 0) > was.holder.epoch) return;
  if (type === 'SuspensionStarted' && leave.cause === 'for-cause') return;
  report(to, '14 nothing is taken that the guard holds', `${was.id} by ${type}`);
}

/** Beyond its deadline a record wants its end at once; where its time is limited, that is one. */
function latestDue(state: Credential, nowMs: number): number {
  const endsAtMs =
    (state.status === 'active' || state.status === 'suspended') && state.expiry ? state.expiry.atMs : Number.POSITIVE_INFINITY;
  return Math.min(Math.max(nowMs, endsAtMs), latestOf(state, nowMs));
}

function latestOf(state: Credential, nowMs: number): number {
  switch (state.status) {
    case 'provisioning':
      return Math.max(nowMs, state.deadlineMs);
    case 'active':
      return state.replacement && (state.replacement.cutOffAtMs === undefined || !state.replacement.heir?.to)
        ? Math.max(nowMs, state.replacement.deadlineMs)
        : Number.POSITIVE_INFINITY;
    case 'suspended':
      return state.ends && state.liftAtMs === undefined ? Math.max(nowMs, state.ends.atMs) : Number.POSITIVE_INFINITY;
    default:
      return Number.POSITIVE_INFINITY;
  }
}

function checkOwner(
  here: World,
  { state, before, envelopes, dueAtMs }: OwnerAppend,
  knows: Knowledge,
  { taken, admitted, enforced }: Guard,
  to: Report,
): void {
  const nowMs = here.clock.now();
  if ((nextOwnerStep(state, nowMs).do === 'rest') !== (dueAtMs === undefined)) report(to, '10 what is not at rest is due', state.id);
  for (const { data, cause } of envelopes) {
    if (data.type === 'OwnerOffboarded') checkConvergence(here, state, knows, to);
    if (data.type !== 'RemovalAdmitted') continue;
    enforced.add(state.id);
    if (data.of === 'leave') admitted.set(state.id, state.offboarding?.epochBelow ?? 0);
    const admission = data.of === 'leave' ? before?.state.offboarding?.admission : before?.state.review?.admission;
    const forCause = data.of === 'leave' && before?.state.offboarding?.cause === 'for-cause';
    if (admission?.is === 'held' && !cause.startsWith('released by ')) report(to, '14 nothing is taken that the guard holds', state.id);
    if (admission?.is === 'held' || data.credentials === 0) continue; // by a release, which is looked at in the end; or nothing
    for (const { window, bucket, maxOwners, maxCredentials } of countsOf(here.policy.guard, forCause, data.credentials, data.atMs)) {
      const sum = taken.get(`${window} ${bucket}`) ?? { owners: 0, credentials: 0 };
      sum.owners += 1;
      sum.credentials += data.credentials;
      taken.set(`${window} ${bucket}`, sum);
      if (sum.owners > maxOwners || sum.credentials > maxCredentials)
        report(to, '14 no more than the guard allows', `${window}, ${state.id}`);
    }
  }
}

/** The closing receipt of a leave: at the provider, not by what the records say. */
function checkConvergence(here: World, owner: Owner, knows: Knowledge, to: Report): void {
  if (!isFollowedUp(here, owner)) return;
  for (const id of knows.heldBy(owner.id)) {
    const credential = here.ledger.credentials.get(id)?.state;
    const keyId = credential && knows.worksFor(owner, credential);
    if (keyId) report(to, '8 a leave is closed when nothing known works', `${owner.id} knows ${keyId} of ${id}`);
  }
}
