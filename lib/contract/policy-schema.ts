import * as z from 'zod';
import { CONNECTOR_KINDS } from '../domain/credential/capabilities.ts';
import type { Policy } from '../domain/policy.ts';
import { DEFAULT_TIMING } from '../domain/timing.ts';

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `30s 15m 24h 90d`, as milliseconds. */
const duration = (minMs: number, maxMs: number, range: string) =>
  z
    .string()
    .regex(/^[1-9]\d{0,5}[smhd]$/, 'must be a duration such as 30s, 15m, 24h or 90d')
    .transform((text) => Number(text.slice(0, -1)) * UNITS[text.slice(-1) as keyof typeof UNITS])
    .refine((ms) => ms >= minMs && ms <= maxMs, `must be ${range}`);

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,39}$/, 'must be 1 to 40 letters, digits, - or _, beginning with a letter');
/** `<source>:<external id>` or an e-mail address. */
const ownerRef = z
  .string()
  .regex(/^([A-Za-z][\w-]{0,39}:\S{1,200}|[^\s@:]+@[^\s@]+)$/, 'must be <source>:<external id> or an e-mail address');
/** No address: those change hands. */
const stewardRef = z.string().regex(/^[A-Za-z][\w-]{0,39}:\S{1,200}$/, 'must be <source>:<external id>, e.g. team:security');
const principal = z
  .string()
  .regex(
    /^(self|arn:aws[a-z-]*:iam::\d{12}:(role|user)\/[\w+=,.@/-]+)$/,
    'must be self, or the ARN of an IAM role or user without wildcards',
  );
const grant = z
  .string()
  .regex(
    /^(arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/\S+|(?!\/)(?!.*\.\.)[\w./-]+\.json)$/,
    'must be the ARN of a managed policy, or a .json file below the policy file',
  );
const roleArn = z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/, 'must be the ARN of a role, without wildcards');
const some = <T extends z.ZodType>(item: T) => z.array(item).min(1);
const scope = z.string().regex(/^[a-z][a-z0-9-]{0,39}(:[a-z0-9-]{1,40}){0,3}$/, 'must be a scope such as orders:read');
const role = z.string().trim().min(1).max(80);

const mode = z.enum(['observe', 'enforce']);

const column = z.string().trim().min(1).max(100);
const Feed = z.strictObject({
  columns: z.strictObject({
    ...{ id: column, email: column, roles: column },
    ...{ team: column.optional(), manager: column.optional(), status: column.optional(), leftOn: column.optional() },
  }),
  active: some(z.string().trim().min(1)).default(['Active']),
  maxShrinkPercent: z.int().min(0).max(100).default(20),
  maxLeaversPercent: z.int().min(0).max(100).default(10),
  silentAfter: duration(60_000, 7_776_000_000, 'between 1m and 90d').optional(),
});

const Source = z.strictObject({
  kind: z.literal('bus'),
  mode: mode.optional(),
  accountable: ownerRef,
  principals: some(principal),
  maxSequenceJump: z.int().min(1).default(1_000_000).describe('Of a source without a feed: a sequence further ahead is refused'),
  feed: Feed.optional(),
});

const OnLeave = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('revoke') }),
  z.strictObject({ action: z.literal('suspend'), regret: duration(1_000, 2_592_000_000, 'at most 30d').prefault('7d') }),
  z.strictObject({
    action: z.literal('transfer'),
    overlap: duration(1_000, 604_800_000, 'at most 7d').prefault('1h'),
    regret: duration(1_000, 2_592_000_000, 'at most 30d').prefault('7d'),
  }),
]);
const Profile = z.strictObject({
  connector: z.enum(CONNECTOR_KINDS),
  accountable: ownerRef,
  whyNotRole: z.string().trim().min(10, 'must say why: a role is the better answer wherever it is one'),
  grants: z.array(grant).max(9).default([]), // a group takes ten managed policies, and one of them is the kill policy
  mayAssume: z.array(roleArn).max(10).default([]),
  scopes: z.array(scope).max(50).default([]),
  eligible: z.strictObject({ roles: some(role) }),
  delivery: z.enum(['secret', 'once']).default('secret'),
  environments: some(name),
  onLeave: OnLeave,
  onMove: z.enum(['keep', 'reapprove', 'transfer', 'revoke']).default('revoke'),
  rotateEvery: duration(1_000, 31_536_000_000, 'at most 365d').prefault('90d'),
  overlap: duration(1_000, 2_592_000_000, 'at most 30d').prefault('24h'),
  hardLimit: duration(1_000, 7_776_000_000, 'at most 90d').prefault('7d'),
  regret: duration(1_000, 2_592_000_000, 'at most 30d').prefault('7d'),
  stillInUse: z.enum(['extend', 'disable']).default('extend'),
  ttl: duration(60_000, 94_608_000_000, 'between 1m and 1095d').optional(),
  renewal: z.enum(['none', 'owner', 'approval']).default('owner'),
});

const Caller = z.strictObject({
  match: z.strictObject({
    arn: z.string().regex(/^arn:aws[a-z-]*:(iam|sts)::(\d{12}|\*):\S+$/, 'must be the pattern of an IAM or STS ARN with its account'),
  }),
  owner: z.string().trim().min(1),
  may: some(z.enum(['request', 'approve', 'operate', 'audit', 'steward'])),
  for: z.array(ownerRef).default([]),
});

const Timing = z.strictObject({
  lease: duration(20_000, 900_000, 'between 20s and 15m').default(DEFAULT_TIMING.leaseMs),
  settle: duration(1_000, 900_000, 'between 1s and 15m').default(DEFAULT_TIMING.settleMs),
  passGap: duration(1_000, 3_600_000, 'between 1s and 1h').default(DEFAULT_TIMING.passGapMs),
  provisionWithin: duration(60_000, 604_800_000, 'between 1m and 7d').default(DEFAULT_TIMING.provisionWithinMs),
  revokeWithin: duration(60_000, 86_400_000, 'between 1m and 24h').default(DEFAULT_TIMING.revokeWithinMs),
  usageLag: duration(1_000, 14_400_000, 'between 1s and 4h').default(DEFAULT_TIMING.usageLagMs),
});

const Orphans = z.strictObject({
  mode: mode.default('observe'),
  act: z.enum(['report', 'quarantine', 'revoke']).default('quarantine'),
  grace: duration(1_000, 7_776_000_000, 'at most 90d').prefault('7d'),
  maxActs: z.int().min(1).max(1_000).default(10),
});

const allowance = (owners: number) =>
  z
    .strictObject({
      owners: z.int().min(1).default(owners),
      credentials: z
        .int()
        .min(1)
        .default(3 * owners),
    })
    .prefault({});
const Guard = z.strictObject({
  hour: allowance(20),
  day: allowance(60),
  week: allowance(200),
  forCauseAnHour: z.int().min(1).default(5),
  escalateAfter: duration(60_000, 604_800_000, 'between 1m and 7d').prefault('4h'),
});

const Reapproval = z.strictObject({
  within: duration(1_000, 7_776_000_000, 'at most 90d').prefault('7d'),
  for: duration(1_000, 31_536_000_000, 'at most 365d').prefault('90d'),
});

/** `nhi.policy.yaml`. Strict everywhere: a misspelt rule must not be a rule that is not there. */
export const PolicyFile = z.strictObject({
  version: z.literal(1),
  mode: mode.default('observe'),
  accountable: z.strictObject({ policy: ownerRef }),
  sources: z.record(name, Source).refine((sources) => Object.keys(sources).length > 0, 'must name at least one source'),
  profiles: z.record(name, Profile),
  callers: z.array(Caller).default([]),
  steward: stewardRef.optional(),
  succession: z.array(z.enum(['named', 'manager', 'team', 'steward'])).default(['named', 'manager', 'team', 'steward']),
  acceptWithin: duration(1_000, 7_776_000_000, 'at most 90d').prefault('7d'),
  guard: Guard.prefault({}),
  reapproval: Reapproval.prefault({}),
  sweeps: z.strictObject({ orphans: Orphans.prefault({}) }).prefault({}),
  timing: Timing.prefault({}),
});

export type PolicyFileContent = z.output<typeof PolicyFile>;

export const policyOf = ({ timing, sources, profiles, sweeps, guard, reapproval, acceptWithin, ...rest }: PolicyFileContent): Policy => ({
  ...rest,
  sources: Object.fromEntries(Object.entries(sources).map(([sourceName, source]) => [sourceName, sourceOf(source)])),
  profiles: Object.fromEntries(Object.entries(profiles).map(([profileName, profile]) => [profileName, profileOf(profile)])),
  sweeps: { orphans: sweepOf(sweeps.orphans) },
  acceptWithinMs: acceptWithin,
  guard: guardOf(guard),
  reapproval: { withinMs: reapproval.within, forMs: reapproval.for },
  timing: {
    leaseMs: timing.lease,
    settleMs: timing.settle,
    passGapMs: timing.passGap,
    provisionWithinMs: timing.provisionWithin,
    revokeWithinMs: timing.revokeWithin,
    usageLagMs: timing.usageLag,
  },
});

const sourceOf = ({ feed, ...rest }: z.output<typeof Source>) => ({ ...rest, ...(feed && { feed: feedOf(feed) }) });
const feedOf = ({ silentAfter, ...rest }: z.output<typeof Feed>) => ({
  ...rest,
  ...(silentAfter !== undefined && { silentAfterMs: silentAfter }),
});
const guardOf = ({ escalateAfter, ...rest }: z.output<typeof Guard>) => ({ ...rest, escalateAfterMs: escalateAfter });
const sweepOf = ({ grace, ...rest }: z.output<typeof Orphans>) => ({ ...rest, graceMs: grace });

const onLeaveOf = (rules: z.output<typeof OnLeave>): Policy['profiles'][string]['onLeave'] => {
  switch (rules.action) {
    case 'revoke':
      return rules;
    case 'suspend':
      return { action: rules.action, regretMs: rules.regret };
    case 'transfer':
      return { action: rules.action, overlapMs: rules.overlap, regretMs: rules.regret };
  }
};

const profileOf = ({ rotateEvery, overlap, hardLimit, regret, stillInUse, onLeave, ttl, ...rest }: z.output<typeof Profile>) => ({
  ...rest,
  ...(ttl !== undefined && { ttlMs: ttl }),
  onLeave: onLeaveOf(onLeave),
  rotation: { everyMs: rotateEvery, overlapMs: overlap, hardLimitMs: hardLimit, regretMs: regret, stillInUse },
});

/** The same as JSON Schema, for editors. */
export const policyJsonSchema = (): object => z.toJSONSchema(PolicyFile, { io: 'input', unrepresentable: 'any' });
