import { memoryLedger } from '../../../lib/adapters/memory/ledger.ts';
import { memoryWake } from '../../../lib/adapters/memory/wake.ts';
import { applyFact, type FactResult } from '../../../lib/application/apply-fact.ts';
import { type Asked, changeCredential } from '../../../lib/application/change-credential.ts';
import { killOwner } from '../../../lib/application/kill-owner.ts';
import { grantFor } from '../../../lib/application/naming.ts';
import { appendCredential } from '../../../lib/application/record.ts';
import { workOnOwner } from '../../../lib/application/work-owner.ts';
import type { Caller } from '../../../lib/domain/authorize.ts';
import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import type { OwnerFact } from '../../../lib/domain/owner/state.ts';
import type { Policy, Right } from '../../../lib/domain/policy.ts';
import type { AttemptId, CredentialId, EpochMs, KeyId, OwnerId } from '../../../lib/domain/types.ts';
import { givenPolicy } from '../../given-policy.ts';
import { rotation } from '../domain/given.ts';

const START = 1_800_000_000_000;
const context = { actor: { kind: 'system', id: 't' }, cause: 't', correlationId: 't', policyDigest: 'digest' } as const;

/** A caller, as a rule of the policy makes one: `hr:1` with those rights, acting for others besides. */
export const as = (ownerRef: string, may: readonly Right[] = [], others: readonly string[] = []): Caller => ({
  arn: `arn:aws:sts::1:assumed-role/x/${ownerRef}`,
  ...{ ownerRef, may, for: others },
});

/** Owners and credentials in a ledger in memory, without a provider: what commands and facts decide. */
export function company(policy: Policy = givenPolicy()) {
  let nowMs = START as EpochMs;
  let count = 0;
  const ledger = memoryLedger();
  const clock = { now: () => nowMs };
  const wake = memoryWake(clock);
  const next = (): string => {
    count += 1;
    return `${count}`.padStart(26, '0');
  };
  const ids = { ulid: next, uuid: () => `00000000-0000-4000-8000-${next().slice(14)}` };
  const ports = { ledger, clock, ids, timing: policy.timing, wake, policy, policyDigest: 'digest', account: '1' };
  const said = new Map<string, OwnerFact['attributes']>(); // a fact says all of them
  const fact = (
    type: OwnerFact['type'],
    subject: string,
    more: Partial<OwnerFact['attributes']> & Partial<Pick<OwnerFact, 'cause'>> = {},
  ) => {
    const { cause = 'normal', ...changed } = more;
    const attributes = { email: `${subject.split(':')[1]}@example.com`, roles: ['R'], ...said.get(subject), ...changed };
    said.set(subject, attributes);
    count += 1;
    const times = { occurredAtMs: nowMs, effectiveAtMs: nowMs, sequence: count };
    return applyFact(ports)({
      ...{ type, id: `f${count}`, source: subject.split(':')[0] ?? '', subject: subject.split(':')[1] ?? '', cause, ...times },
      attributes,
    });
  };
  const idOf = async (ref: string): Promise<OwnerId> => {
    const id = await ledger.ownerByAlias(ref.split(':')[0] ?? '', ref.split(':')[1] ?? '');
    if (!id) throw new Error(`nobody is ${ref}`);
    return id;
  };
  const append = async (id: CredentialId, events: readonly CredentialEvent[]): Promise<void> => {
    await appendCredential(ports, await ledger.credential(id), events, context);
  };
  return {
    ...{ ledger, ports, wake, fact, idOf, append },
    now: () => nowMs,
    later: (ms: number) => {
      nowMs = (nowMs + ms) as EpochMs;
    },
    joins: (subject: string, attributes: Partial<OwnerFact['attributes']> = {}): Promise<FactResult> => fact('Joined', subject, attributes),
    /** An active credential of that owner, with one key. */
    issue: async (ref: string, profile = 'p'): Promise<CredentialId> => {
      const id = `cred_${next()}` as CredentialId;
      const owner = (await ledger.owner(await idOf(ref)))?.state;
      if (!owner) throw new Error(ref);
      const holder = { id: owner.id, key: owner.key, epoch: owner.epoch };
      const grant = grantFor(id, 'aws-iam-user', '1', { profile, purpose: 'x', environment: 'e', consumers: [] });
      const attempt = ids.uuid() as AttemptId;
      const ttlMs = policy.profiles[profile]?.ttlMs;
      const of = { fence: 1, attempt };
      const events: readonly CredentialEvent[] = [
        {
          type: 'CredentialRequested',
          id,
          holder,
          grant,
          rotation,
          requestedAtMs: nowMs,
          deadlineMs: nowMs,
          ...(ttlMs !== undefined && { ttlMs }),
        },
        { type: 'StepStarted', ...of, step: 'create-version', untilMs: nowMs, settledAtMs: nowMs },
        { type: 'VersionCreated', ...of, keyId: `AKIA${count}` as KeyId },
        { type: 'VersionStored', ...of, verifyAtMs: nowMs },
        { type: 'VersionVerified', ...of, atMs: nowMs },
        { type: 'VersionPromoted', ...of, atMs: nowMs },
        { type: 'CredentialActivated', fence: 1, atMs: nowMs },
      ];
      const companions = [{ item: 'ownership', ownerId: owner.id, credentialId: id }] as const;
      await appendCredential(ports, undefined, events, context, { companions });
      return id;
    },
    change: (caller: Caller | undefined, id: CredentialId, verb: Asked['verb'], more: Partial<Asked> = {}) =>
      changeCredential(ports)(caller, caller?.arn ?? 'arn:nobody', id, { verb, reason: 'a test', ...more }),
    state: async (id: CredentialId) => {
      const state = (await ledger.credential(id))?.state;
      if (!state) throw new Error(id);
      return state;
    },
    owner: async (ref: string) => {
      const state = (await ledger.owner(await idOf(ref)))?.state;
      if (!state) throw new Error(ref);
      return state;
    },
    work: async (ref: string) => workOnOwner(ports)(await idOf(ref), (nowMs + 1_000_000) as EpochMs),
    kills: (ref: string) => killOwner(ports)(as('hr:2', ['operate']), 'arn:x', ref, 'kill', 'a test'),
    lastCause: async (id: CredentialId | OwnerId) => (await ledger.events(id)).at(-1)?.cause,
  };
}
