import { memoryAccount } from '../../lib/adapters/memory/account.ts';
import { memoryIam } from '../../lib/adapters/memory/iam.ts';
import { memoryKillPolicy } from '../../lib/adapters/memory/kill-policy.ts';
import { type MemoryLedger, memoryLedger } from '../../lib/adapters/memory/ledger.ts';
import {
  accepts,
  type IamKey,
  type IamUser,
  keyUnder,
  noteUse,
  type ProviderWorld,
  providerWorld,
  type Send,
} from '../../lib/adapters/memory/provider-world.ts';
import { memorySecrets } from '../../lib/adapters/memory/secrets-manager.ts';
import { type Message, memoryWake } from '../../lib/adapters/memory/wake.ts';
import { applyFact } from '../../lib/application/apply-fact.ts';
import { changeCredential } from '../../lib/application/change-credential.ts';
import { killOwner } from '../../lib/application/kill-owner.ts';
import { credentialOf } from '../../lib/application/naming.ts';
import type { Clock, Connector, Ids, Ledger, SecretStore, WorkItem } from '../../lib/application/ports.ts';
import { PROTOCOL, type Protocol } from '../../lib/application/protocol.ts';
import { listBatches, releaseBatch } from '../../lib/application/release-batch.ts';
import { type CredentialRequest, requestCredential } from '../../lib/application/request-credential.ts';
import { sweepAccount } from '../../lib/application/sweep-account.ts';
import { sweepDue } from '../../lib/application/sweep-due.ts';
import { workOnCredential } from '../../lib/application/work-credential.ts';
import { type DenyPolicy, workOnDenyList } from '../../lib/application/work-deny-list.ts';
import { workOnOwner } from '../../lib/application/work-owner.ts';
import type { Caller, Verb } from '../../lib/domain/authorize.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import { killListId } from '../../lib/domain/deny-list.ts';
import { Fault } from '../../lib/domain/faults.ts';
import type { OwnerFact } from '../../lib/domain/owner/state.ts';
import type { Policy } from '../../lib/domain/policy.ts';
import { DEFAULT_TIMING, type Timing } from '../../lib/domain/timing.ts';
import { type CredentialId, type DenyListId, type EpochMs, type OwnerId, plusMs } from '../../lib/domain/types.ts';
import { PIPELINE, SECURITY } from './company.ts';
import { type Call, drained, type FaultLine, faultLine, lostConnection, type PlannedFault, type Process } from './faults.ts';
import { Violation } from './invariants/violation.ts';

/** What a test may replace, to plant a bug. */
export interface Planted {
  readonly timing?: Partial<Timing>;
  readonly policy?: Policy;
  readonly protocol?: Protocol;
  readonly connector?: (real: Connector) => Connector;
  readonly secrets?: (real: SecretStore) => SecretStore;
  readonly ledger?: (real: MemoryLedger) => Ledger;
  readonly denyPolicy?: (real: DenyPolicy) => DenyPolicy;
}

export interface Setting {
  readonly plan: (site: string) => PlannedFault | undefined;
  /** How long a fresh key is refused, and readings lag. */
  readonly propagationMs: number;
  readonly readLagMs: number;
  readonly policy: Policy;
}

export interface World {
  readonly clock: Clock;
  readonly ledger: MemoryLedger;
  readonly provider: ProviderWorld;
  readonly messages: Message[];
  readonly faults: FaultLine;
  readonly timing: Timing;
  readonly policy: Policy;
  readonly protocol: Protocol;
  /** Each of these runs until it is done, dead, or held up in a call. */
  deliver(item: WorkItem): Promise<unknown>;
  /** Whether it was answered; otherwise its queue brings it again. */
  hear(fact: OwnerFact): Promise<boolean>;
  request(owner: string, asked: Pick<CredentialRequest, 'profile' | 'idempotencyKey'>): Promise<unknown>;
  change(caller: Caller, id: CredentialId, verb: Verb, to?: string): Promise<unknown>;
  /** Somebody of the security team cuts an owner off, or lifts that. */
  kill(owner: string, verb: 'kill' | 'unkill'): Promise<unknown>;
  /** Somebody looks at what is held and lets it go. */
  release(): Promise<unknown>;
  sweepDue(): Promise<unknown>;
  sweepAccount(): Promise<unknown>;
  /** Every consumer makes a call with what it finds as AWSCURRENT; gives the credentials that were refused. */
  consume(): readonly CredentialId[];
  /** When a consumer last called with a key; our own verification is none. */
  readonly consumedAtMs: ReadonlyMap<IamKey, EpochMs>;
  /** Moves the clock; what may land by then lands. */
  pass(ms: number): Promise<void>;
  /** From here on nothing goes wrong any more. */
  calm(): void;
  /** What is wrong with the code itself, whatever it did to the world. */
  readonly defects: unknown[];
}

export const PATH = '/nhi/';
const START = 1_700_000_000_000;
const STOP_AFTER_MS = 40_000;
/** What may not be begun after the end of a lease: whatever gives, or can't be done twice. */
const NOT_LATE: readonly string[] = [
  ...([
    'ensureAccount',
    'ensure',
    'createVersion',
    'put',
    'promote',
    'share',
    'lift',
    'enableVersion',
    'tagOwner',
    'removeAccount',
  ] as const),
];
/** As the world has it, whatever a planted policy says. */
const { leaseMs: LEASE_MS, settleMs: SETTLE_MS } = DEFAULT_TIMING;
const ACCOUNT = '000000000000';
export const KILL_LIST = killListId(ACCOUNT);
const CONSUMERS = ['arn:aws:iam::1:role/consumer'];

const counted = (): Ids => {
  let count = 0;
  const next = (length: number): string => {
    count += 1;
    return count.toString().padStart(length, '0');
  };
  return { ulid: () => next(26), uuid: () => `00000000-0000-4000-8000-${next(12)}` };
};

export function world({ plan, propagationMs, readLagMs, policy: usual }: Setting, planted: Planted = {}): World {
  let nowMs = START as EpochMs;
  let quiet = false;
  const clock: Clock = { now: () => nowMs };
  const timing: Timing = { ...DEFAULT_TIMING, ...planted.timing };
  const policy = { ...(planted.policy ?? usual), timing };
  const ids = counted();
  const ledger = memoryLedger();
  const provider = providerWorld(propagationMs, readLagMs);
  const queue = memoryWake(clock);
  const faults = faultLine((site) => (quiet ? undefined : plan(site)), clock.now);
  const defects: unknown[] = [];
  const plantedLedger = planted.ledger?.(ledger) ?? ledger;
  const consumedAtMs = new Map<IamKey, EpochMs>();
  let keys = 0;
  const newKeyId = (): string => {
    keys += 1;
    return `AKIA${keys}`;
  };

  /** One function with everything it is wired to. */
  const start = () => {
    const process: Process = { dead: false, onHold: () => undefined, landsByMs: undefined };
    /** Only under a lease, but for the deny; and no call lands later than is reckoned with. */
    const underLease = <T extends Connector | SecretStore>(port: T): T => {
      const wrapped: Record<string, unknown> = {};
      for (const [member, method] of Object.entries(port))
        wrapped[member] = (first: Credential, ...rest: readonly unknown[]) => {
          if ('grant' in first) {
            const untilMs = first.lease?.untilMs ?? 0;
            if (NOT_LATE.includes(member) && untilMs <= nowMs)
              defects.push(new Violation('12 no call without the lease', `${first.id} ${member}`));
            if (member === 'createVersion' && !ledger.credentials.get(first.id)?.state.attempts.some((attempt) => attempt === rest[0]))
              defects.push(new Violation('1 the attempt is on record before the key exists', first.id));
            process.landsByMs = plusMs((member === 'deny' ? plusMs(nowMs, LEASE_MS) : untilMs) as EpochMs, SETTLE_MS);
          }
          return method(first, ...rest);
        };
      return wrapped as T;
    };
    const send = (service: string): Send => {
      const kinds = new Map<string, Call>();
      return (operation, repeatable, act) => {
        let kind = kinds.get(operation);
        if (!kind) {
          kind = faults.kind(`${service}.${operation}`, repeatable);
          kinds.set(operation, kind);
        }
        return faults.call(process, kind, act);
      };
    };
    /** The policy's calls land as late as the others. */
    const policyOf = (port: DenyPolicy): DenyPolicy => ({
      ...port,
      render: (keys) => {
        const untilMs = ledger.denyLists.get(KILL_LIST)?.state.lease?.untilMs ?? nowMs;
        process.landsByMs = plusMs(untilMs, SETTLE_MS);
        return port.render(keys);
      },
    });
    const iam = memoryIam(provider, clock, newKeyId, send('iam'));
    const store = memorySecrets(provider, clock, send('secrets'));
    const killPolicy = memoryKillPolicy(provider, send('iam'));
    const wake = faults.wrap(process, 'wake', { send: queue.send, depth: queue.depth });
    const {
      watch: _watch,
      credentials: _credentials,
      owners: _owners,
      denyLists: _lists,
      history: _history,
      ...methods
    } = { ...ledger, ...plantedLedger };
    const base = {
      ...{ ledger: faults.wrap<Ledger>(process, 'ledger', methods), clock, ids, timing, policy, policyDigest: 'd', wake },
      ...{ account: ACCOUNT, requestTimeoutMs: 10_000, ...(planted.protocol && { protocol: planted.protocol }) },
    };
    return {
      process,
      work: workOnCredential({
        ...base,
        connector: underLease(planted.connector?.(iam) ?? iam),
        secrets: underLease(planted.secrets?.(store) ?? store),
      }),
      offboard: workOnOwner(base),
      denies: workOnDenyList({ ...base, denyPolicy: policyOf(planted.denyPolicy?.(killPolicy) ?? killPolicy) }),
      kill: killOwner(base),
      ask: requestCredential(base),
      hear: applyFact(base),
      change: changeCredential(base),
      batches: listBatches(base),
      release: releaseBatch(base),
      sweepDue: sweepDue({ ...base, queues: ['aws-iam-user', 'owner', 'deny-list'] }),
      sweepAccount: sweepAccount({ ...base, account: memoryAccount(provider, clock, PATH, send('iam')), path: PATH, idOf: credentialOf }),
    };
  };
  const idle: ReturnType<typeof start>[] = [];

  /** A fault is what this is about; anything else that is thrown is a defect. */
  const run = async (act: (of: ReturnType<typeof start>) => Promise<unknown>): Promise<boolean> => {
    let one = idle.pop() ?? start();
    while (one.process.dead) one = idle.pop() ?? start();
    let [over, answered] = [false, false];
    const { process } = one;
    process.landsByMs = undefined;
    const held = new Promise<void>((resolve) => {
      process.onHold = resolve;
    });
    const used = one;
    const done = act(used).then(
      () => {
        answered = true;
      },
      (error: unknown) => {
        if (!(error instanceof Fault || lostConnection(error))) defects.push(error);
      },
    );
    void done.then(() => {
      over = true;
      idle.push(used);
    });
    await Promise.race([done, held]);
    if (!over) await drained();
    return answered;
  };

  return {
    clock,
    ledger,
    provider,
    messages: queue.messages,
    faults,
    timing,
    policy,
    protocol: planted.protocol ?? PROTOCOL,
    defects,
    consumedAtMs,
    deliver: ({ queue: of, id }) =>
      run(async ({ offboard, denies, work }): Promise<unknown> => {
        const stopAtMs = plusMs(nowMs, STOP_AFTER_MS);
        if (of === 'deny-list') return denies(id as DenyListId, stopAtMs);
        return of === 'owner' ? offboard(id as OwnerId, stopAtMs) : work(id as CredentialId, stopAtMs);
      }),
    hear: (fact) => run(({ hear }) => hear(fact)),
    request: (owner, asked) =>
      run(({ ask }) => ask(PIPELINE, PIPELINE.arn, { ...asked, owner, purpose: 'x', environment: 'e', consumers: CONSUMERS })),
    change: (caller, id, verb, to) => run(({ change }) => change(caller, caller.arn, id, { verb, reason: 'x', to })),
    kill: (owner, verb) => run(({ kill }) => kill(SECURITY, SECURITY.arn, owner, verb, 'x')),
    release: () =>
      run(async ({ batches, release }) => {
        const open = await batches(SECURITY, SECURITY.arn);
        if (open.ok && open.held) await release(SECURITY, SECURITY.arn, open.held.seal, 'looked at');
      }),
    sweepDue: () => run((of) => of.sweepDue()),
    sweepAccount: () => run((of) => of.sweepAccount()),
    consume: () =>
      [...ledger.credentials.values()].flatMap(({ state }) => {
        if (state.status !== 'active') return [];
        const { accountName, secretName } = state.grant;
        const user = provider.users.get(accountName);
        if (isCutOff(ledger, state, user)) return [];
        const key = keyUnder(provider, secretName, accountName, 'AWSCURRENT');
        if (!user || !key || !accepts(provider, user, key, nowMs)) return [state.id];
        noteUse(key, nowMs);
        consumedAtMs.set(key, nowMs);
        return [];
      }),
    pass: async (ms) => {
      nowMs = plusMs(nowMs, ms);
      await faults.land(nowMs);
    },
    calm: () => {
      quiet = true;
    },
  };
}

/** Whether somebody is killed who holds it, or whose it still is at the provider: what the record says follows. */
export function isCutOff({ owners }: MemoryLedger, { holder }: Credential, user: IamUser | undefined): boolean {
  if (owners.get(holder.id)?.state.killed) return true;
  if (user && user.ownerKey !== holder.key)
    for (const { state } of owners.values()) if (state.killed && state.key === user.ownerKey) return true;
  return false;
}
