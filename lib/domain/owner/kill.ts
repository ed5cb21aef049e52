import type { Credential } from '../credential/state.ts';
import { retryBackoffMs, type Timing } from '../timing.ts';
import { type EpochMs, type OwnerId, plusMs } from '../types.ts';
import { type OwnerDecision, passPauseMs } from './decide.ts';
import type { Owner, OwnerEvent } from './state.ts';

export type KillDecision =
  | { readonly ok: true; readonly events: readonly OwnerEvent[] }
  | { readonly ok: false; readonly why: 'already-killed' | 'not-killed' };

export interface KillOrder {
  readonly by: OwnerId;
  readonly reason: string;
  /** Whether the one who orders it may, or somebody else has to confirm. */
  readonly confirmed: boolean;
}

/** A kill asks for no status: whoever left for cause may be killed as well. One that is being lifted is killed anew. */
export function decideKill(state: Owner, { by, reason, confirmed }: KillOrder, nowMs: EpochMs): KillDecision {
  const { killed, killWork } = state;
  if (!killed || killWork?.phase === 'unlist') return { ok: true, events: [{ type: 'OwnerKilled', by, reason, confirmed, atMs: nowMs }] };
  if (!killed.confirmed && killed.by !== by) return { ok: true, events: [{ type: 'KillConfirmed', by, atMs: nowMs }] };
  return { ok: false, why: 'already-killed' };
}

export function decideLift(state: Owner, { by, reason }: Pick<KillOrder, 'by' | 'reason'>, nowMs: EpochMs): KillDecision {
  if (!state.killed) return { ok: false, why: 'not-killed' };
  if (state.killWork?.phase === 'unlist') return { ok: true, events: [] };
  return { ok: true, events: [{ type: 'LiftRequested', by, reason, atMs: nowMs }] };
}

/** The provider has been asked whether it still denies the owner as such. */
export function decideUnlisted(state: Owner, isOff: boolean, nowMs: EpochMs): OwnerDecision {
  if (state.killWork?.phase !== 'unlist') return { ok: false, why: 'nothing-to-do' };
  if (isOff) return { ok: true, events: [{ type: 'KillLifted', atMs: nowMs }] };
  return { ok: true, events: [{ type: 'KillPassDone', nextAtMs: plusMs(nowMs, retryBackoffMs(state.killWork.pass, state.id)) }] };
}

export interface KillPage {
  /** Of this page. */
  readonly unfinished: number;
  readonly nextCursor: string | undefined;
}

/**
 * After a page: on to the next, or to another pass, or done, when a whole pass found nothing that is not there yet. Of a kill two of
 * them, `settleMs` apart, since a provider knows no order between the last deny and the list that is shortened after it.
 */
export function decideKillPage(
  state: Owner,
  { unfinished, nextCursor }: KillPage,
  nowMs: EpochMs,
  { passGapMs, settleMs }: Timing,
): OwnerDecision {
  const { killWork } = state;
  if (!killWork || killWork.phase === 'unlist') return { ok: false, why: 'nothing-to-do' };
  const sum = killWork.unfinished + unfinished;
  if (nextCursor !== undefined) return { ok: true, events: [{ type: 'KillPageDone', cursor: nextCursor, unfinished: sum, atMs: nowMs }] };
  if (sum > 0) return { ok: true, events: [{ type: 'KillPassDone', nextAtMs: plusMs(nowMs, passPauseMs(killWork.pass, passGapMs)) }] };
  if (killWork.phase === 'deny' && !killWork.clean)
    return { ok: true, events: [{ type: 'KillPassDone', nextAtMs: plusMs(nowMs, settleMs), clean: true }] };
  return { ok: true, events: [{ type: killWork.phase === 'deny' ? 'KillCompleted' : 'OwnerRestored', atMs: nowMs }] };
}

/** What a kill still wants of a credential: a command, patience, or nothing, since it carries its own deny or nothing is left of it. */
export function killWants({ id, killed }: Owner, credential: Credential): 'order' | 'wait' | 'nothing' {
  if (credential.holder.id !== id || !killed) return 'nothing';
  switch (credential.status) {
    case 'provisioning':
    case 'active':
      return 'order';
    case 'suspended': {
      if (credential.killedAtMs !== killed.atMs || credential.liftAtMs !== undefined) return 'order';
      return credential.denyAtMs === undefined && credential.deniedAtMs !== undefined ? 'nothing' : 'wait';
    }
    case 'revoking':
      return credential.cutOffAtMs === undefined ? 'wait' : 'nothing';
    case 'revoked':
      return 'nothing';
  }
}

/** What a kill suspended, and nothing else: not what was suspended before, nor what was given in an earlier life. */
export const liftWants = ({ id, status, epoch }: Owner, { holder, ...credential }: Credential): boolean =>
  holder.id === id &&
  holder.epoch === epoch &&
  status === 'active' &&
  credential.status === 'suspended' &&
  credential.why === 'killed' &&
  credential.ends === undefined &&
  credential.liftAtMs === undefined;
