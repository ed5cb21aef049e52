import type { Credential } from '../../../lib/domain/credential/state.ts';
import type { CredentialId } from '../../../lib/domain/types.ts';
import { goesOn, isOfOurs, type Session } from '../sessions.ts';
import { KILL_LIST } from '../wiring.ts';
import type { World } from '../world.ts';
import type { Knowledge } from './knowledge.ts';
import { type Report, report } from './violation.ts';

type Receipt = Extract<Credential, { status: 'revoked' }>['receipt'];

/** Denied, and nothing is out that could give it back. */
const isDenied = (state: Credential): boolean => {
  if (state.status === 'revoked') return true;
  if (state.status === 'revoking') return state.cutOffAtMs !== undefined;
  return state.status === 'suspended' && state.deniedAtMs !== undefined && state.denyAtMs === undefined && state.liftAtMs === undefined;
};

/** What a key was used for ends with it: a session of a role of ours is denied as soon as the provider has confirmed the list. */
export function checkSessions(here: World, to: Report): void {
  const list = here.ledger.denyLists.get(KILL_LIST)?.state;
  for (const [id, sessions] of here.sessions) {
    const state = here.ledger.credentials.get(id)?.state;
    const last = sessions.findLast(isOfOurs); // which no entry leaves out that denies the others
    if (!state || !last || !isDenied(state) || here.clock.now() >= last.untilMs) continue;
    const entry = list?.entries.find(({ key }) => key === id);
    if (!entry) report(to, '8 sessions of what is denied are on the list', id);
    if (entry?.inEffectAtMs !== undefined && list?.lostUntilMs === undefined && goesOn(here, last))
      report(to, '8 no session of what is denied goes on', id);
  }
}

/** At rest: no session of a key that is gone for what somebody knew, and nothing in the way of one that is begun now. */
export function checkSessionsAtRest(here: World, knows: Knowledge, to: Report): void {
  const goOn = [...here.sessions.values()].flat().filter((session) => isOfOurs(session) && goesOn(here, session));
  for (const session of goOn) {
    const state = here.ledger.credentials.get(session.credential)?.state;
    if (state && (isDenied(state) || knows.wasReplaced(session.attempt)))
      report(to, '8 no session of what is denied goes on', session.credential);
  }
  for (const { state } of here.ledger.credentials.values())
    for (const role of (state.status === 'active' && state.grant.mayAssume) || []) {
      const nowMs = here.clock.now();
      const begun = {
        credential: state.id,
        attempt: '' as Session['attempt'],
        role,
        beganAtMs: nowMs,
        untilMs: (nowMs + 1) as Session['untilMs'],
      };
      if (!goesOn(here, begun)) report(to, '4 a role can be assumed while active', state.id);
    }
}

/** What no deny of ours reaches stands in the receipt, with its latest end. */
export function checkOutlived({ sessions, clock }: World, id: CredentialId, { mayOutlive }: Receipt, to: Report): void {
  for (const session of sessions.get(id) ?? []) {
    if (isOfOurs(session) || clock.now() >= session.untilMs) continue;
    const named = mayOutlive.some(({ role, untilMs }) => role === session.role && untilMs >= session.untilMs);
    if (!named) report(to, '15 a receipt names what may outlive it', `${id} ${session.role}`);
  }
}
