import type { CredentialAppend } from '../../../lib/application/ports.ts';
import type { Owner } from '../../../lib/domain/owner/state.ts';
import { KILL_LIST } from '../wiring.ts';
import { accountOf, type World, works } from '../world.ts';
import type { Knowledge } from './knowledge.ts';
import { type Report, report } from './violation.ts';

/** What must hold at any time of everybody who is killed, at the provider. */
export function checkKilled(here: World, knows: Knowledge, to: Report): void {
  for (const { state } of here.ledger.owners.values()) if (state.killed) checkOwner(here, state, knows, to);
}

function checkOwner(here: World, owner: Owner, knows: Knowledge, to: Report): void {
  const { ledger } = here;
  const { id, key: ownerKey, killWork } = owner;
  const list = ledger.denyLists.get(KILL_LIST)?.state;
  const entry = list?.entries.find(({ key }) => key === ownerKey);
  if (killWork?.phase === 'deny' && !entry) report(to, '8 whoever is killed is on the list', id);
  /** Confirmed, with no older call out that could land over it; or each credential carries its own deny. */
  const isInForce = (entry?.inEffectAtMs !== undefined && list?.lostUntilMs === undefined) || !killWork;
  for (const credentialId of knows.heldBy(id)) {
    const credential = ledger.credentials.get(credentialId)?.state;
    const user = credential && accountOf(here, credential);
    if (!user) continue;
    for (const [keyId, key] of user.keys) {
      if (!key.active || !key.attempt || !knows.knew(id, key.attempt)) continue;
      if ((isInForce || credential.grant.token) && works(here, user, key))
        report(to, '8 no key of who is killed works', `${id} ${credentialId} ${keyId}`);
      if (!user.denied && user.ownerKey !== ownerKey)
        report(to, '17 the tag never moves off who is killed', `${id} ${credentialId} ${keyId}`);
    }
  }
}

/** What comes back with a lifting is what the kill suspended, of the owner it is lifted of. */
export function checkLifted({ before, envelopes }: CredentialAppend, to: Report): void {
  const was = before?.state;
  for (const { data, actor, cause, correlationId } of envelopes) {
    if (data.type !== 'ResumptionStarted' || actor.kind !== 'system' || cause !== 'unkill') continue;
    if (was?.status !== 'suspended' || was.why !== 'killed' || was.holder.id !== correlationId)
      report(to, '7 lifting gives back what the kill took, and nothing else', `${was?.id} of ${was?.holder.id}`);
  }
}
