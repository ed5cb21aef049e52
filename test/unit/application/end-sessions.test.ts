import { describe, expect, it } from 'vitest';
import { memoryLedger } from '../../../lib/adapters/memory/ledger.ts';
import { sessionChange } from '../../../lib/application/end-sessions.ts';
import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import type { Credential } from '../../../lib/domain/credential/state.ts';
import { KILL_CAPACITY, killListId, LONGEST_SESSION_MS, listed, newDenyList } from '../../../lib/domain/deny-list.ts';
import { active, at, command, done, grant, key, later, revoking, type Story } from '../domain/given.ts';

const ROLE = 'arn:aws:iam::000000000000:role/reports';
const PARTNER = 'arn:aws:iam::444455556666:role/partner';
const NOW = at(1_000_000);
const assuming = (story: Story): Story => ({
  ...story,
  state: { ...story.state, grant: { ...grant, mayAssume: [ROLE, PARTNER] } } as Credential,
});
const DENIED: CredentialEvent = { type: 'AccessDenied', startedAtMs: NOW, atMs: NOW };
const DISABLED: CredentialEvent = { type: 'VersionDisabled', fence: 1, keyId: key(1), atMs: NOW };
const LIFTED: CredentialEvent = { type: 'SuspensionLifted', fence: 1, checkAtMs: NOW };

async function keysAfter({ state }: Story, event: CredentialEvent, before: readonly string[] = []) {
  const ledger = memoryLedger();
  const list = newDenyList(killListId(grant.account), grant.account, KILL_CAPACITY);
  if (before.length)
    await ledger.putDenyList(
      0,
      before.reduce((all, one) => listed(all, one, NOW), list),
      NOW,
    );
  const [companion] = await sessionChange(ledger, state, [event], NOW);
  return companion?.item === 'deny-list' ? companion.state.entries.map(({ key: of, untilMs }) => [of, untilMs]) : undefined;
}
const until = NOW + LONGEST_SESSION_MS;

describe('sessions of roles', () => {
  it('end with whatever denies the credential, and are off the list when none of them can last', async () => {
    expect(await keysAfter(assuming(active()), DENIED)).toEqual([['cred_1', until]]);
  });

  it('come back with it', async () => {
    expect(await keysAfter(assuming(active()), LIFTED, ['cred_1', 'k9'])).toEqual([['k9', undefined]]);
  });

  it('of a replaced key end as far as they were begun before: its successor’s go on', async () => {
    expect(await keysAfter(command(assuming(active()), { type: 'replace' }), DISABLED)).toEqual([
      [`cred_1@${new Date(NOW).toISOString()}`, until],
    ]);
    expect(await keysAfter(assuming(active()), DISABLED)).toBeUndefined(); // an ordinary rotation: nobody knew it who may not
  });

  it('are nobody’s where no role may be assumed', async () => {
    expect(await keysAfter(active(), DENIED)).toBeUndefined();
  });

  it('of roles in other accounts may outlive it: the receipt names them, and until when', () => {
    let story = assuming(revoking(active()));
    story = { ...story, state: { ...story.state, stage: 'disable-all' } as Credential };
    story = done(story, 'disable-all', { of: 'disable-all', keyIds: [key(1)] });
    const cutOffAtMs = story.nowMs;
    story = done(story, 'withdraw-secret', { of: 'withdraw-secret' });
    story = later(done(story, 'remove-account', { of: 'remove-account', removed: true }), 600_000);
    story = done(story, 'confirm-absence', { of: 'confirm-absence', absent: true });
    expect(story.state).toMatchObject({
      status: 'revoked',
      receipt: { mayOutlive: [{ role: PARTNER, untilMs: cutOffAtMs + LONGEST_SESSION_MS }] },
    });
  });
});
