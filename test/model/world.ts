import { decide } from '../../lib/domain/credential/decide.ts';
import { evolve } from '../../lib/domain/credential/evolve.ts';
import type { NextStep } from '../../lib/domain/credential/next-step.ts';
import type { Outcome } from '../../lib/domain/credential/outcome.ts';
import type { Credential, Grant, Holder } from '../../lib/domain/credential/state.ts';
import { type DenyList, type DenyOutcome, KILL_CAPACITY, killListId, newDenyList } from '../../lib/domain/deny-list.ts';
import { decideFact } from '../../lib/domain/owner/decide.ts';
import { evolveOwner } from '../../lib/domain/owner/evolve.ts';
import type { Owner, OwnerFact } from '../../lib/domain/owner/state.ts';
import type { Rotation } from '../../lib/domain/policy.ts';
import type { Timing } from '../../lib/domain/timing.ts';
import type { AttemptId, CredentialId, EpochMs, KeyId, OwnerId, OwnerKey } from '../../lib/domain/types.ts';

/** One lease, one settling: the grain of time. Whatever is due within a tick is done at its end. */
export const TICK = 60_000;
export const TIMING: Timing = {
  leaseMs: TICK,
  settleMs: TICK,
  passGapMs: TICK,
  provisionWithinMs: 40 * TICK,
  revokeWithinMs: 15 * TICK,
  usageLagMs: TICK / 2,
};
/** How late a call may land, from when it was sent. A fact of the world: a planted bug changes `TIMING`, not this. */
export const LANDS_WITHIN = 2 * TICK;
/** What waits for longer is at rest, as far as this world goes. */
export const HORIZON = 1_000 * TICK;
/** A short regret hides flaws: less happens within it. */
const REGRET_TICKS = 4;

export const ROTATION: Rotation = {
  everyMs: 1_000_000 * TICK,
  overlapMs: TICK,
  hardLimitMs: 2 * TICK,
  regretMs: REGRET_TICKS * TICK,
  stillInUse: 'disable',
};

/** L holds the credential at first; each is the heir of the other. */
export type Person = 'L' | 'S';
export const PERSONS = ['L', 'S'] as const;
/** Owners as such, as far as the provider is told. */
export interface Kill {
  readonly list: DenyList;
  /** Whom it denies, as owner keys. */
  readonly policy: readonly string[];
  readonly workers: readonly ListWorker[];
  /** What a kill wants was read, and its page is slow to write it. */
  readonly pages: readonly Page[];
  /** Killed, and the provider has said so, with nothing out that could undo it. */
  readonly confirmed: readonly Person[];
}
export interface Page {
  readonly who: Person;
  readonly killedAtMs: EpochMs;
}
export interface ListWorker {
  readonly fence: number;
  /** To be rendered; `undefined`: it only looks. */
  readonly keys: readonly string[] | undefined;
  readonly beganAtMs: EpochMs;
  readonly outcome: DenyOutcome | undefined;
}

export const ownerId = (who: Person): OwnerId => `own_${who}` as OwnerId;
const ownerKey = (who: Person): OwnerKey => `k${who}` as OwnerKey;
export const other = (who: Person): Person => (who === 'L' ? 'S' : 'L');
export const personOf = (id: OwnerId | OwnerKey): Person => (id.endsWith('L') ? 'L' : 'S');
export const attemptId = (n: number): AttemptId => `a${n}` as AttemptId;
export const numberOf = (id: AttemptId | KeyId): number => Number.parseInt(id.slice(1), 10);

/** One call to the provider, with all it carries: a late one lands as it was sent. */
export type Call =
  | { readonly call: 'create-user'; readonly tag: Person }
  | { readonly call: 'create-secret'; readonly tag: Person }
  | {
      readonly call:
        | 'share'
        | 'close'
        | 'undeny'
        | 'deny'
        | 'delete-secret'
        | 'empty-user'
        | 'delete-user'
        | 'last-used'
        | 'exists'
        | 'describe'
        | 'list'
        | 'pending';
    }
  | { readonly call: 'verify' | 'drop-pending'; readonly attempt: AttemptId }
  /** `knows`: who reads its value; nobody yet, where it is made for an heir. */
  | { readonly call: 'create-key'; readonly attempt: AttemptId; readonly knows: Person | undefined }
  | { readonly call: 'render'; readonly keys: readonly string[] }
  | { readonly call: 'look'; readonly attempts: readonly AttemptId[] }
  | { readonly call: 'put'; readonly attempt: AttemptId; readonly keyId: KeyId }
  /** `try`: an answer that the label is elsewhere is none that ends the step. */
  | { readonly call: 'move-label' | 'try-label'; readonly to: AttemptId; readonly from: AttemptId | undefined }
  | { readonly call: 'disable' | 'enable' | 'delete-key'; readonly keyId: KeyId }
  | { readonly call: 'tag-user' | 'tag-secret'; readonly to: Person };

/** What the provider says: no, or what was asked for. */
export type Answer =
  | { readonly no: string }
  | {
      readonly no: undefined;
      readonly keyIds: readonly KeyId[];
      readonly stored: readonly Stored[];
      readonly label: AttemptId | undefined;
      readonly is: boolean;
    };
export interface Stored {
  readonly attempt: AttemptId;
  readonly keyId: KeyId;
}

export type Acting = Exclude<NextStep, { readonly do: 'rest' | 'wait' | 'give-up' | 'suspend' | 'pass-on' | 'warn' | 'follow-up' }>;
/** A worker in the middle of a step; `outcome`: all its calls are answered, and it is about to record this. */
export interface Worker {
  readonly step: Acting;
  readonly fence: number;
  /** When it read the record. */
  readonly readAtMs: EpochMs;
  /** When its lease ends. */
  readonly untilMs: EpochMs;
  /** The record as it took the lease. */
  readonly record: Credential;
  /** The id a key it makes has. */
  readonly attempt: AttemptId;
  /** Calls answered so far, and what they said. */
  readonly answers: readonly Answer[];
  readonly outcome: Outcome | undefined;
}
export interface Flight {
  readonly call: Call;
  readonly landsByMs: EpochMs;
}

export interface Key {
  readonly keyId: KeyId;
  readonly attempt: AttemptId;
  readonly active: boolean;
  /** Refused, and perhaps not listed, till time has passed. */
  readonly fresh: boolean;
  /** Will never work. */
  readonly dead: boolean;
  /** Was what consumers found as AWSCURRENT. */
  readonly served: boolean;
  /** Who reads its value; only where kills are among the commands. */
  readonly knows: Person | undefined;
  /** Another has taken its place; consumers hold it until then. */
  readonly heldUntilMs: EpochMs | undefined;
  /** Disabled; it can be wanted back until then. */
  readonly keptUntilMs: EpochMs | undefined;
}
interface User {
  readonly tag: Person;
  readonly denied: boolean;
}
export interface SecretVersions {
  readonly tag: Person;
  readonly deleted: boolean;
  readonly shared: boolean;
  readonly values: readonly Stored[];
  readonly current: AttemptId | undefined;
  readonly pending: AttemptId | undefined;
}

export interface World {
  readonly nowMs: EpochMs;
  readonly record: Credential;
  readonly owners: Readonly<Record<Person, Owner>>;
  /** What the profile says of leavers; set by the leave. */
  readonly onLeave: 'transfer' | 'suspend' | 'revoke';
  readonly workers: readonly Worker[];
  readonly flights: readonly Flight[];
  readonly user: User | undefined;
  readonly keys: readonly Key[];
  readonly secret: SecretVersions | undefined;
  /** Attempts whose keys somebody knows who may no longer. */
  readonly burnt: readonly AttemptId[];
  /** Only where kills are among the commands. */
  readonly kill: Kill | undefined;
  /** Somebody has suspended it, and nobody resumed it. */
  readonly stopped: boolean;
  readonly nextAttempt: number;
  readonly faults: number;
  readonly lates: number;
  readonly commands: number;
  readonly only: RegExp | undefined;
  /** A forbidden act, seen where it was done. */
  readonly flaw: string | undefined;
}

export interface Bounds {
  readonly faults: number;
  readonly lates: number;
  readonly commands: number;
  /** Which of the commands there are; all but `kills` by default. */
  readonly only?: RegExp;
  /** Owners are killed, that is lifted, and leavers return. */
  readonly kills?: true;
  /** Begins where the credential is active and nothing is under way. */
  readonly active?: true;
}

const BEGIN = 1_000_000 * TICK;
const GRANT: Grant = {
  profile: 'p',
  connector: 'aws-iam-user',
  account: '0',
  accountName: 'nhi-cred_1',
  secretName: 'nhi/p/cred_1',
  purpose: 'x',
  environment: 'e',
  consumers: [],
};

export const fact = (who: Person, type: OwnerFact['type'], sequence: number, cause: OwnerFact['cause'], atMs: EpochMs): OwnerFact => ({
  ...{ type, sequence, cause, source: 'hr', subject: who, id: `${who}${sequence}` },
  ...{ occurredAtMs: atMs, effectiveAtMs: atMs, attributes: { email: '', roles: ['R'] } },
});

/** What the owner's record becomes by a fact. */
export function told(owner: Owner | undefined, said: OwnerFact, atMs: EpochMs): Owner {
  const who = said.subject as Person;
  const decision = decideFact(owner, said, { id: ownerId(who), key: ownerKey(who) }, atMs, 1_000);
  if (!decision.ok) throw new Error(decision.why);
  const next = decision.events.reduce<Owner | undefined>(evolveOwner, owner);
  if (!next) throw new Error('no owner');
  return next;
}

export function begin({ faults, lates, commands, only, kills }: Bounds): World {
  const nowMs = BEGIN as EpochMs;
  const owners = {
    L: told(undefined, fact('L', 'Joined', 1, 'normal', nowMs), nowMs),
    S: told(undefined, fact('S', 'Joined', 1, 'normal', nowMs), nowMs),
  };
  const { id, key, epoch } = owners.L;
  const asked = decide(
    undefined,
    { type: 'request', id: 'cred_1' as CredentialId, holder: { id, key, epoch }, grant: GRANT, rotation: ROTATION },
    nowMs,
    TIMING,
  );
  const record = asked.ok ? asked.events.reduce<Credential | undefined>(evolve, undefined) : undefined;
  if (!record) throw new Error('no credential');
  return {
    ...{ nowMs, record, owners, onLeave: 'transfer', workers: [], flights: [], user: undefined, keys: [], secret: undefined, burnt: [] },
    kill: kills && { list: newDenyList(killListId('0'), '0', KILL_CAPACITY), policy: [], workers: [], pages: [], confirmed: [] },
    ...{ stopped: false, nextAttempt: 1, faults, lates, commands, only, flaw: undefined },
  };
}

export const isActive = ({ owners }: World, { id, epoch }: Holder): boolean =>
  PERSONS.some((who) => owners[who].id === id && owners[who].status === 'active' && owners[who].epoch === epoch && !owners[who].killed);

export const holderOf = ({ id, key, epoch }: Owner): Holder => ({ id, key, epoch });

/** Whoever holds it now reads what nobody knew. */
export const learned = (world: World): World =>
  world.kill ? { ...world, keys: world.keys.map((key) => ({ ...key, knows: key.knows ?? personOf(world.record.holder.id) })) } : world;

export interface Move {
  readonly say: string;
  readonly to: World;
  /** Time passes. */
  readonly tick?: boolean;
}
