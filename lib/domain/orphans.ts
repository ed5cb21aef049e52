import type { Active, Credential } from './credential/state.ts';
import { mayHold } from './entitlement.ts';
import type { Owner } from './owner/state.ts';
import type { Policy, SweepRules } from './policy.ts';
import { type EpochMs, plusMs } from './types.ts';

/** One user as the provider lists it. */
export interface LiveUser {
  readonly name: string;
  readonly path: string;
  /** Keys the user has, inactive ones included; `undefined` where the provider's report does not know the user yet. */
  readonly keys: number | undefined;
}

/** What the provider holds, read whole: a listing that failed half-way is none. */
export interface AccountListing {
  readonly users: readonly LiveUser[];
  readonly listedAtMs: EpochMs;
  /** When the report with the number of keys was made; it may be hours old. */
  readonly keysAtMs: EpochMs;
}

/** A record with the time of its last change. */
export interface Known {
  readonly state: Credential;
  readonly changedAtMs: EpochMs;
}

/**
 * `stray-user`: under our path, and the ledger doesn't know it, or knows it to be revoked.
 * `unknown-key`: a user of ours has more keys than the ledger knows.
 * `owner-gone`, `not-entitled`: a live credential that its owner, as they are now, could not have.
 * `no-subject`: live in the ledger, and gone at the provider.
 * `unmanaged`: a user outside our path with keys of its own; reported, never touched.
 * `leaver`, `mover`: what following up on an owner would have taken away, where the stack or the source only observes.
 */
type OrphanKind = 'stray-user' | 'unknown-key' | 'owner-gone' | 'not-entitled' | 'no-subject' | 'unmanaged' | 'leaver' | 'mover';

export interface Orphan {
  readonly kind: OrphanKind;
  /** The user's name at the provider. */
  readonly subject: string;
  readonly credentialId: Credential['id'] | undefined;
  readonly ownerId: Owner['id'] | undefined;
  /** In words, for whoever reads the report. */
  readonly detail: string;
}

/** `open`: seen, nothing done. `quarantined`: denied and disabled. `ended`: removed, or its end begun. `resolved`: no longer seen. */
type FindingStatus = 'open' | 'quarantined' | 'ended' | 'resolved';
export type Act = 'none' | 'quarantine' | 'revoke';
/** What would become of a credential whose owner left or moved. */
export type LifeAct = 'revoke' | 'suspend' | 'transfer' | 'reapprove';

export interface Finding extends Orphan {
  readonly status: FindingStatus;
  readonly firstSeenAtMs: EpochMs;
  readonly lastSeenAtMs: EpochMs;
  /** What an enforcing sweep would have done last time, where this one only observes. */
  readonly wouldHave: Act | LifeAct;
}

/** What changes within so long may look different in a listing than it is. */
const LISTING_LAG_MS = 600_000;

/** Everything that is wrong with the account, as listed; pure, so that the same answers give the same findings. */
export function findOrphans(
  { users, listedAtMs, keysAtMs }: AccountListing,
  known: readonly Known[],
  owners: ReadonlyMap<Owner['id'], Owner>,
  policy: Policy,
  path: string,
): readonly Orphan[] {
  const byName = new Map(known.map((record) => [record.state.grant.accountName, record]));
  const live = new Map(users.filter((user) => user.path === path).map((user) => [user.name, user]));
  const none = { credentialId: undefined, ownerId: undefined };
  const ofUsers = users.flatMap((user): readonly Orphan[] => {
    const { name, keys = 0 } = user;
    if (user.path !== path)
      return keys > 0 ? [{ kind: 'unmanaged', subject: name, ...none, detail: `${keys} access keys outside ${path}` }] : [];
    const record = byName.get(name);
    if (!record) return [{ kind: 'stray-user', subject: name, ...none, detail: 'no record in the ledger' }];
    const { state, changedAtMs } = record;
    const of = { subject: name, credentialId: state.id, ownerId: state.holder.id };
    if (state.status === 'revoked' && changedAtMs + LISTING_LAG_MS < listedAtMs)
      return [{ kind: 'stray-user', ...of, detail: 'is back after its revocation' }];
    const expected = state.versions.filter(({ phase }) => phase !== 'attempted').length;
    const settled = state.status === 'active' && state.lookAgainAtMs === undefined && changedAtMs < keysAtMs;
    return settled && keys > expected
      ? [{ kind: 'unknown-key', ...of, detail: `${keys} keys, of which the ledger knows ${expected}` }]
      : [];
  });
  const ofRecords = known.flatMap(({ state, changedAtMs }): readonly Orphan[] => {
    if (state.status !== 'active') return [];
    const of = { subject: state.grant.accountName, credentialId: state.id, ownerId: state.holder.id };
    const owner = owners.get(state.holder.id);
    if (!isSeenTo(state, owner)) {
      if (owner?.status !== 'active' && owner?.status !== 'leaving')
        return [{ kind: 'owner-gone', ...of, detail: owner ? `the owner is ${owner.status}` : 'nobody has told of the owner' }];
      const entitled = mayHold(policy, { ...owner, status: 'active' }, state.grant.profile, state.grant.environment);
      const kept = !entitled.ok && entitled.why === 'not-eligible' && policy.profiles[state.grant.profile]?.onMove === 'keep';
      if (!entitled.ok && !kept && !isExcepted(state, listedAtMs))
        return [{ kind: 'not-entitled', ...of, detail: `${entitled.why}: ${entitled.value}` }];
    }
    const isListed = state.grant.connector === 'aws-iam-user';
    const missing = isListed && !live.has(state.grant.accountName) && changedAtMs + LISTING_LAG_MS < listedAtMs;
    return missing ? [{ kind: 'no-subject', ...of, detail: 'no such user at the provider' }] : [];
  });
  return [...ofUsers, ...ofRecords];
}

/** It has not fallen through: its leave or move is being carried out, or held by the guard, which a sweep may not go round. */
const isSeenTo = ({ replacement }: Active, owner: Owner | undefined): boolean =>
  owner?.offboarding !== undefined || owner?.review !== undefined || replacement?.heir !== undefined;

/** Somebody else has looked at it, or is about to. */
const isExcepted = ({ approval }: Active, nowMs: EpochMs): boolean =>
  approval?.kind === 'pending' || (approval?.kind === 'granted' && approval.untilMs > nowMs);

/** What is to be done about a finding now. Access that nobody answers for is cut at once and reversibly; its end waits for the grace. */
export function dueAct(finding: Finding, rules: SweepRules, nowMs: EpochMs): Act {
  if (rules.act === 'report' || finding.status === 'ended') return 'none';
  const graceOver = nowMs >= plusMs(finding.firstSeenAtMs, rules.graceMs);
  switch (finding.kind) {
    case 'unmanaged':
    case 'leaver':
    case 'mover':
    case 'no-subject':
      return 'none';
    case 'unknown-key':
      return 'quarantine'; // a look at the provider deletes what no attempt of ours made
    case 'stray-user':
      if (graceOver && rules.act === 'revoke') return 'revoke';
      return finding.status === 'open' ? 'quarantine' : 'none';
    case 'owner-gone':
    case 'not-entitled':
      return graceOver && rules.act === 'revoke' ? 'revoke' : 'none';
  }
}

/** A finding as it is after it was seen (again). One that was resolved, or was ended and is there after longer than a listing lags, begins anew. */
export function seen(before: Finding | undefined, orphan: Orphan, nowMs: EpochMs): Finding {
  const fading = before?.status === 'ended' && nowMs <= plusMs(before.lastSeenAtMs, LISTING_LAG_MS);
  const anew = !before || before.status === 'resolved' || (before.status === 'ended' && !fading);
  return {
    ...orphan,
    status: anew ? 'open' : before.status,
    firstSeenAtMs: anew ? nowMs : before.firstSeenAtMs,
    lastSeenAtMs: fading ? before.lastSeenAtMs : nowMs,
    wouldHave: 'none',
  };
}

export const sameFinding = (a: Orphan, b: Orphan): boolean => a.kind === b.kind && a.subject === b.subject;
