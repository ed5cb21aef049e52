import { describe, expect, it } from 'vitest';
import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import { evolve } from '../../../lib/domain/credential/evolve.ts';
import type { Credential, Version } from '../../../lib/domain/credential/state.ts';
import {
  active,
  at,
  attempt,
  command,
  denied,
  grant,
  heir,
  holder,
  key,
  later,
  outcome,
  requested,
  retired,
  revoking,
  rotated,
  rotation,
  type Story,
  start,
  stored,
  suspended,
  timing,
  withSecret,
} from './given.ts';

const SETTLED_MS = timing.leaseMs + timing.settleMs;
const T = at(7_000_000);
const told = ({ state }: Story, event: CredentialEvent): Credential => evolve(state, event);
const having = (story: Story, change: object): Story => ({ ...story, state: { ...story.state, ...change } as Credential });
const ofOne = { attempt: attempt(1), fence: 1 };
const dueForRotation = later(active(), rotation.everyMs);
const version = (phase: Version['phase'], more: object = {}): Version =>
  ({ phase, attempt: attempt(1), keyId: key(1), ...more }) as Version;
const blockedBy = (step: string) => ({ code: 'x', step, sinceMs: T, tries: 1, nextTryAtMs: T });

describe('an event that is about something else than the record by now is', () => {
  it.each<[string, Story, CredentialEvent]>([
    ['a rotation asked for in a suspension', suspended(), { type: 'RotationRequested', atMs: T }],
    ['a look asked for in a suspension', suspended(), { type: 'LookRequested', atMs: T }],
    ['an acceptance of what was not passed on', active(), { type: 'SuccessionAccepted', atMs: T }],
    ['an approval in a provisioning', requested(), { type: 'ApprovalRequired', atMs: T, deadlineMs: T }],
    ['an approval in a revocation', revoking(active()), { type: 'ApprovalGranted', by: heir.id, reason: 'x', untilMs: T }],
    ['a warning without an end', active(), { type: 'ExpiryApproaching', warning: 1, expiresAtMs: T }],
    ['an undo of a key that works', active(), { type: 'UndoRequested', keyId: key(7), atMs: T, settledAtMs: T }],
    [
      'an undo of a key that no attempt made',
      having(active(), { versions: [version('doomed', { attempt: undefined })] }),
      { type: 'UndoRequested', keyId: key(1), atMs: T, settledAtMs: T },
    ],
    ['a deny of what is active', active(), { type: 'AccessDenied', startedAtMs: T, atMs: T }],
    ['a deny that is in place', denied(revoking(active())), { type: 'AccessDenied', startedAtMs: T, atMs: T }],
    ['a deny begun before it was wanted', revoking(active()), { type: 'AccessDenied', startedAtMs: at(0), atMs: T }],
  ])('of no effect: %s', (_what, story, event) => expect(told(story, event)).toEqual(story.state));

  it.each<[string, Story, CredentialEvent]>([
    ['an account, in a revocation', revoking(start(requested(), 'ensure-account')), { type: 'AccountEnsured', fence: 1 }],
    ['a secret, in a revocation', revoking(start(requested(), 'ensure-account')), { type: 'SecretEnsured', fence: 1 }],
    ['an activation, in a revocation', revoking(start(requested(), 'ensure-account')), { type: 'CredentialActivated', fence: 1, atMs: T }],
    [
      'a value of a key that is verified',
      having(active(), { versions: [version('verified')] }),
      { type: 'VersionStored', ...ofOne, verifyAtMs: T },
    ],
    ['a refusal of a key that is current', active(), { type: 'VersionNotYetUsable', ...ofOne, verifyAtMs: T }],
    ['a verification of a key that is current', active(), { type: 'VersionVerified', ...ofOne, atMs: T }],
    ['a permission to retire a key that is current', active(), { type: 'RetirementAllowed', fence: 1, keyId: key(1), inUse: false }],
    ['of one of another key', rotated(active()), { type: 'RetirementAllowed', fence: 1, keyId: key(9), inUse: false }],
    ['a disabling of a key that is current', active(), { type: 'VersionDisabled', fence: 1, keyId: key(1), atMs: T }],
    ['a deletion of a key that is gone', active(), { type: 'VersionDeleted', fence: 1, keyId: key(9) }],
    [
      'a restoring of a key that is disabled',
      retired(rotated(active())),
      { type: 'VersionRestored', fence: 1, keyId: key(1), checkAtMs: T, hardLimitAtMs: T },
    ],
  ])('an answer all the same, which frees the lease, and nothing more: %s', (_what, story, event) => {
    const held = having(story, {
      lease: { fence: 1, step: 'verify', untilMs: T },
      inFlight: { fence: 1, settledAtMs: T },
      blocked: blockedBy('verify'),
    });
    expect(told(held, event)).toEqual({ ...story.state, lease: undefined, inFlight: undefined, blocked: undefined });
  });
});

describe('a key', () => {
  it('whose value was stored is tried from then on', () => {
    const story = having(active(), { versions: [version('created', { settledAtMs: T })] });
    expect(told(story, { type: 'VersionStored', ...ofOne, verifyAtMs: T }).versions).toEqual([
      version('stored', { tries: 0, verifyAtMs: T }),
    ]);
  });
  it('that was refused is counted', () => {
    expect(told(stored(requested()), { type: 'VersionNotYetUsable', ...ofOne, verifyAtMs: T }).versions).toMatchObject([
      { tries: 1, verifyAtMs: T },
    ]);
  });
  it('that was seen to work is verified as of then', () =>
    expect(told(stored(requested()), { type: 'VersionVerified', ...ofOne, atMs: T }).versions).toEqual([
      version('verified', { verifiedAtMs: T }),
    ]));

  it('given up is to be deleted; the next is made an hour later, where there is one that works', () => {
    const given: CredentialEvent = { type: 'VersionGivenUp', ...ofOne, atMs: T };
    expect(told(stored(requested()), given)).toMatchObject({ versions: [version('doomed')] });
    expect(told(stored(requested()), given)).not.toHaveProperty('rotateAtMs');
    expect(told(active(), given)).toMatchObject({ rotateAtMs: T + 3_600_000 });
    expect(told(suspended(), given)).toMatchObject({ rotateAtMs: T + 3_600_000 });
    const only = start(withSecret(requested()), 'create-version');
    expect(told(only, given).versions).toEqual(only.state.versions); // nobody knows yet whether there is one
  });

  it('promoted is current, and the one before retires: looked at after the overlap, at the latest at the hard limit', () => {
    const story = having(active(), {
      versions: [version('current', { verifiedAtMs: T }), version('verified', { attempt: attempt(2), keyId: key(2) })],
    });
    expect(told(story, { type: 'VersionPromoted', fence: 1, attempt: attempt(2), atMs: T })).toMatchObject({
      rotateAtMs: T + rotation.everyMs,
      versions: [
        version('retiring', { checkAtMs: T + rotation.overlapMs, hardLimitAtMs: T + rotation.hardLimitMs, allowed: false }),
        version('current', { attempt: attempt(2), keyId: key(2) }),
      ],
    });
  });
  it('promoted for the first time sets no date for a rotation yet', () => {
    const first = having(stored(requested()), { versions: [version('verified')] });
    expect(told(first, { type: 'VersionPromoted', ...ofOne, atMs: T })).toMatchObject({ versions: [version('current')] });
    expect(told(first, { type: 'VersionPromoted', ...ofOne, atMs: T })).not.toHaveProperty('rotateAtMs');
  });
  it('promoted, while another is not proven, leaves that as it is', () => {
    const other = version('stored', { attempt: attempt(3), keyId: key(3) });
    const story = having(active(), { versions: [version('verified'), other, version('verified', { attempt: attempt(4) })] });
    expect(told(story, { type: 'VersionPromoted', ...ofOne, atMs: T }).versions).toEqual([
      version('current'),
      other,
      version('verified', { attempt: attempt(4) }),
    ]);
  });

  it.each(['stored', 'verified', 'current', 'disabled', 'doomed'] as const)(
    'that is %s was made, though that is told once more',
    (phase) => {
      const story = having(active(), { versions: [version(phase)] });
      expect(told(story, { type: 'VersionCreated', ...ofOne, keyId: key(1) }).versions).toEqual([version(phase)]);
    },
  );
  it.each(['current', 'retiring', 'doomed'] as const)('that is %s is so, though its promotion is told once more', (phase) => {
    const story = having(active(), { versions: [version(phase)] });
    expect(told(story, { type: 'VersionPromoted', ...ofOne, atMs: T }).versions).toEqual([version(phase)]);
  });

  it('deleted is gone, and an attempt without a key is not', () => {
    const open = version('attempted', { keyId: undefined, attempt: attempt(2), settledAtMs: T });
    const story = having(active(), { versions: [version('disabled', { deleteAtMs: T }), open] });
    expect(told(story, { type: 'VersionDeleted', fence: 1, keyId: key(1) }).versions).toEqual([open]);
  });

  it('that was enabled once while a disabling may land is enabled again', () => {
    const restoring = version('restoring', { enableAtMs: at(1), settledAtMs: T });
    const restored: CredentialEvent = { type: 'VersionRestored', fence: 1, keyId: key(1), checkAtMs: at(5), hardLimitAtMs: at(6) };
    const story = having(active(), { versions: [restoring] });
    expect(told(story, { ...restored, againAtMs: T }).versions).toEqual([{ ...restoring, enableAtMs: T }]);
    expect(told(story, restored).versions).toEqual([version('retiring', { checkAtMs: 5, hardLimitAtMs: 6, allowed: false })]);
  });
});

describe('a lease', () => {
  it('taken over says that the call before got no answer', () => {
    const first = start(requested(), 'ensure-account');
    const second = start(later(first, timing.leaseMs), 'ensure-account');
    expect(first.state).toMatchObject({ lostUntilMs: undefined, inFlight: { fence: 1, settledAtMs: first.nowMs + SETTLED_MS } });
    expect(second.state).toMatchObject({ lostUntilMs: first.nowMs + SETTLED_MS, inFlight: { fence: 2 } });
    const third = start(later(second, timing.leaseMs), 'ensure-account');
    expect(third.state).toMatchObject({ lostUntilMs: second.nowMs + SETTLED_MS }); // the later of the two
  });
  it('of a call that can be repeated leaves nothing out', () =>
    expect(start(later(stored(requested()), 4_000), 'verify').state.inFlight).toBeUndefined());

  it.each<[string, Story, 'lift' | 'enable-version' | 'ensure-account']>([
    ['gives access back', command(retired(rotated(active())), { type: 'undo' }), 'enable-version'],
    ['does not', requested(), 'ensure-account'],
  ])('for a step that %s says until when it may land', (_what, story, step) =>
    expect(start(story, step).state.givingBackUntilMs).toBe(step === 'ensure-account' ? undefined : story.nowMs + SETTLED_MS),
  );

  it('remembers its attempts, the last twenty and those whose key is there', () => {
    const twenty = Array.from({ length: 20 }, (_, n) => attempt(n + 100));
    const story = having(dueForRotation, { attempts: [attempt(1), ...twenty.slice(1)], attemptedAtMs: twenty.map(() => T) });
    const { state } = start(story, 'create-version', 2);
    expect(state.attempts).toEqual([attempt(1), ...twenty.slice(1), attempt(2)]);
    expect(state.attemptedAtMs).toEqual([...twenty.slice(1).map(() => T), story.nowMs + timing.leaseMs]);
    const both = { attempts: [attempt(7), ...twenty], versions: [...story.state.versions, version('current', { attempt: attempt(7) })] };
    const event: CredentialEvent = {
      type: 'StepStarted',
      fence: 9,
      step: 'create-version',
      untilMs: T,
      settledAtMs: T,
      attempt: attempt(2),
    };
    expect(told(having(story, both), event).attempts).toEqual([attempt(7), ...twenty.slice(1), attempt(2)]);
    const without = having(story, { attempts: twenty });
    expect(start(without, 'create-version', 2).state.attempts).toEqual([...twenty.slice(1), attempt(2)]);
  });
});

describe('a refusal', () => {
  const making = start(dueForRotation, 'create-version', 2);
  const refuse = (story: Story, step: 'create-version' | 'promote', code: string): Story => outcome(story, { of: 'refused', step, code });

  it('of a creation forgets its own attempt, and no other', () => {
    const open = version('attempted', { keyId: undefined, attempt: attempt(9), settledAtMs: at(1) });
    const two = having(making, { versions: [...making.state.versions, open] });
    expect(refuse(two, 'create-version', 'provider-throttled').state.versions.map((one) => one.attempt)).toEqual([attempt(1), attempt(9)]);
  });
  it('forgets no key that is there, whose value could not be stored', () => {
    const made = outcome(making, { of: 'create-key', attempt: attempt(2), keyId: key(2) });
    expect(refuse(made, 'create-version', 'provider-throttled').state.versions).toEqual(made.state.versions);
  });
  it('of another step forgets none, and owes no look', () =>
    expect(refuse(making, 'promote', 'key-quota').state).toMatchObject({ versions: making.state.versions, lookAgainAtMs: undefined }));
  it('of a token’s creation forgets none: it may have been made before', () => {
    const token = having(making, { grant: { ...grant, connector: 'api-token' } });
    expect(refuse(token, 'create-version', 'x').state.versions).toEqual(making.state.versions);
  });
  it('that is none, since there was no answer, may land yet', () => {
    expect(refuse(making, 'create-version', 'provider-unknown: x').state.lostUntilMs).toBe(making.nowMs + SETTLED_MS);
    expect(refuse(making, 'create-version', 'provider-throttled').state.lostUntilMs).toBeUndefined();
  });
  it('since there are as many keys as may be has the provider looked at, where it lives', () => {
    const full = refuse(making, 'create-version', 'key-quota: x');
    expect(full.state).toMatchObject({ lookAgainAtMs: full.state.blocked?.nextTryAtMs });
    expect(refuse(making, 'create-version', 'provider-throttled').state).toMatchObject({ lookAgainAtMs: undefined });
    const first = start(withSecret(requested()), 'create-version');
    expect(refuse(first, 'create-version', 'key-quota: x').state).toMatchObject({ lookAgainAtMs: undefined });
  });
});

describe('a renewal', () => {
  const limited = (story: Story): Story => having(story, { expiry: { ttlMs: 10, atMs: at(10), warned: 2 } });
  it('begins the time anew, with a new key', () =>
    expect(told(limited(active()), { type: 'ExpiryRenewed', ttlMs: 1_000, atMs: T })).toMatchObject({
      expiry: { ttlMs: 1_000, atMs: T + 1_000, warned: 0 },
      rotateAtMs: T,
    }));
  it('in a suspension leaves the key', () =>
    expect(told(limited(suspended()), { type: 'ExpiryRenewed', ttlMs: 1_000, atMs: T })).not.toMatchObject({ rotateAtMs: T }));
  it('and a warning are counted', () =>
    expect(told(limited(active()), { type: 'ExpiryApproaching', warning: 3, expiresAtMs: T })).toMatchObject({
      expiry: { warned: 3, atMs: 10 },
    }));
});

describe('a deny in a revocation', () => {
  const denies: CredentialEvent = { type: 'AccessDenied', startedAtMs: T, atMs: T };
  it.each([
    ['is no longer blocked by its own refusal', 'deny', undefined],
    ['leaves another step blocked', 'remove-account', blockedBy('remove-account')],
  ])('%s', (_what, step, blocked) =>
    expect(told(having(revoking(active()), { blocked: blockedBy(step) }), denies)).toMatchObject({ stage: 'disable-all', blocked }),
  );
  it('that failed leaves the secret closed where it was closed, in a suspension', () => {
    const failed: CredentialEvent = { type: 'DenyFailed', blocked: blockedBy('deny') as never, secretClosedAtMs: T };
    expect(told(suspended(), failed)).toMatchObject({ secretClosedAtMs: T, blocked: blockedBy('deny') });
    expect(told(revoking(active()), failed)).not.toHaveProperty('secretClosedAtMs');
  });
});

describe('a revocation', () => {
  it('takes over what may be out, and waits for what was just made', () => {
    const raced = having(start(withSecret(requested()), 'create-version'), { lostUntilMs: T });
    const begun: CredentialEvent = { type: 'RevocationStarted', cause: 'requested', atMs: T, deadlineMs: T };
    expect(told(raced, begun)).toMatchObject({
      lease: raced.state.lease,
      inFlight: raced.state.inFlight,
      lostUntilMs: T,
      fence: raced.state.fence,
    });
    expect(told(raced, { ...begun, settledAtMs: at(T + 1) })).toMatchObject({ lostUntilMs: T + 1 });
    expect(told(raced, { ...begun, settledAtMs: at(T - 1) })).toMatchObject({ lostUntilMs: T });
  });
  it('keeps when it was cut off first, and finds keys nobody knew', () => {
    const story = denied(revoking(active()));
    const disabled: CredentialEvent = { type: 'KeysDisabled', fence: story.state.fence, unknown: [key(8)], removableAtMs: T, atMs: T };
    expect(told(having(story, { cutOffAtMs: at(5) }), disabled)).toMatchObject({
      ...{ stage: 'withdraw-secret', cutOffAtMs: 5, removableAtMs: T },
      versions: [{ phase: 'current' }, { phase: 'doomed', attempt: undefined, keyId: key(8) }],
    });
    expect(told(story, disabled)).toMatchObject({ cutOffAtMs: T });
    expect(told(having(story, { givingBackUntilMs: T }), disabled)).toMatchObject({ stage: 'withdraw-secret' }); // can land no more
    expect(told(having(story, { givingBackUntilMs: at(T + 1) }), disabled)).toMatchObject({ stage: 'deny', denyAtMs: T + 1 });
  });
});

describe('what a look at the provider shows', () => {
  const open = version('attempted', { keyId: undefined, settledAtMs: at(1) });
  const made = version('created', { attempt: attempt(2), keyId: key(2), settledAtMs: at(1) });
  const story = having(active(), { versions: [open, made, version('current', { attempt: attempt(3), keyId: key(3) })] });
  const looked: CredentialEvent = { type: 'AttemptsRecovered', fence: 1, adopted: [], doomed: [], absent: [], lookAgainAtMs: T };
  it.each<[string, Partial<typeof looked>, readonly string[]]>([
    ['nothing new', {}, ['attempted', 'created', 'current']],
    ['an attempt that made nothing', { absent: [attempt(1)] }, ['created', 'current']],
    ['one whose value is stored', { adopted: [{ attempt: attempt(2), keyId: key(2), verifyAtMs: T }] }, ['attempted', 'stored', 'current']],
    ['one whose value is not', { doomed: [{ keyId: key(2), attempt: attempt(2) }] }, ['attempted', 'doomed', 'current']],
    ['a key nobody knew', { doomed: [{ keyId: key(9), attempt: undefined }] }, ['attempted', 'created', 'current', 'doomed']],
  ])('%s', (_what, change, phases) => {
    const next = told(story, { ...looked, ...change } as CredentialEvent);
    expect(next.versions.map(({ phase }) => phase)).toEqual(phases);
    expect(next).toMatchObject({ lookAgainAtMs: T });
  });
  it('is not looked at again once it ends', () => expect(told(revoking(active()), looked)).not.toHaveProperty('lookAgainAtMs'));
});

describe('an account and a secret', () => {
  it('are there once they were ensured', () => {
    expect(told(requested(), { type: 'AccountEnsured', fence: 0 })).toMatchObject({ hasAccount: true, hasSecret: false });
    expect(told(requested(), { type: 'SecretEnsured', fence: 0 })).toMatchObject({ hasAccount: false, hasSecret: true });
  });
  it('are nobody’s concern any more once the credential is active', () => {
    const state = active().state;
    for (const name of ['hasAccount', 'hasSecret', 'deadlineMs']) expect(state).not.toHaveProperty(name);
    expect(state).toMatchObject({ taggedFor: holder.id, approval: undefined, replacement: undefined });
  });
});
