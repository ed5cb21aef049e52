import type { ProviderWorld } from '../../lib/adapters/memory/provider-world.ts';
import type { Clock } from '../../lib/application/ports.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import { LONGEST_SESSION_MS } from '../../lib/domain/deny-list.ts';
import { type AttemptId, type CredentialId, type EpochMs, plusMs } from '../../lib/domain/types.ts';
import { ACCOUNT } from './wiring.ts';

/** A role assumed with a key, and the credential as source identity: it goes on whatever becomes of the key. */
export interface Session {
  readonly credential: CredentialId;
  readonly attempt: AttemptId;
  readonly role: string;
  readonly beganAtMs: EpochMs;
  readonly untilMs: EpochMs;
}

/** Of a role of this account; on others no deny of ours bites. */
export const isOfOurs = ({ role }: Session): boolean => role.split(':')[4] === ACCOUNT;

interface Provider {
  readonly provider: ProviderWorld;
  readonly clock: Clock;
}

/** Whether a call of the session is let through, by the policy in force. */
export function goesOn({ provider, clock }: Provider, session: Session): boolean {
  if (clock.now() >= session.untilMs) return false;
  if (!isOfOurs(session)) return true;
  return !provider.killVersions.at(-1)?.some((entry) => {
    const [id, before] = entry.split('@');
    return id === session.credential && (before === undefined || session.beganAtMs < Date.parse(before));
  });
}

const AGAIN_AFTER_MS = 1_800_000;

/** With every key that works, whoever has it, each role is assumed that may be, every half an hour. */
export function assumeRoles(begun: Session[], { id, grant }: Credential, working: readonly AttemptId[], nowMs: EpochMs): void {
  for (const attempt of working) {
    const last = begun.findLast((session) => session.attempt === attempt);
    if (last && nowMs < plusMs(last.beganAtMs, AGAIN_AFTER_MS)) continue;
    const beganAtMs = plusMs(nowMs, -1); // a moment before whatever else happens now
    for (const role of grant.mayAssume ?? [])
      begun.push({ credential: id, attempt, role, beganAtMs, untilMs: plusMs(nowMs, LONGEST_SESSION_MS) });
  }
}
