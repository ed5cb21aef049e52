import { describe, expect, it } from 'vitest';
import type { Active, Credential } from '../../../lib/domain/credential/state.ts';
import { dueAct, type Finding, findOrphans, type LiveUser, sameFinding, seen } from '../../../lib/domain/orphans.ts';
import type { Owner } from '../../../lib/domain/owner/state.ts';
import type { SweepRules } from '../../../lib/domain/policy.ts';
import { givenPolicy, givenProfile } from '../../given-policy.ts';
import { active, at, grant } from './given.ts';

const LISTED = at(100_000_000);
const LAG = 600_000;
const policy = givenPolicy({ steward: 'hr:9' });
const base: Active = { ...(active().state as Active), grant: { ...grant, profile: 'p', environment: 'e', accountName: 'u1' } };
const owner = { id: 'own_1', source: 'hr', subject: '1', status: 'active', attributes: { email: '', roles: ['R'] } } as unknown as Owner;
const ours = (keys: number | undefined = 1): LiveUser => ({ name: 'u1', path: '/nhi/', keys });

const look = (
  users: readonly LiveUser[],
  known: readonly { readonly state: Credential; readonly changedAtMs: number }[] = [],
  owners: readonly Owner[] = [owner],
  keysAtMs: number = LISTED,
) =>
  findOrphans(
    { users, listedAtMs: LISTED, keysAtMs: at(keysAtMs) },
    known.map(({ state, changedAtMs }) => ({ state, changedAtMs: at(changedAtMs) })),
    new Map(owners.map((one) => [one.id, one])),
    policy,
    '/nhi/',
  );
const record = (change: object = {}, changedAtMs = 0) => ({ state: { ...base, ...change } as Credential, changedAtMs });
const of = { subject: 'u1', credentialId: 'cred_1', ownerId: 'own_1' };
const none = { credentialId: undefined, ownerId: undefined };

describe('users nobody asked for', () => {
  it.each<readonly [string, LiveUser, readonly object[]]>([
    [
      'outside our path, with keys',
      { name: 'x', path: '/', keys: 2 },
      [{ kind: 'unmanaged', subject: 'x', ...none, detail: '2 access keys outside /nhi/' }],
    ],
    ['outside our path, without', { name: 'x', path: '/', keys: 0 }, []],
    ['outside our path, not in the report yet', { name: 'x', path: '/', keys: undefined }, []],
    [
      'under our path',
      { name: 'x', path: '/nhi/', keys: 0 },
      [{ kind: 'stray-user', subject: 'x', ...none, detail: 'no record in the ledger' }],
    ],
  ])('%s', (_name, user, expected) => expect(look([user])).toEqual(expected));

  it.each([
    ['long after', LISTED - LAG - 1, [{ kind: 'stray-user', ...of, detail: 'is back after its revocation' }]],
    ['while a listing may lag', LISTED - LAG, []],
  ])('one that was revoked is there again, %s', (_name, changedAtMs, expected) => {
    expect(look([ours()], [record({ status: 'revoked' }, changedAtMs)])).toEqual(expected);
  });
});

describe('keys nobody asked for', () => {
  const unknown = (keys: number, known: number) => [
    { kind: 'unknown-key', ...of, detail: `${keys} keys, of which the ledger knows ${known}` },
  ];
  const attempted = [...base.versions, { phase: 'attempted', attempt: 'a', settledAtMs: 0 }];
  it.each([
    ['one more than there should be', 2, {}, 0, unknown(2, 1)],
    ['as many', 1, {}, 0, []],
    ['fewer', 0, {}, 0, []],
    ['an attempt is no key', 2, { versions: attempted }, 0, unknown(2, 1)],
    ['not while something is under way', 2, { status: 'provisioning' }, 0, []],
    ['not while a look is owed', 2, { lookAgainAtMs: 1 }, 0, []],
    ['not on a record that changed as the report was made', 2, {}, 50, []],
    ['on one that changed before', 2, {}, 49, unknown(2, 1)],
  ])('%s', (_name, keys, change, changedAtMs, expected) => {
    expect(look([ours(keys)], [record(change, changedAtMs)], [owner], 50)).toEqual(expected);
  });
});

describe('credentials nobody should have', () => {
  const gone = (detail: string) => [{ kind: 'owner-gone', ...of, detail }];
  const other = { ...owner, attributes: { email: '', roles: ['X'] } };
  const excess = [{ kind: 'not-entitled', ...of, detail: 'not-eligible: X' }];
  it.each<readonly [string, object, readonly Owner[], readonly object[]]>([
    ['an active owner', {}, [owner], []],
    ['one who is about to leave', {}, [{ ...owner, status: 'leaving' } as Owner], []],
    ['one who left', {}, [{ ...owner, status: 'left' } as Owner], gone('the owner is left')],
    ['one nobody told of', {}, [], gone('nobody has told of the owner')],
    ['another role', {}, [other], excess],
    ['another role, about to leave', {}, [{ ...other, status: 'leaving' } as Owner], excess],
    ['the steward’s, whatever the role', {}, [{ ...other, subject: '9' }], []],
    ['another role, and somebody is asked', { approval: { kind: 'pending' } }, [other], []],
    ['another role, and somebody allowed it', { approval: { kind: 'granted', untilMs: LISTED + 1 } }, [other], []],
    ['another role, and that has run out', { approval: { kind: 'granted', untilMs: LISTED } }, [other], excess],
    ['what is ending anyway', { status: 'revoking' }, [], []],
    ['one who left, and that is being carried out, or held', {}, [{ ...owner, status: 'left', offboarding: {} } as unknown as Owner], []],
    ['another role, and that is being followed up', {}, [{ ...other, review: {} } as unknown as Owner], []],
    ['another role, and somebody is taking over', { replacement: { heir: {} } }, [other], []],
    ['another role, and a leaked key is being replaced', { replacement: {} }, [other], excess],
  ])('%s', (_name, change, owners, expected) => expect(look([ours()], [record(change)], owners)).toEqual(expected));

  it.each([
    ['a sweep keeps what the profile lets a mover keep', 'p', []],
    ['but not what no profile says anything about', 'forgotten', ['not-entitled']],
  ])('%s', (_name, profile, expected) => {
    const found = findOrphans(
      { users: [ours()], listedAtMs: LISTED, keysAtMs: LISTED },
      [{ state: { ...base, grant: { ...base.grant, profile } }, changedAtMs: at(0) }],
      new Map([[owner.id, other]]),
      givenPolicy({ profiles: { p: givenProfile({ onMove: 'keep' }) } }),
      '/nhi/',
    );
    expect(found.map(({ kind }) => kind)).toEqual(expected);
  });

  it.each([
    ['gone at the provider', [], LISTED - LAG - 1, [{ kind: 'no-subject', ...of, detail: 'no such user at the provider' }]],
    ['gone, but too fresh to be listed', [], LISTED - LAG, []],
    [
      'of the same name on another path',
      [{ ...ours(0), path: '/' }],
      0,
      [{ kind: 'no-subject', ...of, detail: 'no such user at the provider' }],
    ],
  ])('%s', (_name, users, changedAtMs, expected) => expect(look(users, [record({}, changedAtMs)])).toEqual(expected));
});

const finding = (change: Partial<Finding>): Finding => ({
  ...{ kind: 'stray-user', subject: 's', ...none, detail: 'd', status: 'open', wouldHave: 'none' },
  ...{ firstSeenAtMs: at(100), lastSeenAtMs: at(100) },
  ...change,
});

describe('what is due about a finding', () => {
  const rules = (act: SweepRules['act']): SweepRules => ({ mode: 'enforce', act, graceMs: 50, maxActs: 1 });
  const BEFORE = 149;
  const AFTER = 150;
  it.each([
    ['stray-user', 'open', 'quarantine', AFTER, 'quarantine'],
    ['stray-user', 'open', 'revoke', BEFORE, 'quarantine'],
    ['stray-user', 'quarantined', 'revoke', BEFORE, 'none'],
    ['stray-user', 'quarantined', 'revoke', AFTER, 'revoke'],
    ['stray-user', 'quarantined', 'quarantine', AFTER, 'none'],
    ['stray-user', 'open', 'report', AFTER, 'none'],
    ['stray-user', 'ended', 'revoke', AFTER, 'none'],
    ['unknown-key', 'open', 'quarantine', BEFORE, 'quarantine'],
    ['unknown-key', 'open', 'revoke', AFTER, 'quarantine'],
    ['unknown-key', 'open', 'report', AFTER, 'none'],
    ['unknown-key', 'ended', 'revoke', AFTER, 'none'],
    ['owner-gone', 'open', 'revoke', BEFORE, 'none'],
    ['owner-gone', 'open', 'revoke', AFTER, 'revoke'],
    ['owner-gone', 'open', 'quarantine', AFTER, 'none'],
    ['not-entitled', 'open', 'revoke', AFTER, 'revoke'],
    ['not-entitled', 'open', 'quarantine', AFTER, 'none'],
    ['no-subject', 'open', 'revoke', AFTER, 'none'],
    ['unmanaged', 'open', 'revoke', AFTER, 'none'],
    ['leaver', 'open', 'revoke', AFTER, 'none'],
    ['mover', 'open', 'revoke', AFTER, 'none'],
  ] as const)('%s, %s, up to %s, at %i: %s', (kind, status, act, nowMs, expected) => {
    expect(dueAct(finding({ kind, status }), rules(act), at(nowMs))).toBe(expected);
  });
});

describe('a finding that is seen', () => {
  const orphan = { kind: 'stray-user', subject: 's', ...none, detail: 'new words' } as const;
  it.each([
    ['for the first time', undefined, { status: 'open', firstSeenAtMs: 500 }],
    ['again', finding({ status: 'quarantined' }), { status: 'quarantined', firstSeenAtMs: 100 }],
    ['after its end', finding({ status: 'ended', lastSeenAtMs: at(500) }), { status: 'ended', firstSeenAtMs: 100 }],
    [
      'longer after its end than a listing lags',
      finding({ status: 'ended', lastSeenAtMs: at(500 - 600_001) }),
      { status: 'open', firstSeenAtMs: 500 },
    ],
    ['after it was resolved', finding({ status: 'resolved' }), { status: 'open', firstSeenAtMs: 500 }],
  ])('%s', (_name, before, expected) => {
    expect(seen(before && { ...before, wouldHave: 'revoke' }, orphan, at(500))).toEqual({
      ...orphan,
      ...expected,
      lastSeenAtMs: 500,
      wouldHave: 'none',
    });
  });

  it.each([
    ['stray-user', 's', true],
    ['unmanaged', 's', false],
    ['stray-user', 't', false],
  ] as const)('is the same by its kind and its subject: %s %s', (kind, subject, same) => {
    expect(sameFinding(orphan, finding({ kind, subject }))).toBe(same);
  });
});
