import { memoryIam } from '../../lib/adapters/memory/iam.ts';
import { type MemoryLedger, memoryLedger } from '../../lib/adapters/memory/ledger.ts';
import { type ProviderWorld, providerWorld, use } from '../../lib/adapters/memory/provider-world.ts';
import { memorySecrets } from '../../lib/adapters/memory/secrets-manager.ts';
import { type Message, memoryWake } from '../../lib/adapters/memory/wake.ts';
import { applyFact } from '../../lib/application/apply-fact.ts';
import type { Clock, Connector, Ids, Ledger, SecretStore, WorkItem } from '../../lib/application/ports.ts';
import { command } from '../../lib/application/record.ts';
import { requestCredential } from '../../lib/application/request-credential.ts';
import { sweepDue } from '../../lib/application/sweep-due.ts';
import { workOnCredential } from '../../lib/application/work-credential.ts';
import { workOnOwner } from '../../lib/application/work-owner.ts';
import { Fault } from '../../lib/domain/faults.ts';
import type { OwnerFact } from '../../lib/domain/owner/state.ts';
import type { Policy } from '../../lib/domain/policy.ts';
import { DEFAULT_TIMING, type Timing } from '../../lib/domain/timing.ts';
import { type AttemptId, type CredentialId, type EpochMs, type KeyId, type OwnerId, plusMs } from '../../lib/domain/types.ts';
import { givenPolicy, givenProfile } from '../given-policy.ts';
import { type FaultLine, type FaultPlan, faultLine, Killed } from './faults.ts';

/** What a test may replace, to plant a bug. */
export interface Planted {
  readonly timing?: Partial<Timing>;
  /** How long a fresh key is refused. @default 4000 */
  readonly propagationMs?: number;
  readonly connector?: (real: Connector) => Connector;
  readonly secrets?: (real: SecretStore) => SecretStore;
  readonly ledger?: (real: Ledger) => Ledger;
}

export interface World {
  readonly clock: Clock;
  readonly ledger: MemoryLedger;
  readonly provider: ProviderWorld;
  readonly messages: Message[];
  readonly faults: FaultLine;
  readonly timing: Timing;
  /** Runs until the work is done, or one of its calls is held up. */
  deliver(item: WorkItem): Promise<void>;
  fact(type: OwnerFact['type'], subject: string, sequence: number, role?: string): Promise<void>;
  request(subject: string, key: string): Promise<void>;
  revoke(id: CredentialId): Promise<void>;
  rotate(id: CredentialId): Promise<void>;
  /** Every consumer makes a call with what it finds as AWSCURRENT; gives the keys that were refused. */
  consume(): readonly string[];
  sweep(): Promise<void>;
  /** Moves the clock; what may land by then lands. */
  pass(ms: number): Promise<void>;
  /** From here on nothing goes wrong any more. */
  calm(): void;
}

/** The role that may have a credential. */
export const ENTITLED = 'R';
const POLICY: Policy = givenPolicy({
  profiles: {
    p: givenProfile({
      eligible: { roles: [ENTITLED] },
      rotation: { everyMs: 2_592_000_000, overlapMs: 600_000, hardLimitMs: 3_600_000, regretMs: 1_200_000, stillInUse: 'extend' },
    }),
  },
});
const START = 1_700_000_000_000;
const CALLER = { arn: 'arn:aws:sts::1:assumed-role/r/s', ownerRef: 'hr:0', may: ['request'], for: ['hr:1', 'hr:2', 'hr:3'] } as const;

const counted = (): Ids => {
  let count = 0;
  const next = (length: number): string => {
    count += 1;
    return count.toString().padStart(length, '0');
  };
  return { ulid: () => next(26), uuid: () => `00000000-0000-4000-8000-${next(12)}` };
};

export function world(plan: FaultPlan, landWithinMs: (n: number) => number, planted: Planted = {}): World {
  let nowMs = START as EpochMs;
  let quiet = false;
  const clock: Clock = { now: () => nowMs };
  const timing: Timing = { ...DEFAULT_TIMING, ...planted.timing };
  const policy = { ...POLICY, timing };
  const ids = counted();
  const ledger = memoryLedger();
  const provider = providerWorld(planted.propagationMs);
  const wake = memoryWake(clock);
  const faults = faultLine((n, site) => (quiet ? undefined : plan(n, site)), clock.now, landWithinMs);
  let keys = 0;
  const iam = memoryIam(provider, clock, () => {
    keys += 1;
    return `AKIA${keys}`;
  });
  const wired = faults.wrap('ledger', planted.ledger?.(ledger) ?? ledger);
  const base = { ledger: wired, clock, ids, timing, policy, policyDigest: 'd', wake: faults.wrap('wake', wake), account: '000000000000' };
  const work = workOnCredential({
    ...base,
    connector: faults.wrap('connector', planted.connector?.(iam) ?? iam),
    secrets: faults.wrap('secrets', planted.secrets?.(memorySecrets(provider, clock)) ?? memorySecrets(provider, clock)),
    requestTimeoutMs: 10_000,
  });
  const offboard = workOnOwner(base);
  const ask = requestCredential(base);
  const hear = applyFact(base);
  const sweep = sweepDue({ ...base, queues: ['aws-iam-user', 'owner'] });

  /** A fault or a dead process is what this is about; anything else is a defect and ends the run. */
  const survive = async (act: () => Promise<unknown>): Promise<void> => {
    let held: () => void = () => undefined;
    const parked = new Promise<void>((resolve) => {
      held = resolve;
    });
    const stop = faults.onPark(held);
    const run = act().then(
      () => undefined,
      (error: unknown) => {
        const expected =
          error instanceof Killed || error instanceof Fault || (error instanceof Error && error.message.endsWith('connection lost'));
        if (!expected) defects.push(error);
      },
    );
    await Promise.race([run, parked]);
    stop();
    if (defects.length) throw defects[0];
  };
  const defects: unknown[] = [];

  return {
    clock,
    ledger,
    provider,
    messages: wake.messages,
    faults,
    timing,
    deliver: ({ queue, id }) =>
      survive(() => (queue === 'owner' ? offboard(id as OwnerId, plusMs(nowMs, 40_000)) : work(id as CredentialId, plusMs(nowMs, 40_000)))),
    fact: (type, subject, sequence, role = ENTITLED) => {
      const attributes = { email: `${subject}@example.com`, roles: [role] };
      const fact: OwnerFact = {
        type,
        id: `${subject}-${sequence}`,
        source: 'hr',
        subject,
        sequence,
        occurredAtMs: nowMs,
        effectiveAtMs: nowMs,
        cause: 'normal',
        attributes,
      };
      return survive(() => hear(fact));
    },
    request: (subject, key) =>
      survive(() =>
        ask(CALLER, CALLER.arn, {
          profile: 'p',
          owner: `hr:${subject}`,
          purpose: 'x',
          environment: 'e',
          consumers: [],
          idempotencyKey: key,
        }),
      ),
    revoke: (id) =>
      survive(() =>
        command(
          base,
          id,
          { type: 'revoke', cause: 'requested' },
          { actor: { kind: 'person', id: 'x' }, cause: 'x', correlationId: id, policyDigest: 'd' },
        ),
      ),
    rotate: (id) =>
      survive(() =>
        command(base, id, { type: 'rotate' }, { actor: { kind: 'person', id: 'x' }, cause: 'x', correlationId: id, policyDigest: 'd' }),
      ),
    consume: () =>
      [...ledger.credentials.values()].flatMap(({ state }) => {
        const current = provider.secrets.get(state.grant.secretName)?.labels.get('AWSCURRENT');
        const keys = provider.users.get(state.grant.accountName)?.keys ?? new Map<KeyId, { attempt: AttemptId | undefined }>();
        const key = [...keys].find(([, { attempt }]) => attempt === current)?.[0];
        return state.status === 'active' && !(key && use(provider, key, nowMs)) ? [state.id] : [];
      }),
    sweep: () => survive(() => sweep()),
    pass: async (ms) => {
      nowMs = plusMs(nowMs, ms);
      await faults.land(nowMs);
      if (defects.length) throw defects[0];
    },
    calm: () => {
      quiet = true;
    },
  };
}
