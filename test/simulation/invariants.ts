import { accepts } from '../../lib/adapters/memory/provider-world.ts';
import { firstBreak } from '../../lib/application/envelope.ts';
import type { Envelope } from '../../lib/application/ports.ts';
import type { CredentialEvent } from '../../lib/domain/credential/events.ts';
import { evolve } from '../../lib/domain/credential/evolve.ts';
import { nextStep } from '../../lib/domain/credential/next-step.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import { nextOwnerStep } from '../../lib/domain/owner/decide.ts';
import { evolveOwner } from '../../lib/domain/owner/evolve.ts';
import type { Owner, OwnerEvent } from '../../lib/domain/owner/state.ts';
import type { CredentialId } from '../../lib/domain/types.ts';
import { ENTITLED, type World } from './world.ts';

/** A rule that does not hold, with what it was seen on. */
export class Violation extends Error {}

const violated = (rule: string, what: string): never => {
  throw new Violation(`${rule}: ${what}`);
};

/** What must hold after every step. `seen` remembers statuses between calls. */
export function checkStep({ ledger, provider, clock }: World, seen: Map<CredentialId, Credential['status']>): void {
  const nowMs = clock.now();
  for (const user of provider.users.values()) {
    const record = ledger.credentials.get(user.credential);
    if (user.keys.size > 2) violated('2 at most two keys', user.credential);
    for (const { attempt } of user.keys.values())
      if (!attempt || !record?.state.attempts.includes(attempt))
        violated('1 the attempt is on record before the key exists', user.credential);
    if (record?.state.status === 'revoked') violated('15 a receipt means absence', `${user.credential} has a user again`);
  }
  for (const [id, { state, dueAtMs }] of ledger.credentials) {
    const user = provider.users.get(state.grant.accountName);
    const secret = provider.secrets.get(state.grant.secretName);
    const before = seen.get(id);
    seen.set(id, state.status);
    if ((before === 'revoked' && state.status !== 'revoked') || (before === 'revoking' && !state.status.startsWith('revok')))
      violated('6 revoked is final', `${id} is ${state.status}`);
    if (state.status === 'revoked' && secret && secret.deletedAtMs === undefined)
      violated('15 a receipt means absence', `${id} has a readable secret`);
    if (state.status === 'active') {
      const current = secret?.labels.get('AWSCURRENT');
      const keyId = [...(user?.keys ?? [])].find(([, { attempt }]) => attempt === current)?.[0];
      if (!keyId || !accepts(provider, keyId, nowMs)) violated('4 AWSCURRENT works while active', id);
    }
    for (const version of state.status === 'active' ? state.versions : [])
      if (version.phase === 'retiring' && !version.allowed && !accepts(provider, version.keyId, nowMs))
        violated('4 the old key works during the overlap', `${id} ${version.keyId}`);
    for (const version of state.status === 'active' ? state.versions : [])
      if (version.phase === 'disabled' && nowMs < version.deleteAtMs && user?.keys.has(version.keyId) !== true)
        violated('5 a disabled key can be enabled again until it is deleted', `${id} ${version.keyId}`);
    if (state.status !== 'active' && state.status !== 'provisioning' && 'cutOffAtMs' in state && state.cutOffAtMs !== undefined)
      for (const keyId of user?.keys.keys() ?? [])
        if (accepts(provider, keyId, nowMs)) violated('access is gone after two calls', `${id} ${keyId}`);
    if (nextStep(state, nowMs).do !== 'rest' && dueAtMs === undefined) violated('10 what is not at rest is due', id);
  }
  for (const [id, { state, dueAtMs }] of ledger.owners)
    if (nextOwnerStep(state, nowMs).do !== 'rest' && dueAtMs === undefined) violated('10 what is not at rest is due', id);
}

/** What must hold when nothing is left to do. */
export function checkEnd({ ledger, provider }: World): void {
  for (const [id, { state, version }] of ledger.credentials) {
    const chain = ledger.history.get(id) ?? [];
    if (firstBreak(chain) !== undefined || chain.length !== version) violated('11 the chain verifies', id);
    const replayed = chain.reduce<Credential | undefined>((now, { data }) => evolve(now, data as CredentialEvent), undefined);
    if (JSON.stringify(replayed) !== JSON.stringify(state)) violated('11 replay equals state', id);
    checkDeletions(id, chain as readonly Envelope<CredentialEvent>[], state.rotation.regretMs);
    const owner = ledger.owners.get(state.holder.id)?.state;
    if (state.status === 'active' && !(owner?.status === 'active' && owner.epoch === state.holder.epoch))
      violated('7, 8 nothing lives for who is not there', id);
    if (state.status === 'active' && !owner?.attributes.roles.includes(ENTITLED))
      violated('a mover keeps nothing that exceeds the new role', id);
    const user = provider.users.get(state.grant.accountName);
    if (state.status === 'active' && user?.keys.size !== 1) violated('2 exactly one key at rest', `${id} has ${user?.keys.size ?? 0}`);
    if (state.status !== 'active' && state.status !== 'revoked') violated('10 nothing gets stuck', `${id} is ${state.status}`);
  }
  for (const [name, { credential }] of provider.users)
    if (ledger.credentials.get(credential)?.state.status !== 'active') violated('2 no user is unknown', name);
  for (const [id, { state, version }] of ledger.owners) {
    const chain = ledger.history.get(id) ?? [];
    if (firstBreak(chain) !== undefined || chain.length !== version) violated('11 the chain verifies', id);
    const replayed = chain.reduce<Owner | undefined>((now, { data }) => evolveOwner(now, data as OwnerEvent), undefined);
    if (JSON.stringify(replayed) !== JSON.stringify(state)) violated('11 replay equals state', id);
    if (state.review) violated('a move is closed by its review', id);
    if (state.epoch > 0 && !state.converged) violated('a leave is closed by its receipt', id);
  }
}

/** A key that was ever verified goes by way of being disabled, and of its regret time; one that never was may be deleted at once. */
function checkDeletions(id: string, chain: readonly Envelope<CredentialEvent>[], regretMs: number): void {
  const keys = new Map<string, { attempt: string; verified: boolean; disabledAtMs: number | undefined }>();
  for (const { at, data } of chain) {
    if (data.type === 'VersionCreated') keys.set(data.keyId, { attempt: data.attempt, verified: false, disabledAtMs: undefined });
    if (data.type === 'VersionVerified') for (const key of keys.values()) if (key.attempt === data.attempt) key.verified = true;
    if (data.type === 'VersionDisabled') {
      const key = keys.get(data.keyId);
      if (key) key.disabledAtMs = Date.parse(at);
    }
    if (data.type !== 'VersionDeleted') continue;
    const key = keys.get(data.keyId);
    if (key?.verified && !(key.disabledAtMs !== undefined && Date.parse(at) >= key.disabledAtMs + regretMs))
      violated('5 deleted only after disabled and regretted', `${id} ${data.keyId}`);
  }
}
