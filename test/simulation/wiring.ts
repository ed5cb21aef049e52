import { memoryAccount } from '../../lib/adapters/memory/account.ts';
import { memoryIam } from '../../lib/adapters/memory/iam.ts';
import { memoryKillPolicy } from '../../lib/adapters/memory/kill-policy.ts';
import type { MemoryLedger } from '../../lib/adapters/memory/ledger.ts';
import type { ProviderWorld, Send } from '../../lib/adapters/memory/provider-world.ts';
import { memorySecrets } from '../../lib/adapters/memory/secrets-manager.ts';
import type { memoryWake } from '../../lib/adapters/memory/wake.ts';
import { applyFact } from '../../lib/application/apply-fact.ts';
import { changeCredential } from '../../lib/application/change-credential.ts';
import { deliveringOnce } from '../../lib/application/delivered-once.ts';
import { followPolicy, notePolicy } from '../../lib/application/follow-policy.ts';
import { killOwner } from '../../lib/application/kill-owner.ts';
import { credentialOf } from '../../lib/application/naming.ts';
import type { Clock, Connector, Ids, Ledger, SecretStore } from '../../lib/application/ports.ts';
import type { Protocol } from '../../lib/application/protocol.ts';
import { listBatches, releaseBatch } from '../../lib/application/release-batch.ts';
import { requestCredential } from '../../lib/application/request-credential.ts';
import { revealToken } from '../../lib/application/reveal-token.ts';
import { rotateTokenKey } from '../../lib/application/rotate-token-key.ts';
import { sweepAccount } from '../../lib/application/sweep-account.ts';
import { sweepDue } from '../../lib/application/sweep-due.ts';
import type { TokenStore } from '../../lib/application/token-store.ts';
import { workOnCredential } from '../../lib/application/work-credential.ts';
import { type DenyPolicy, workOnDenyList } from '../../lib/application/work-deny-list.ts';
import { workOnOwner } from '../../lib/application/work-owner.ts';
import { cachedKeyring } from '../../lib/client/token-mac.ts';
import { apiTokenConnector } from '../../lib/connectors/api-token/connector.ts';
import { CONNECTOR_KINDS } from '../../lib/domain/credential/capabilities.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import { killListId } from '../../lib/domain/deny-list.ts';
import type { Policy } from '../../lib/domain/policy.ts';
import { DEFAULT_TIMING, type Timing } from '../../lib/domain/timing.ts';
import type { TokenOwner } from '../../lib/domain/token/check.ts';
import { type EpochMs, plusMs } from '../../lib/domain/types.ts';
import type { Call, FaultLine, Process } from './faults.ts';
import { Violation } from './invariants/violation.ts';
import type { TokenKeysInMemory } from './tokens.ts';

export const PATH = '/nhi/';
export const ACCOUNT = '000000000000';
export const KILL_LIST = killListId(ACCOUNT);

/** What a test may replace, to plant a bug. */
export interface Planted {
  readonly timing?: Partial<Timing>;
  readonly policy?: Policy;
  readonly protocol?: Protocol;
  readonly connector?: (real: Connector) => Connector;
  readonly tokens?: (real: Connector, store: TokenStore) => Connector;
  /** What an authorizer makes of the owner's record. */
  readonly authorizer?: (real: TokenOwner | undefined) => TokenOwner | undefined;
  readonly tokenUses?: () => number;
  readonly secrets?: (real: SecretStore) => SecretStore;
  readonly ledger?: (real: MemoryLedger) => Ledger;
  readonly denyPolicy?: (real: DenyPolicy) => DenyPolicy;
}

/** What every function is wired to. */
export interface Parts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly timing: Timing;
  /** What a function that starts now decides by. */
  readonly inForce: () => { readonly policy: Policy; readonly policyDigest: string };
  readonly ledger: MemoryLedger;
  readonly provider: ProviderWorld;
  readonly tokenStore: TokenStore;
  readonly tokenKeys: TokenKeysInMemory;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly newKeyId: () => string;
  readonly queue: ReturnType<typeof memoryWake>;
  readonly faults: FaultLine;
  readonly defects: unknown[];
  readonly planted: Planted;
}

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

export type Started = ReturnType<ReturnType<typeof starting>>;

/** Starts a process, with everything it is wired to. */
export function starting(parts: Parts) {
  const { clock, ids, timing, ledger, provider, newKeyId, queue, faults, planted } = parts;
  const {
    watch: _watch,
    credentials: _credentials,
    owners: _owners,
    denyLists: _lists,
    policies: _policies,
    history: _history,
    ...methods
  } = { ...ledger, ...planted.ledger?.(ledger) };
  const { read, write, usesOf } = parts.tokenStore;
  const wakeOf = faults.wrap('wake', { send: queue.send, depth: queue.depth });
  const ledgerOf = faults.wrap<Ledger>('ledger', methods);
  const tokensOf = faults.wrap<TokenStore>('tokens', { read, write, usesOf });
  const keysOf = faults.wrap('keys', parts.tokenKeys.port);
  const readKeys = faults.kind('keys.read', true);
  const answer = faults.kind('api.answer', false);
  const kinds = (service: string, repeatable: boolean) => {
    const known = new Map<string, Call>();
    return (operation: string): Call => {
      let kind = known.get(operation);
      if (!kind) {
        kind = faults.kind(`${service}.${operation}`, repeatable);
        known.set(operation, kind);
      }
      return kind;
    };
  };
  const sent = (service: string) => ({ again: kinds(service, true), once: kinds(service, false) });
  const services = { iam: sent('iam'), secrets: sent('secrets') };
  return () => {
    const process: Process = { dead: false, onHold: () => undefined, landsByMs: undefined };
    const underLease = <T extends Connector | SecretStore>(port: T): T => leased(parts, process, port);
    const send =
      (service: keyof typeof services): Send =>
      (operation, repeatable, act) =>
        faults.call(process, services[service][repeatable ? 'again' : 'once'](operation), act);
    /** The policy's calls land as late as the others. */
    const policyOf = (port: DenyPolicy): DenyPolicy => ({
      ...port,
      render: (keys, isHeld) => {
        const untilMs = ledger.denyLists.get(KILL_LIST)?.state.lease?.untilMs ?? clock.now();
        process.landsByMs = plusMs(untilMs, SETTLE_MS);
        return port.render(keys, isHeld);
      },
    });
    const iam = memoryIam(provider, clock, newKeyId, send('iam'));
    const store = memorySecrets(provider, clock, send('secrets'));
    const killPolicy = memoryKillPolicy(provider, send('iam'));
    const base = {
      ...{ ledger: ledgerOf(process), clock, ids, timing, ...parts.inForce(), wake: wakeOf(process) },
      ...{ account: ACCOUNT, requestTimeoutMs: 10_000, ...(planted.protocol && { protocol: planted.protocol }) },
    };
    const secrets = underLease(planted.secrets?.(store) ?? store);
    const tokenStore = tokensOf(process);
    const tokenKeys = keysOf(process);
    const made = apiTokenConnector({
      ...{ store: tokenStore, account: ACCOUNT, randomBytes: parts.randomBytes, pause: async () => undefined },
      keyring: cachedKeyring(() => faults.call(process, readKeys, parts.tokenKeys.text), clock.now),
    });
    const tokens = underLease(planted.tokens?.(made, tokenStore) ?? made);
    return {
      process,
      policyDigest: base.policyDigest,
      work: workOnCredential({ ...base, connector: underLease(planted.connector?.(iam) ?? iam), secrets }),
      workOnToken: workOnCredential({ ...base, connector: tokens, secrets: deliveringOnce(secrets).secrets }),
      reveal: revealToken({ ...base, connector: tokens, pause: (ms) => faults.hold(process, ms) }),
      /** What a function gives to whoever called it may be lost as anything else. */
      answer: <T>(give: () => T): Promise<T> => faults.call(process, answer, give),
      rotateTokenKey: rotateTokenKey({
        tokenKeys,
        store: { usesOf: async (keyId) => planted.tokenUses?.() ?? tokenStore.usesOf(keyId) },
        clock,
        newKey: parts.tokenKeys.newKey,
      }),
      offboard: workOnOwner(base),
      follow: followPolicy({ ...base, kinds: CONNECTOR_KINDS }),
      note: notePolicy(base),
      denies: workOnDenyList({ ...base, denyPolicy: policyOf(planted.denyPolicy?.(killPolicy) ?? killPolicy) }),
      kill: killOwner(base),
      ask: requestCredential(base),
      hear: applyFact(base),
      change: changeCredential(base),
      batches: listBatches(base),
      release: releaseBatch(base),
      sweepDue: sweepDue({ ...base, queues: ['deny-list', 'owner', ...CONNECTOR_KINDS] }),
      sweepAccount: sweepAccount({ ...base, account: memoryAccount(provider, clock, PATH, send('iam')), path: PATH, idOf: credentialOf }),
    };
  };
}

/** Only under a lease, but for the deny; and no call lands later than is reckoned with. */
function leased<T extends Connector | SecretStore>({ clock, ledger, defects }: Parts, process: Process, port: T): T {
  const wrapped: Record<string, unknown> = {};
  for (const [member, method] of Object.entries(port))
    wrapped[member] = (first: Credential, ...rest: readonly unknown[]) => {
      if ('grant' in first) {
        const untilMs = first.lease?.untilMs ?? 0;
        if (NOT_LATE.includes(member) && untilMs <= clock.now())
          defects.push(new Violation('12 no call without the lease', `${first.id} ${member}`));
        if (member === 'createVersion' && !ledger.credentials.get(first.id)?.state.attempts.some((attempt) => attempt === rest[0]))
          defects.push(new Violation('1 the attempt is on record before the key exists', first.id));
        process.landsByMs = plusMs((member === 'deny' ? plusMs(clock.now(), LEASE_MS) : untilMs) as EpochMs, SETTLE_MS);
      }
      return method(first, ...rest);
    };
  return wrapped as T;
}
