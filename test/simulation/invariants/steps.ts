import type { IamUser } from '../../../lib/adapters/memory/provider-world.ts';
import { type Active, type Credential, isGivenUp, type Suspended } from '../../../lib/domain/credential/state.ts';
import { nextDenyStep } from '../../../lib/domain/deny-list.ts';
import type { CredentialId } from '../../../lib/domain/types.ts';
import { isPastEnd } from '../tokens.ts';
import { accountOf, currentKey, isCutOff, type World, works } from '../world.ts';
import { checkKilled } from './kill.ts';
import type { Knowledge } from './knowledge.ts';
import { checkLeft } from './leaves.ts';
import { checkSessions } from './sessions.ts';
import { type Report, report } from './violation.ts';

/** What must hold between any two things that happen: of every record that is not over, and of those that are, that they stay so. */
export function checkStep(here: World, knows: Knowledge, to: Report): void {
  checkKilled(here, knows, to);
  checkLeft(here, knows, to);
  for (const { state, dueAtMs } of here.ledger.denyLists.values())
    if (dueAtMs === undefined && nextDenyStep(state, here.clock.now()).do !== 'rest') report(to, '10 what is not at rest is due', state.id);
  if (here.sessions.size) checkSessions(here, to);
  for (const [id, { state }] of here.ledger.credentials) {
    const user = accountOf(here, state);
    switch (state.status) {
      case 'revoked': {
        const secret = here.provider.secrets.get(state.grant.secretName);
        if (user || (secret && secret.deletedAtMs === undefined)) report(to, '15 a receipt means absence', `${id} is back`);
        break;
      }
      case 'revoking':
        if (state.cutOffAtMs !== undefined) checkCutOff(here, id, user, to);
        break;
      case 'suspended':
        checkTag(here, state, user, to);
        checkLabels(here, state, to);
        if (state.deniedAtMs !== undefined && state.denyAtMs === undefined && state.liftAtMs === undefined) checkCutOff(here, id, user, to);
        break;
      case 'active':
        checkTag(here, state, user, to);
        checkLabels(here, state, to);
        checkTagMoves(here, state, user, knows, to);
        checkServed(here, state, user, to);
        break;
    }
  }
}

/** Keys made by hand are the sweep's; what we made works no more. */
function checkCutOff(here: World, id: CredentialId, user: IamUser | undefined, to: Report): void {
  for (const [keyId, key] of user?.keys ?? [])
    if (user && key.attempt && works(here, user, key)) report(to, '8 access is gone', `${id} ${keyId}`);
}

function checkTag({ ledger, provider }: World, { id, taggedFor, grant }: Credential, user: IamUser | undefined, to: Report): void {
  const key = taggedFor && ledger.owners.get(taggedFor)?.state.key;
  if (!key) return; // not certain now
  const secret = provider.secrets.get(grant.secretName);
  if (user && user.ownerKey !== key) report(to, '17 the owner tag is as recorded', `${id}, of the user`);
  if (secret && secret.deletedAtMs === undefined && secret.ownerKey !== key)
    report(to, '17 the owner tag is as recorded', `${id}, of the secret`);
}

/** Where nothing is owed to an attempt given up, AWSPENDING is not on it: there it would block the secret's own rotation. */
function checkLabels({ provider }: World, state: Active | Suspended, to: Report): void {
  const labels = provider.secrets.get(state.grant.secretName)?.labels;
  const pending = labels?.get('AWSPENDING');
  if (!pending || pending === labels?.get('AWSCURRENT') || !isGivenUp(state, pending)) return;
  const owes = state.versions.some(({ phase }) => phase === 'attempted' || phase === 'created' || phase === 'doomed');
  if (!owes && !state.lease && state.lookAgainAtMs === undefined) report(to, '4 AWSPENDING is on no attempt given up', state.id);
}

/** It moves when every key is disabled that whoever it is taken from knew. */
function checkTagMoves(
  { ledger }: World,
  { id, holder, taggedFor }: Active,
  user: IamUser | undefined,
  knows: Knowledge,
  to: Report,
): void {
  const key = ledger.owners.get(holder.id)?.state.key;
  if (taggedFor === undefined || !user || user.ownerKey === key) return;
  for (const { attempt, active } of user.keys.values())
    if (active && attempt && knows.knew(holder.id, attempt)) report(to, '17 the tag moves when what was known is disabled', id);
}

function checkServed(here: World, state: Active, user: IamUser | undefined, to: Report): void {
  const { provider, clock } = here;
  const { id, grant, versions, replacement } = state;
  const nowMs = clock.now();
  const refused = isCutOff(here, state, user);
  const current = user && currentKey(here, state, user);
  const isServed = user !== undefined && current !== undefined && works(here, user, current);
  const isOver = user !== undefined && current !== undefined && isPastEnd(user, current, nowMs); // and another is on its way, where it was renewed
  if (!refused && !isOver && !isServed) report(to, '4 AWSCURRENT works while active', id);
  if ((refused || isOver) && isServed && grant.token) report(to, '8 a token ends with who has it, and at its end', id); // no list has to be told first
  if (provider.secrets.get(grant.secretName)?.readers !== grant.consumers && grant.token?.delivery !== 'once')
    report(to, '4 consumers may read while active', id);
  let recovers = state.lease !== undefined || state.lookAgainAtMs !== undefined;
  let known = 0;
  let working = 0;
  for (const version of versions) {
    recovers ||= version.phase === 'attempted' || version.phase === 'created';
    const key = version.phase === 'attempted' ? undefined : user?.keys.get(version.keyId);
    if (key?.attempt) known += 1;
    if (key?.active && version.phase !== 'doomed') working += 1;
    const wanted =
      version.phase === 'retiring' &&
      !version.allowed &&
      !(grant.token && nowMs >= version.checkAtMs) && // of which nobody notes the use: the overlap decides
      !(version.attempt && replacement?.known.includes(version.attempt));
    if (wanted && !refused && !(user && key && (works(here, user, key) || isPastEnd(user, key, nowMs))))
      report(to, '4 the old key works during the overlap', `${id} ${version.keyId}`);
    if (version.phase === 'disabled' && nowMs < version.deleteAtMs && !key)
      report(to, '5 a disabled key can be enabled again until it is deleted', `${id} ${version.keyId}`);
  }
  let made = 0;
  for (const { attempt } of user?.keys.values() ?? []) if (attempt) made += 1;
  if (!recovers && made > known) report(to, '2 no key unknown to the ledger outlives recovery', `${id}: ${made}, known ${known}`);
  if (working > 2) report(to, '2 never more than two versions live', id);
}
