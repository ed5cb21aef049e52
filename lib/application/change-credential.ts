import { authorizeChange, type Caller, type Verb } from '../domain/authorize.ts';
import type { Command, Rejection } from '../domain/credential/decide.ts';
import type { Credential } from '../domain/credential/state.ts';
import { mayHold } from '../domain/entitlement.ts';
import { Fault } from '../domain/faults.ts';
import type { Owner } from '../domain/owner/state.ts';
import type { Policy } from '../domain/policy.ts';
import { type CredentialId, type EpochMs, plusMs } from '../domain/types.ts';
import { type Denied, maySeeCredential } from './consult.ts';
import type { Context } from './envelope.ts';
import { holderOf } from './find-heir.ts';
import { handOver, onward } from './pass-along.ts';
import type { OwnerCondition, Wake } from './ports.ts';
import { command, type RecordPorts } from './record.ts';
import { resolveOwner } from './request-credential.ts';
import { wakeWorker } from './wake-at.ts';
import { activeOwner, ownersBehind } from './who.ts';

export interface ChangePorts extends RecordPorts {
  readonly wake: Wake;
  readonly policy: Policy;
  readonly policyDigest: string;
}

export interface Asked {
  readonly verb: Verb;
  readonly reason: string;
  /** Of a transfer: who is to have it. */
  readonly to?: string | undefined;
}

export type Changed =
  | { readonly ok: true; readonly credential: Credential }
  | Denied
  | {
      readonly ok: false;
      readonly why: 'not-the-owner' | 'own-request' | 'caller-not-active';
      readonly field: 'caller';
      readonly value: string;
    }
  /** `credential`: in which state it is that it can't. */
  | {
      readonly ok: false;
      readonly why: Rejection | 'owner-not-active' | 'not-renewable';
      readonly field: 'id';
      readonly value: string;
      readonly credential: Credential | undefined;
    }
  | { readonly ok: false; readonly why: 'no-such-owner' | 'cannot-hold'; readonly field: 'to' | 'owner'; readonly value: string };

/** Carries out what somebody wants of a credential, where they may and its state lets them. */
export const changeCredential =
  (ports: ChangePorts) =>
  async (caller: Caller | undefined, arn: string, id: CredentialId, asked: Asked): Promise<Changed> => {
    const { ledger, policy } = ports;
    if (!caller) return { ok: false, why: 'unmapped-caller', field: 'caller', value: arn };
    const credential = (await ledger.credential(id))?.state;
    if (!credential || !(await maySeeCredential(ledger, caller, credential)))
      return { ok: false, why: 'not-found', field: 'id', value: id };
    const stands = (await ownersBehind(ledger, caller)).includes(credential.holder.id);
    const refused = authorizeChange(caller, rightFor(policy, credential, asked.verb), stands);
    if (refused) return { ok: false, why: refused, field: 'caller', value: arn };
    const found = await wishOf(ports, credential, asked, caller);
    if (!found.ok) return found;
    const context: Context = {
      actor: { kind: 'person', id: arn },
      cause: [asked.reason, ...found.note].join('; '),
      correlationId: id,
      policyDigest: ports.policyDigest,
    };
    return wake(ports, credential, () => command(ports, id, found.wish, context, found.requires));
  };

async function wake(ports: ChangePorts, credential: Credential, act: () => ReturnType<typeof command>): Promise<Changed> {
  const { id } = credential;
  try {
    const { decision, record } = await act();
    if (!decision.ok) return { ok: false, why: decision.why, field: 'id', value: id, credential: record?.state };
    if (!record) return { ok: false, why: 'no-such-credential', field: 'id', value: id, credential: undefined };
    await wakeWorker(ports, record.state);
    return { ok: true, credential: record.state };
  } catch (error) {
    if (error instanceof Fault && error.code === 'owner-not-active')
      return { ok: false, why: error.code, field: 'id', value: id, credential };
    throw error;
  }
}

type Wished =
  | { readonly ok: true; readonly wish: Command; readonly requires?: OwnerCondition; readonly note: readonly string[] }
  | Extract<Changed, { ok: false }>;

const plain = (wish: Command): Wished => ({ ok: true, wish, note: [] });

async function wishOf(ports: ChangePorts, credential: Credential, { verb, reason, to }: Asked, caller: Caller): Promise<Wished> {
  const { ledger, policy } = ports;
  switch (verb) {
    case 'revoke':
      return plain({ type: 'revoke', cause: 'requested' });
    case 'rotate':
    case 'replace':
    case 'undo':
      return plain({ type: verb });
    case 'suspend':
      return plain({ type: 'suspend', why: 'requested' });
    case 'accept':
      return plain({ type: 'accept', by: credential.holder.id });
    case 'approve': {
      const by = await activeOwner(ledger, caller);
      if (!by) return { ok: false, why: 'caller-not-active', field: 'caller', value: caller.ownerRef };
      return plain({ type: 'approve', by, reason, forMs: policy.reapproval.forMs });
    }
    case 'renew':
      return renewal(ports, credential);
    case 'resume':
      return resumption(ports, credential);
    case 'transfer':
      return transfer(ports, credential, to ?? '');
    case 'refuse':
      return refusal(ports, credential);
  }
}

/** Where the profile wants somebody else to look at a renewal, it is an approval. */
const rightFor = ({ profiles }: Policy, { grant }: Credential, verb: Verb): Verb =>
  verb === 'renew' && profiles[grant.profile]?.renewal === 'approval' ? 'approve' : verb;

/** As long as the profile gives it now, for an owner who could ask for it now; that they are there is looked at in the transaction. */
async function renewal({ ledger, policy }: ChangePorts, credential: Credential): Promise<Wished> {
  const { id, grant, holder } = credential;
  const profile = policy.profiles[grant.profile];
  if (!profile || profile.renewal === 'none' || profile.ttlMs === undefined)
    return { ok: false, why: 'not-renewable', field: 'id', value: id, credential };
  const owner = (await ledger.owner(holder.id))?.state;
  if (!owner) return { ok: false, why: 'no-such-owner', field: 'owner', value: holder.id };
  const entitled = mayHold(policy, { ...owner, status: 'active' }, grant.profile, grant.environment);
  if (!entitled.ok) return { ok: false, why: 'cannot-hold', field: 'owner', value: `${refOf(owner)}: ${entitled.why}: ${entitled.value}` };
  return { ok: true, wish: { type: 'renew', ttlMs: profile.ttlMs }, requires: holder, note: [] };
}

/**
 * For the owner as they are now: whoever left and came back gets nothing by itself, and this is the one command. Not for one who
 * could not hold it any more, unless somebody else has approved of that.
 */
async function resumption({ ledger, policy, clock }: ChangePorts, credential: Credential): Promise<Wished> {
  const { holder, grant } = credential;
  const owner = (await ledger.owner(holder.id))?.state;
  if (!owner) return { ok: false, why: 'no-such-owner', field: 'owner', value: holder.id };
  const now = holderOf(owner);
  const entitled = mayHold(policy, { ...owner, status: 'active' }, grant.profile, grant.environment); // the status is looked at in the transaction
  if (!entitled.ok && !isApproved(credential, clock.now()))
    return { ok: false, why: 'cannot-hold', field: 'owner', value: `${refOf(owner)}: ${entitled.why}: ${entitled.value}` };
  return { ok: true, wish: { type: 'resume', holder: now }, requires: now, note: [] };
}

const isApproved = (credential: Credential, nowMs: EpochMs): boolean =>
  credential.status === 'suspended' && credential.approval?.kind === 'granted' && credential.approval.untilMs > nowMs;

const refOf = ({ source, subject }: Owner): string => `${source}:${subject}`;

async function transfer({ ledger, policy }: ChangePorts, credential: Credential, to: string): Promise<Wished> {
  const ownerId = await resolveOwner(ledger, to);
  const heir = ownerId && (await ledger.owner(ownerId))?.state;
  if (!heir) return { ok: false, why: 'no-such-owner', field: 'to', value: to };
  const entitled = mayHold(policy, heir, credential.grant.profile, credential.grant.environment);
  if (!entitled.ok) return { ok: false, why: 'cannot-hold', field: 'to', value: `${to}: ${entitled.why}: ${entitled.value}` };
  const requires = holderOf(heir);
  return { ok: true, wish: handOver(credential, requires, 'chosen', 'requested', credential.holder.id, []), requires, note: [] };
}

/** Goes on up the succession; nobody left, it is suspended, and ends after its regret time. */
async function refusal(ports: ChangePorts, credential: Credential): Promise<Wished> {
  const { succession, rotation, id } = credential;
  if (!succession || succession.acceptedAtMs !== undefined)
    return { ok: false, why: 'nothing-to-accept', field: 'id', value: id, credential };
  const { next, note } = await onward(ports, credential, 'refused');
  if (next) return { ok: true, ...next, note };
  const ends = { atMs: plusMs(ports.clock.now(), rotation.regretMs), cause: 'owner-left' } as const;
  return { ok: true, wish: { type: 'suspend', why: 'owner-left', ends }, note: [...note, 'nobody can take it over'] };
}
