import type { Command } from '../domain/credential/decide.ts';
import type { RevocationCause } from '../domain/credential/receipt.ts';
import type { Credential } from '../domain/credential/state.ts';
import { mayHold } from '../domain/entitlement.ts';
import type { LifeAct } from '../domain/orphans.ts';
import type { Offboarding, Owner, Removal } from '../domain/owner/state.ts';
import type { Policy, Profile } from '../domain/policy.ts';
import { type EpochMs, plusMs } from '../domain/types.ts';
import type { Context } from './envelope.ts';
import { type FoundHeir, findHeir, noteOf } from './find-heir.ts';
import type { Wake } from './ports.ts';
import type { RecordPorts } from './record.ts';
import { commandAndWake } from './wake-at.ts';

export interface OwnerWorkerPorts extends RecordPorts {
  readonly wake: Wake;
  readonly policy: Policy;
  readonly policyDigest: string;
  /** The provider account whose kill list killed owners are on. */
  readonly account: string;
}

/** One page fits a worker's run and a transaction's patience; a leaver with thousands takes many. */
export const PAGE = 200;

export const contextOf = ({ policyDigest }: OwnerWorkerPorts, { id }: Owner, cause: string): Context => ({
  actor: { kind: 'system', id: 'offboard' },
  cause,
  correlationId: id,
  policyDigest,
});

const profileOf = ({ profiles }: Policy, { grant }: Credential): Profile | undefined =>
  Object.hasOwn(profiles, grant.profile) ? profiles[grant.profile] : undefined;

/** What a leave still wants of a credential; `undefined`: nothing more. One whose profile is gone from the policy is revoked. */
export function leaveAct(policy: Policy, owner: Owner, { epochBelow }: Offboarding, credential: Credential): LifeAct | undefined {
  const { holder, status } = credential;
  if (holder.id !== owner.id || holder.epoch >= epochBelow || status === 'revoking' || status === 'revoked') return undefined;
  const action = profileOf(policy, credential)?.onLeave.action ?? 'revoke';
  if (action === 'revoke' || status === 'provisioning') return 'revoke';
  if (status === 'suspended') return credential.ends && credential.liftAtMs === undefined ? undefined : 'suspend';
  const heir = credential.replacement?.heir;
  return action === 'transfer' && heir?.leave === epochBelow && heir.to ? undefined : action;
}

/** The same of a move. `settled`: too much, and somebody or something else sees to it by now. */
export function moveAct(policy: Policy, owner: Owner, credential: Credential, nowMs: EpochMs): LifeAct | 'settled' | undefined {
  const { holder, status, grant } = credential;
  const onMove = profileOf(policy, credential)?.onMove;
  // A profile that is no longer in the policy says nothing about movers; the sweep reports its credentials.
  if (holder.id !== owner.id || status === 'revoked' || onMove === undefined || onMove === 'keep') return undefined;
  const entitled = mayHold(policy, owner, grant.profile, grant.environment);
  if (entitled.ok || entitled.why === 'owner-not-active') return undefined;
  if (status === 'revoking') return 'settled';
  if (onMove === 'revoke' || status === 'provisioning') return 'revoke';
  if (status === 'suspended') return credential.ends && credential.liftAtMs === undefined ? undefined : 'suspend';
  const { approval, replacement } = credential;
  if (onMove === 'transfer') return replacement?.heir ? 'settled' : 'transfer';
  return approval?.kind === 'pending' || (approval?.kind === 'granted' && approval.untilMs > nowMs) ? undefined : 'reapprove';
}

export interface Due {
  readonly credential: Credential;
  readonly act: LifeAct;
}

/** Everything that a leave or a move would take from an owner as things are now. */
export async function dueActs(
  { ledger, policy, clock }: Pick<OwnerWorkerPorts, 'ledger' | 'policy' | 'clock'>,
  owner: Owner,
  of: Removal,
): Promise<readonly Due[]> {
  const due: Due[] = [];
  let cursor: string | undefined;
  do {
    const { page, nextCursor } = await ledger.heldBy(owner.id, cursor, PAGE);
    for (const credential of page) {
      const act =
        of === 'leave'
          ? owner.offboarding && leaveAct(policy, owner, owner.offboarding, credential)
          : moveAct(policy, owner, credential, clock.now());
      if (act && act !== 'settled') due.push({ credential, act });
    }
    cursor = nextCursor;
  } while (cursor !== undefined);
  return due;
}

/** Why something is taken from an owner, and up to which of their lives. */
export interface Because {
  readonly of: 'leave' | 'move';
  readonly cause: RevocationCause & ('owner-left' | 'owner-left-for-cause' | 'owner-moved' | 'policy-changed');
  readonly epochBelow: number;
}

/** Remembers whom a page's credentials would go to: they are mostly of few profiles. */
export type Heirs = Map<string, Promise<FoundHeir>>;

/** One idempotent command; a credential that meanwhile belongs to somebody else refuses it. */
export async function carryOut(
  ports: OwnerWorkerPorts,
  owner: Owner,
  credential: Credential,
  wanted: LifeAct,
  because: Because,
  heirs: Heirs,
): Promise<void> {
  const { wish, note } = await wishFor(ports, owner, credential, wanted, because, heirs);
  const ifHeldBy = { ownerId: owner.id, epochBelow: because.epochBelow };
  const context = contextOf(ports, owner, [because.cause, ...note].join('; '));
  await commandAndWake(ports, credential.id, { ...wish, ifHeldBy }, context);
}

type Unaddressed<C> = C extends Command ? Omit<C, 'ifHeldBy'> : never;
type Wish = Unaddressed<Extract<Command, { type: 'revoke' | 'suspend' | 'hand-over' | 'require-approval' }>>;
type Wished = { readonly wish: Wish; readonly note: readonly string[] };

async function wishFor(
  ports: OwnerWorkerPorts,
  owner: Owner,
  credential: Credential,
  wanted: LifeAct,
  { of, cause, epochBelow }: Because,
  heirs: Heirs,
): Promise<Wished> {
  const { policy, clock } = ports;
  const profile = profileOf(policy, credential);
  const rules = of === 'leave' && profile && 'regretMs' in profile.onLeave ? profile.onLeave : undefined;
  const regretMs = rules?.regretMs ?? credential.rotation.regretMs;
  const overlapMs = rules && 'overlapMs' in rules ? rules.overlapMs : credential.rotation.overlapMs;
  const why = cause === 'owner-left-for-cause' ? 'owner-left' : cause;
  const suspend: Wish = { type: 'suspend', why, ends: { atMs: plusMs(clock.now(), regretMs), cause } };
  switch (wanted) {
    case 'revoke':
      return { wish: { type: 'revoke', cause }, note: [] };
    case 'suspend':
      return { wish: suspend, note: [] };
    case 'reapprove':
      return { wish: { type: 'require-approval', withinMs: policy.reapproval.withinMs }, note: [] };
    case 'transfer': {
      const refused = (credential.status === 'active' && credential.replacement?.heir?.refused) || [];
      const found = await heirFor(ports, owner, credential, refused, heirs);
      const { heir } = found;
      const note = noteOf(found);
      if (!heir) return { wish: suspend, note: [...note, 'nobody can take it over'] };
      const leave = of === 'leave' ? epochBelow : undefined;
      const terms = { leave, line: owner.id, refused, regretMs, overlapMs: cause === 'owner-left-for-cause' ? 0 : overlapMs };
      return { wish: { type: 'hand-over', ...heir, cause, ...terms }, note };
    }
  }
}

function heirFor(
  ports: OwnerWorkerPorts,
  owner: Owner,
  { grant }: Credential,
  refused: readonly Owner['id'][],
  heirs: Heirs,
): Promise<FoundHeir> {
  const key = [grant.profile, grant.environment, ...refused].join('|');
  const found = heirs.get(key) ?? findHeir(ports, owner, grant, [owner.id, ...refused]);
  heirs.set(key, found);
  return found;
}
