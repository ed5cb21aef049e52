import { describe, expect, it } from 'vitest';
import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import { decideOutcome, type Outcome } from '../../../lib/domain/credential/outcome.ts';
import type { Credential, Version } from '../../../lib/domain/credential/state.ts';
import { retryBackoffMs } from '../../../lib/domain/timing.ts';
import {
  active,
  at,
  attempt,
  command,
  denied,
  grant,
  holder,
  key,
  later,
  revoking,
  rotation,
  type Story,
  start,
  suspended,
  timing,
} from './given.ts';

const T = at(700_000_000);
const having = (story: Story, change: object): Story => ({ ...story, state: { ...story.state, ...change } as Credential });
const version = (phase: Version['phase'], n: number, more: object = {}): Version =>
  ({ phase, attempt: attempt(n), keyId: key(n), ...more }) as Version;
/** Of an active credential that holds these, under the lease of a step whose answer comes at `T`. */
const holding = (...versions: readonly Version[]): Story => ({ ...having(active(), { versions, ...leased }), nowMs: T });
const leased = { fence: 7, lease: { fence: 7, step: 'verify', untilMs: T } } as const;
const says = ({ state, nowMs }: Story, found: Outcome, fence = state.fence): readonly CredentialEvent[] | string => {
  const decision = decideOutcome(state, fence, found, nowMs, timing);
  return decision.ok ? decision.events : decision.why;
};

describe('a deny is believed', () => {
  const wanted = command(active(), { type: 'suspend', why: 'requested' });
  const ending = revoking(active());
  it.each<[string, Story, number, boolean]>([
    ['of a suspension, begun when it was wanted', wanted, 0, true],
    ['of a suspension, begun before', wanted, -1, false],
    ['of a suspension that is in place', suspended(), 0, false],
    ['of one that is being lifted', command(suspended(), { type: 'resume', holder }), 0, false],
    ['of a revocation, begun when it was wanted', ending, 0, true],
    ['of a revocation, begun before', ending, -1, false],
    ['of a revocation that is beyond it', denied(ending), 0, false],
    ['of what nobody wants denied', active(), 0, false],
  ])('%s', (_what, story, sinceMs, believed) => {
    const startedAtMs = at(story.nowMs + sinceMs);
    const event = { type: 'AccessDenied', startedAtMs, atMs: story.nowMs };
    expect(says(story, { of: 'deny', startedAtMs })).toEqual(believed ? [event] : []);
  });
});

describe('an answer under no lease, or an earlier one,', () => {
  it.each<[string, Story]>([
    ['nobody’s', active()],
    ['another’s', start(later(active(), rotation.everyMs), 'create-version', 2)],
  ])('is refused: the record is %s', (_what, story) => expect(says(story, { of: 'share' }, 1)).toBe('stale-fence'));
});

describe('a refusal', () => {
  const blocked = { code: 'x', sinceMs: at(5_000), tries: 1, nextTryAtMs: at(5_000 + retryBackoffMs(1, 'cred_1')) };
  it('of a deny needs no lease, and says whether the secret is closed meanwhile', () => {
    const failed = { type: 'DenyFailed', blocked: { ...blocked, step: 'deny' } };
    expect(says(active(), { of: 'refused', step: 'deny', code: 'x' }, -1)).toEqual([failed]);
    expect(says(active(), { of: 'refused', step: 'deny', code: 'x', secretClosed: true }, -1)).toEqual([
      { ...failed, secretClosedAtMs: 5_000 },
    ]);
  });

  it('is counted from the first of its step; one of another step counts anew', () => {
    const before = { ...blocked, step: 'verify', sinceMs: at(1), tries: 3 };
    const story = having(holding(), { blocked: before });
    const of = (step: 'verify' | 'promote') => says(story, { of: 'refused', step, code: 'y' });
    const again = { code: 'y', step: 'verify', sinceMs: 1, tries: 4, nextTryAtMs: T + retryBackoffMs(4, 'cred_1') };
    expect(of('verify')).toEqual([{ type: 'StepFailed', fence: 7, blocked: again }]);
    const other = { code: 'y', step: 'promote', sinceMs: T, tries: 1, nextTryAtMs: T + retryBackoffMs(1, 'cred_1') };
    expect(of('promote')).toEqual([{ type: 'StepFailed', fence: 7, blocked: other }]);
  });
});

describe('a key that is enabled again', () => {
  const restoring = (settledAtMs: number): Version => version('restoring', 1, { enableAtMs: at(0), settledAtMs: at(settledAtMs) });
  const enabled = (there: boolean) => ({ of: 'enable-version', keyId: key(1), there }) as const;
  const restored = { type: 'VersionRestored', fence: 7, keyId: key(1) };
  const times = { checkAtMs: T + rotation.overlapMs, hardLimitAtMs: T + rotation.hardLimitMs };

  it.each<[string, Story, object]>([
    ['when nothing can disable it any more retires as before', holding(restoring(T)), times],
    ['while a call may disable it is enabled once more', holding(restoring(T + 1)), { ...times, againAtMs: T + 1 }],
    ['is another than one that is waited for', holding(version('restoring', 2, { settledAtMs: at(T + 1) }), restoring(T)), times],
    ['is wanted back no more', holding(version('retiring', 1, { settledAtMs: at(T + 1) })), times],
    ['is gone from the record', holding(), times],
    [
      'is looked at only when it works for sure, and ends no sooner than that',
      having(holding(restoring(T)), { givingBackUntilMs: at(T + rotation.hardLimitMs + 1) }),
      { checkAtMs: T + rotation.hardLimitMs + 1, hardLimitAtMs: T + rotation.hardLimitMs + 1 },
    ],
  ])('%s', (_what, story, expected) => expect(says(story, enabled(true))).toEqual([{ ...restored, ...expected }]));

  it('and is not there is deleted', () =>
    expect(says(holding(restoring(T)), enabled(false))).toEqual([{ type: 'VersionDeleted', fence: 7, keyId: key(1) }]));
});

describe('a fresh key that is refused', () => {
  const refused = { of: 'verify', attempt: attempt(2), usable: false } as const;
  it.each<[string, Story, object]>([
    ['is tried again', holding(version('stored', 2, { tries: 0 })), { type: 'VersionNotYetUsable', verifyAtMs: T + 1_000 }],
    [
      'is tried again in the time of its own tries',
      holding(version('stored', 1, { tries: 9 }), version('stored', 2, { tries: 1 })),
      { type: 'VersionNotYetUsable', verifyAtMs: T + 2_000 },
    ],
    ['too often is given up', holding(version('stored', 2, { tries: 7 })), { type: 'VersionGivenUp', atMs: T }],
    ['and works already is given up', holding(version('current', 2, { tries: 0 })), { type: 'VersionGivenUp', atMs: T }],
    ['and is gone is given up', holding(), { type: 'VersionGivenUp', atMs: T }],
  ])('%s', (_what, story, expected) => expect(says(story, refused)).toEqual([{ fence: 7, attempt: attempt(2), ...expected }]));
});

describe('the use of an old key', () => {
  const limit = { checkAtMs: at(0), hardLimitAtMs: at(T + 10), allowed: false };
  const old = version('retiring', 1, limit);
  const current = version('current', 2, { verifiedAtMs: at(T - 9_000_000) });
  const looked = (newUsedAtMs: number, oldUsedAtMs?: number): Outcome => ({
    ...{ of: 'check-use', keyId: key(1), newUsedAtMs: at(newUsedAtMs) },
    oldUsedAtMs: oldUsedAtMs === undefined ? undefined : at(oldUsedAtMs),
  });
  const provenAtMs = T - 9_000_000 + timing.usageLagMs + 1;
  const silentAtMs = T - timing.usageLagMs - rotation.overlapMs;
  const allowed = (inUse: boolean) => ({ type: 'RetirementAllowed', fence: 7, keyId: key(1), inUse });
  const postponed = (checkAtMs: number, overdue = false) => ({ type: 'RetirementPostponed', fence: 7, keyId: key(1), checkAtMs, overdue });
  const disabling = { rotation: { ...rotation, stillInUse: 'disable' } };

  it.each<[string, Story, Outcome, object]>([
    ['none, and the new one used: it may go', holding(old, current), looked(provenAtMs), allowed(false)],
    ['long ago', holding(old, current), looked(provenAtMs, silentAtMs), allowed(false)],
    ['just within the overlap', holding(old, current), looked(provenAtMs, silentAtMs + 1), postponed(T + 10)],
    ['unknown by what was noted of our own verification', holding(old, current), looked(provenAtMs - 1), postponed(T + 10)],
    [
      'not proven, long before the hard limit: it is looked at after the lag',
      holding(version('retiring', 1, { ...limit, hardLimitAtMs: at(T * 9) }), current),
      looked(0),
      postponed(T + timing.usageLagMs),
    ],
    [
      'not proven, at the hard limit of a profile that extends',
      { ...holding(old, current), nowMs: at(T + 10) },
      looked(0),
      postponed(T + 10 + timing.usageLagMs, true),
    ],
    [
      'not proven, at the hard limit of a profile that disables',
      { ...having(holding(old, current), disabling), nowMs: at(T + 10) },
      looked(0),
      allowed(true),
    ],
    ['not proven, and before that limit', having(holding(old, current), disabling), looked(0), postponed(T + 10)],
    [
      'of the one that was looked at, where two retire',
      holding(version('retiring', 3, { ...limit, hardLimitAtMs: at(T + 5) }), old, current),
      looked(0),
      postponed(T + 10),
    ],
    ['that retires no more decides nothing', holding(version('current', 1, { verifiedAtMs: at(0) })), looked(provenAtMs), postponed(T)],
    ['that is another decides nothing', holding(version('retiring', 3, limit), current), looked(provenAtMs), postponed(T)],
    ['without a current one decides nothing', holding(old), looked(provenAtMs), postponed(T)],
  ])('%s', (_what, story, found, expected) => expect(says(story, found)).toEqual([expected]));
});

describe('a look at the provider', () => {
  const attempted = version('attempted', 1, { keyId: undefined, settledAtMs: at(1) });
  const created = version('created', 2, { settledAtMs: at(1) });
  const current = version('current', 3);
  const token = { grant: { ...grant, connector: 'api-token', token: { scopes: [], outlivesLeave: false, delivery: 'once' } } };
  const stored = (n: number, keyed = n) => ({ attempt: attempt(n), keyId: key(keyed) });
  const again = { lookAgainAtMs: T + timing.settleMs };
  const nothing = { adopted: [], doomed: [], absent: [], lookAgainAtMs: undefined };

  it.each<[string, Story, Partial<Extract<Outcome, { of: 'recover' }>>, object]>([
    ['that nothing was owed for finds what is known', holding(current), { keyIds: [key(3)] }, {}],
    ['deletes a key nobody knows', holding(current), { keyIds: [key(3), key(9)] }, { doomed: [{ keyId: key(9), attempt: undefined }] }],
    ['that finds no key of an attempt: it made none', holding(attempted, current), {}, { absent: [attempt(1)], ...again }],
    [
      'adopts a key whose value is stored',
      holding(attempted),
      { keyIds: [key(1)], stored: [stored(1)] },
      { adopted: [{ ...stored(1), verifyAtMs: T }], ...again },
    ],
    [
      'does not where its value can’t be shown again',
      having(holding(created), token),
      { stored: [stored(2)] },
      { doomed: [stored(2)], ...again },
    ],
    ['deletes a key whose value is not stored', holding(created, current), {}, { doomed: [stored(2)], ...again }],
    ['deletes it once, though it is listed', holding(created), { keyIds: [key(2)] }, { doomed: [stored(2)], ...again }],
    [
      'tells what becomes of each of two',
      holding(attempted, created),
      { keyIds: [key(1), key(2)], stored: [stored(1)] },
      { adopted: [{ ...stored(1), verifyAtMs: T }], doomed: [stored(2)], ...again },
    ],
    ['tells which attempt made which', holding(version('created', 4), created), {}, { doomed: [stored(4), stored(2)], ...again }],
    [
      'adopts nothing of an attempt that was answered',
      holding(attempted, current),
      { stored: [stored(3)] },
      { absent: [attempt(1)], ...again },
    ],
  ])('%s', (_what, story, found, expected) =>
    expect(says(story, { of: 'recover', keyIds: [], stored: [], ...found })).toEqual([
      { type: 'AttemptsRecovered', fence: 7, ...nothing, ...expected },
    ]),
  );
});

describe('in a revocation', () => {
  const ending = having(denied(revoking(active())), { ...leased, cutOffAtMs: at(6_000) });
  const elsewhere = 'arn:aws:iam::111111111111:role/there';
  const sessions = { grant: { ...grant, mayAssume: [elsewhere, 'arn:aws:iam::000000000000:role/here'] } };
  const absent: Outcome = { of: 'confirm-absence', absent: true };
  const receipt = {
    ...{ cause: 'owner-left', startedAtMs: ending.nowMs, cutOffAtMs: 6_000, absentAtMs: ending.nowMs, keyIds: [key(1)] },
    mayOutlive: [] as readonly object[],
  };
  const revoked = (change: Partial<typeof receipt>) => [{ type: 'CredentialRevoked', fence: 7, receipt: { ...receipt, ...change } }];

  it('every key that nobody knew is told once, and the account waits for nothing where nothing is out', () => {
    const found: Outcome = { of: 'disable-all', keyIds: [key(1), key(8)] };
    const disabled = { type: 'KeysDisabled', fence: 7, unknown: [key(8)], removableAtMs: undefined, atMs: ending.nowMs };
    expect(says(ending, found)).toEqual([disabled]);
    const removableAtMs = T + timing.settleMs;
    expect(says(having(ending, { lostUntilMs: T }), found)).toEqual([{ ...disabled, removableAtMs }]);
    const open = version('attempted', 2, { settledAtMs: T });
    expect(says(having(ending, { versions: [version('current', 1), open] }), found)).toEqual([{ ...disabled, removableAtMs }]);
  });

  it.each<[string, Outcome]>([
    ['removed', { of: 'remove-account', removed: false }],
    ['gone', { of: 'confirm-absence', absent: false }],
  ])('an account that is not %s is denied and removed anew, after a pause', (_what, found) =>
    expect(says(ending, found)).toEqual([
      {
        ...{ type: 'PresenceFound', fence: 7, atMs: ending.nowMs },
        blocked: {
          ...{ code: 'still-present', step: 'remove-account', sinceMs: ending.nowMs, tries: 1 },
          nextTryAtMs: ending.nowMs + retryBackoffMs(1, 'cred_1'),
        },
      },
    ]),
  );

  it.each<[string, Story, readonly object[]]>([
    ['is the receipt', ending, revoked({})],
    ['is not yet, where an answer was lost', having(ending, { lostUntilMs: T }), [seen()]],
    ['is the second time', having(ending, { lostUntilMs: T, confirmAgainAtMs: ending.nowMs }), revoked({})],
    [
      'names sessions in another account, and until when',
      having(ending, sessions),
      revoked({ mayOutlive: [{ role: elsewhere, untilMs: 43_206_000 }] }),
    ],
    [
      'counts from now where nothing says when it was cut off',
      having(ending, { cutOffAtMs: undefined, ...sessions }),
      revoked({ cutOffAtMs: ending.nowMs, mayOutlive: [{ role: elsewhere, untilMs: ending.nowMs + 43_200_000 }] }),
    ],
  ])('an absence %s', (_what, story, expected) => expect(says(story, absent)).toEqual(expected));

  it('alone is a receipt written', () => expect(says(holding(), absent)).toBe('not-the-next-step'));

  function seen() {
    return { type: 'AbsenceSeen', fence: 7, confirmAgainAtMs: ending.nowMs + timing.settleMs };
  }
});
