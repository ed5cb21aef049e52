import type { Listed } from '../../lib/application/consult.ts';
import type { Credential, Version } from '../../lib/domain/credential/state.ts';
import type { DenyEntry } from '../../lib/domain/deny-list.ts';
import type { Finding } from '../../lib/domain/orphans.ts';
import type { Admission, Owner } from '../../lib/domain/owner/state.ts';
import { killView } from './view-kill.ts';
import { lifeView, time } from './view-life.ts';

/** A credential as callers see it: no leases and fences, and never a value. */
export const credentialView = (credential: Credential) => ({
  id: credential.id,
  status: credential.status,
  owner: credential.holder.id,
  profile: credential.grant.profile,
  purpose: credential.grant.purpose,
  environment: credential.grant.environment,
  consumers: credential.grant.consumers,
  account: credential.grant.account,
  userName: credential.grant.accountName,
  secretName: credential.grant.secretName,
  ...(credential.grant.token && { scopes: credential.grant.token.scopes }),
  requestedAt: time(credential.requestedAtMs),
  keys: credential.versions.flatMap(keyView),
  ...(credential.blocked && {
    blocked: {
      code: credential.blocked.code,
      since: time(credential.blocked.sinceMs),
      tries: credential.blocked.tries,
      nextTryAt: time(credential.blocked.nextTryAtMs),
    },
  }),
  ...lifeView(credential),
  ...(credential.status === 'active' && { activeSince: time(credential.activeSinceMs), rotatesAt: time(credential.rotateAtMs) }),
  ...(credential.status === 'revoking' && {
    cause: credential.cause,
    revokingSince: time(credential.sinceMs),
    stage: credential.stage,
    accessRemovedAt: time(credential.cutOffAtMs),
  }),
  ...(credential.status === 'revoked' && {
    receipt: {
      cause: credential.receipt.cause,
      startedAt: time(credential.receipt.startedAtMs),
      accessRemovedAt: time(credential.receipt.cutOffAtMs),
      absentAt: time(credential.receipt.absentAtMs),
      keys: credential.receipt.keyIds,
      ...(credential.receipt.mayOutlive.length > 0 && {
        mayOutlive: credential.receipt.mayOutlive.map(({ role, untilMs }) => ({ role, until: time(untilMs) })),
      }),
    },
  }),
});

const keyView = (version: Version) => {
  if (version.phase === 'attempted') return [];
  const { keyId, phase } = version;
  return [{ keyId, phase, ...(phase === 'disabled' && { deletedOn: time(version.deleteAtMs) }) }];
};

export const listedView = ({ credential, owner }: Listed) => ({
  ...credentialView(credential),
  ...(owner && { ownerRef: `${owner.source}:${owner.subject}`, ownerStatus: owner.status, ownerRoles: owner.attributes.roles }),
});

export const findingView = ({ kind, subject, status, detail, credentialId, ownerId, firstSeenAtMs, lastSeenAtMs, wouldHave }: Finding) => ({
  ...{ kind, subject, status, detail, wouldHave },
  ...(credentialId && { credential: credentialId }),
  ...(ownerId && { owner: ownerId }),
  firstSeenAt: time(firstSeenAtMs),
  lastSeenAt: time(lastSeenAtMs),
});

/** Held by the guard: nothing is taken away before somebody releases the batch. Observed: nothing is, until the policy changes. */
const heldView = (admission: Admission) => ({
  ...(admission.is === 'held' && { held: { batch: admission.batch, since: time(admission.sinceMs), escalated: admission.escalated } }),
  ...(admission.is === 'observed' && { observedOnly: true }),
});

export const ownerView = (owner: Owner, killEntry?: DenyEntry) => ({
  ...killView(owner, killEntry),
  id: owner.id,
  source: owner.source,
  subject: owner.subject,
  status: owner.status,
  epoch: owner.epoch,
  roles: owner.attributes.roles,
  email: owner.attributes.email,
  ...(owner.status === 'leaving' && { leavesAt: time(owner.leaveAtMs) }),
  ...(owner.offboarding && {
    offboarding: {
      cause: owner.offboarding.cause,
      ...heldView(owner.offboarding.admission),
      pass: owner.offboarding.pass,
      nextPassAt: time(owner.offboarding.nextAtMs),
    },
  }),
  ...(owner.review && {
    review: { ...heldView(owner.review.admission), pass: owner.review.pass, nextPassAt: time(owner.review.nextAtMs) },
  }),
  ...(owner.reviewed && {
    reviewed: { receivedAt: time(owner.reviewed.receivedAtMs), doneAt: time(owner.reviewed.doneAtMs) },
  }),
  ...(owner.converged && {
    convergence: {
      credentials: owner.converged.credentials,
      occurredAt: time(owner.converged.occurredAtMs),
      receivedAt: time(owner.converged.receivedAtMs),
      accessRemovedAt: time(owner.converged.cutOffAtMs),
      completeAt: time(owner.converged.completeAtMs),
      sourceLagMs: owner.converged.receivedAtMs - owner.converged.occurredAtMs,
      ourLagMs: owner.converged.cutOffAtMs - owner.converged.receivedAtMs,
    },
  }),
});
