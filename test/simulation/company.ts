import type { Caller } from '../../lib/domain/authorize.ts';
import type { OwnerFact } from '../../lib/domain/owner/state.ts';
import type { Policy } from '../../lib/domain/policy.ts';
import { givenPolicy, givenProfile } from '../given-policy.ts';

const MINUTE_MS = 60_000;

/** The role that may have a credential. */
export const ENTITLED = 'R';

/** One of the people, teams and stewards of the simulated company. */
export interface Member {
  readonly source: string;
  readonly subject: string;
  readonly attributes: Pick<OwnerFact['attributes'], 'manager' | 'successor' | 'team'>;
}

/** A named successor; managers above one another who end in a circle; a team; a steward; one whose source is only observed; and,
 * last, somebody of the security team, who stays. */
export const MEMBERS = [
  { source: 'hr', subject: '1', attributes: { manager: '2', successor: '3' } },
  { source: 'hr', subject: '2', attributes: { manager: '3', team: 't' } },
  { source: 'hr', subject: '3', attributes: { manager: '4' } },
  { source: 'hr', subject: '4', attributes: { manager: '5' } },
  { source: 'hr', subject: '5', attributes: { manager: '4', team: 't' } },
  { source: 'watched', subject: '6', attributes: { manager: '1' } },
  { source: 'team', subject: 't', attributes: {} },
  { source: 'hr', subject: '9', attributes: {} },
  { source: 'hr', subject: '8', attributes: {} },
] as const satisfies readonly Member[];
export const STEWARD = 'hr:9';

const rotation = {
  ...{ everyMs: 30 * 1_440 * MINUTE_MS, overlapMs: 10 * MINUTE_MS, hardLimitMs: 60 * MINUTE_MS, regretMs: 20 * MINUTE_MS },
  stillInUse: 'extend',
} as const;
const transfer = { action: 'transfer', overlapMs: 5 * MINUTE_MS, regretMs: 30 * MINUTE_MS } as const;
const eligible = { roles: [ENTITLED] };

/** One for each way a key may go. */
const KEYS = {
  revoked: givenProfile({ eligible, rotation }),
  suspended: givenProfile({
    ...{ eligible, rotation: { ...rotation, stillInUse: 'disable' } },
    ...{ onLeave: { action: 'suspend', regretMs: 30 * MINUTE_MS }, onMove: 'reapprove' },
  }),
  transferred: givenProfile({ eligible, rotation, onLeave: transfer, onMove: 'transfer' }),
  kept: givenProfile({ eligible, rotation, onLeave: transfer, onMove: 'keep' }),
} as const;
const token = { connector: 'api-token', scopes: ['orders:read'], eligible, rotation } as const;
const TOKENS = {
  token: givenProfile({ ...token, onLeave: transfer, onMove: 'transfer' }),
  shown: givenProfile({ ...token, delivery: 'once' }),
} as const;
/** Whose time is limited. */
const TIMED = {
  brief: givenProfile({ eligible, rotation, ttlMs: 40 * MINUTE_MS, onLeave: transfer, onMove: 'transfer' }),
  approved: givenProfile({ eligible, rotation, ttlMs: 180 * MINUTE_MS, renewal: 'approval' }),
  'brief-token': givenProfile({ ...token, ttlMs: 40 * MINUTE_MS }),
} as const;
/** A role of this account, where sessions are denied, and one of another, where they can't be. */
const mayAssume = ['arn:aws:iam::000000000000:role/deploy', 'arn:aws:iam::111111111111:role/partner'];
const ROLES = {
  assuming: givenProfile({ eligible, rotation, mayAssume, onLeave: { action: 'suspend', regretMs: 30 * MINUTE_MS } }),
  'assuming-on': givenProfile({ eligible, rotation, mayAssume, onLeave: transfer, onMove: 'transfer' }),
} as const;
const PROFILES = { ...KEYS, ...TOKENS, ...TIMED, ...ROLES } as const;
export type ProfileName = keyof typeof PROFILES;

/** A guard that trips now and then, so that batches are held. */
const tight = { owners: 3, credentials: 6 };
const source = { kind: 'bus', accountable: STEWARD, principals: ['self'], maxSequenceJump: 1_000_000 } as const;

const COMPANY: Policy = givenPolicy({
  sources: { hr: source, team: source, watched: { ...source, mode: 'observe' } },
  profiles: KEYS,
  steward: STEWARD,
  guard: {
    hour: tight,
    day: { owners: 8, credentials: 16 },
    week: { owners: 20, credentials: 40 },
    forCauseAnHour: 1,
    escalateAfterMs: 3_600_000,
  },
  reapproval: { withinMs: 30 * MINUTE_MS, forMs: 6 * 60 * MINUTE_MS },
  acceptWithinMs: 2 * 60 * MINUTE_MS,
  sweeps: { orphans: { mode: 'enforce', act: 'revoke', graceMs: 20 * MINUTE_MS, maxActs: 20 } },
});

/** What a company may be like; most have keys and nothing else. */
export const COMPANIES = {
  keys: COMPANY,
  tokens: { ...COMPANY, profiles: { ...KEYS, ...TOKENS } },
  timed: { ...COMPANY, profiles: TIMED },
  roles: { ...COMPANY, profiles: ROLES },
  changing: COMPANY,
} as const satisfies Readonly<Record<string, Policy>>;
export type CompanyName = keyof typeof COMPANIES;

/** The role of who stays: what they hold no policy takes away, so that they may release what it takes away from others. */
export const STAYING = 'S';
const others = { roles: [STAYING] };

/** The policy as it may be later: three profiles are for others, or nothing is done any more but observe. */
export const changed = (policy: Policy): readonly Policy[] => [
  {
    ...policy,
    profiles: {
      ...policy.profiles,
      revoked: { ...KEYS.revoked, eligible: others },
      suspended: { ...KEYS.suspended, eligible: others },
      transferred: { ...KEYS.transferred, eligible: others },
    },
  },
  { ...policy, mode: 'observe' },
];

/** Everything there is, and nobody is held up by the guard. */
export const WITHOUT_GUARD: Policy = { ...COMPANY, profiles: PROFILES, guard: givenPolicy().guard };

export const refOf = ({ source, subject }: Pick<Member, 'source' | 'subject'>): string => `${source}:${subject}`;

export const callerOf = (member: Pick<Member, 'source' | 'subject'>): Caller => ({
  arn: `arn:aws:sts::1:assumed-role/person/${member.subject}`,
  ownerRef: refOf(member),
  may: ['request'],
  for: [],
});

/** Somebody of the security team, who is none of those things are taken from. */
export const SECURITY: Caller = {
  arn: 'arn:aws:sts::1:assumed-role/security/s',
  ownerRef: 'hr:8',
  may: ['approve', 'operate', 'audit', 'steward'],
  for: [],
};

/** A pipeline that asks for others. */
export const PIPELINE: Caller = { arn: 'arn:aws:sts::1:assumed-role/ci/s', ownerRef: 'hr:8', may: ['request'], for: MEMBERS.map(refOf) };
