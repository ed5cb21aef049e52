import type { CredentialEvent } from '../domain/credential/events.ts';
import type { Credential } from '../domain/credential/state.ts';
import { KILL_CAPACITY, killListId, LONGEST_SESSION_MS, listed, newDenyList, unlisted } from '../domain/deny-list.ts';
import { type EpochMs, plusMs } from '../domain/types.ts';
import { denyListCompanion } from './kill-owner.ts';
import type { Companion, Ledger } from './ports.ts';

/**
 * A session of a role outlives the key it was assumed with, so it is denied by its source identity, which is the credential: all of them
 * while it is denied itself, and those begun before, where a key was replaced that somebody knew. In the transaction of the events.
 */
export async function sessionChange(
  ledger: Ledger,
  before: Credential,
  events: readonly CredentialEvent[],
  nowMs: EpochMs,
): Promise<readonly Companion[]> {
  const { id, grant } = before;
  if (!grant.mayAssume?.length) return [];
  const types = events.map(({ type }) => type);
  const replaced = before.status === 'active' && before.replacement !== undefined && types.includes('VersionDisabled');
  const ends = types.includes('AccessDenied') ? [id] : replaced ? [`${id}@${new Date(nowMs).toISOString()}`] : [];
  const comesBack = types.includes('SuspensionLifted');
  if (!ends.length && !comesBack) return [];
  const listId = killListId(grant.account);
  const list = await ledger.denyList(listId);
  const state = list?.state ?? newDenyList(listId, grant.account, KILL_CAPACITY);
  const untilMs = plusMs(nowMs, LONGEST_SESSION_MS);
  const next = comesBack ? unlisted(state, id) : ends.reduce((all, key) => listed(all, key, nowMs, untilMs), state);
  return [denyListCompanion(list, next, nowMs)];
}
