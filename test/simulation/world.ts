import { type MemoryLedger, memoryLedger } from '../../lib/adapters/memory/ledger.ts';
import {
  accepts,
  type IamKey,
  type IamUser,
  noteUse,
  type ProviderWorld,
  providerWorld,
} from '../../lib/adapters/memory/provider-world.ts';
import { type MemoryTokenStore, memoryTokenStore } from '../../lib/adapters/memory/token-store.ts';
import { type Message, memoryWake } from '../../lib/adapters/memory/wake.ts';
import type { Clock, Ids, WorkItem } from '../../lib/application/ports.ts';
import type { Protocol } from '../../lib/application/protocol.ts';
import type { CredentialRequest } from '../../lib/application/request-credential.ts';
import { parseKeyring } from '../../lib/client/token-mac.ts';
import { verifyToken } from '../../lib/client/verify-token.ts';
import type { Caller, Verb } from '../../lib/domain/authorize.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import { Fault, type Secret } from '../../lib/domain/faults.ts';
import type { OwnerFact } from '../../lib/domain/owner/state.ts';
import type { Policy } from '../../lib/domain/policy.ts';
import { POLICY_ID } from '../../lib/domain/policy-in-force.ts';
import { DEFAULT_TIMING, type Timing } from '../../lib/domain/timing.ts';
import { type CredentialId, type DenyListId, type EpochMs, type OwnerId, plusMs } from '../../lib/domain/types.ts';
import { PROTOCOL } from '../protocol.ts';
import { PIPELINE, SECURITY } from './company.ts';
import { drained, type FaultLine, faultLine, lostConnection, type PlannedFault } from './faults.ts';
import { assumeRoles, type Session } from './sessions.ts';
import {
  authorizerOf,
  countedBytes,
  endsWithOwner,
  isPastEnd,
  isTokenAccount,
  letsIn,
  type TokenKeysInMemory,
  tokenAccount,
  tokenKeysInMemory,
} from './tokens.ts';
import { type Parts, type Planted, type Started, starting } from './wiring.ts';

export interface Setting {
  readonly plan: (site: string) => PlannedFault | undefined;
  /** How long a fresh key is refused, and readings lag. */
  readonly propagationMs: number;
  readonly readLagMs: number;
  readonly policy: Policy;
  /** What may be deployed later. */
  readonly later?: readonly Policy[];
}

export interface World {
  readonly clock: Clock;
  readonly ledger: MemoryLedger;
  readonly provider: ProviderWorld;
  readonly messages: Message[];
  readonly faults: FaultLine;
  readonly timing: Timing;
  /** In force now, and by its digest; functions that run on still decide by the one before. */
  readonly policy: Policy;
  policyOf(digest: string): Policy;
  readonly policies: number;
  deploy(number: number): void;
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
  /** Every one that was ever begun. */
  readonly sessions: Map<CredentialId, Session[]>;
  /** When a consumer last called with a key; our own verification is none. */
  readonly consumedAtMs: ReadonlyMap<IamKey, EpochMs>;
  /** Moves the clock; what may land by then lands. */
  pass(ms: number): Promise<void>;
  /** The owner asks for a token that is shown once; `lost`: the last answer never came. */
  reveal(caller: Caller, id: CredentialId, lost: boolean): Promise<unknown>;
  /** What they were shown. */
  readonly shown: ReadonlyMap<CredentialId, readonly Secret[]>;
  rotateTokenKey(): Promise<unknown>;
  readonly tokenKeys: TokenKeysInMemory;
  readonly tokens: MemoryTokenStore;
  /** What an authorizer reads of an owner. */
  readonly tokenOwner: ReturnType<typeof authorizerOf>;
  /** The same as `consume`, by the code that services and authorizers check tokens with. */
  consumeTokens(): Promise<readonly CredentialId[]>;
  /** From here on nothing goes wrong any more. */
  calm(): void;
  /** What is wrong with the code itself, whatever it did to the world. */
  readonly defects: unknown[];
}

const START = 1_700_000_000_000;
const STOP_AFTER_MS = 40_000;
const CONSUMERS = ['arn:aws:iam::1:role/consumer'];

const counted = (): Ids => {
  let count = 0;
  const next = (length: number): string => {
    count += 1;
    return count.toString().padStart(length, '0');
  };
  return { ulid: () => next(26), uuid: () => `00000000-0000-4000-8000-${next(12)}` };
};

export function world({ plan, propagationMs, readLagMs, policy: usual, later = [] }: Setting, planted: Planted = {}): World {
  let nowMs = START as EpochMs;
  let quiet = false;
  const clock: Clock = { now: () => nowMs };
  const timing: Timing = { ...DEFAULT_TIMING, ...planted.timing };
  const policies = [planted.policy ?? usual, ...later].map((policy): Policy => ({ ...policy, timing }));
  const policyAt = (number: number): Policy => policies[number] ?? usual;
  let deployed = 0;
  const ids = counted();
  const ledger = memoryLedger();
  const provider = providerWorld(propagationMs, readLagMs);
  const queue = memoryWake(clock);
  const faults = faultLine((site) => (quiet ? undefined : plan(site)), clock.now);
  const defects: unknown[] = [];
  const tokenStore = memoryTokenStore();
  const tokenKeys = tokenKeysInMemory(clock);
  const consumedAtMs = new Map<IamKey, EpochMs>();
  const shown = new Map<CredentialId, readonly Secret[]>();
  const tokenOwner = authorizerOf(ledger, planted.authorizer);
  const verify = verifyToken({
    reader: {
      token: tokenStore.read,
      owner: async (id) => tokenOwner(id as OwnerId),
    },
    keyring: async () => parseKeyring(tokenKeys.text()),
    environment: 'e',
    now: clock.now,
  });
  let keys = 0;
  const newKeyId = (): string => {
    keys += 1;
    return `AKIA${keys}`;
  };

  const parts: Parts = {
    inForce: () => ({ policy: policyAt(deployed), policyDigest: `d${deployed}` }),
    ...{ clock, ids, timing, ledger, provider, tokenStore, tokenKeys, randomBytes: countedBytes(), newKeyId, queue, faults },
    ...{ defects, planted },
  };
  const startProcess = starting(parts);
  const idle: Started[] = [];

  /** A fault is what this is about; anything else that is thrown is a defect. */
  const run = async (act: (of: Started) => Promise<unknown>): Promise<boolean> => {
    let one = idle.pop() ?? startProcess();
    while (one.process.dead) one = idle.pop() ?? startProcess();
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
      if (used.policyDigest === `d${deployed}`) idle.push(used); // of an older deployment none is used again
    });
    await Promise.race([done, held]);
    if (!over) await drained();
    return answered;
  };

  const here: World = {
    clock,
    ledger,
    provider,
    messages: queue.messages,
    faults,
    timing,
    get policy() {
      return policyAt(deployed);
    },
    policyOf: (digest) => policyAt(Number(digest.slice(1))),
    policies: policies.length,
    deploy: (number) => {
      deployed = number;
      idle.length = 0;
    },
    protocol: planted.protocol ?? PROTOCOL,
    defects,
    consumedAtMs,
    sessions: new Map(),
    deliver: ({ queue: of, id }) =>
      run(async ({ offboard, follow, denies, work, workOnToken }): Promise<unknown> => {
        const stopAtMs = plusMs(nowMs, STOP_AFTER_MS);
        switch (of) {
          case 'aws-iam-user':
            return work(id as CredentialId, stopAtMs);
          case 'api-token':
            return workOnToken(id as CredentialId, stopAtMs);
          case 'owner':
            return id === POLICY_ID ? follow(stopAtMs) : offboard(id as OwnerId, stopAtMs);
          case 'deny-list':
            return denies(id as DenyListId, stopAtMs);
        }
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
    sweepDue: () =>
      run(async (of) => {
        await of.sweepDue();
        await of.note();
      }),
    sweepAccount: () => run((of) => of.sweepAccount()),
    reveal: (caller, id, lost) =>
      run(async ({ reveal, answer }) => {
        const found = await reveal(caller, caller.arn, id, { reason: 'x', lost });
        if (found.ok) await answer(() => shown.set(id, [...(shown.get(id) ?? []), found.body]));
      }),
    shown,
    rotateTokenKey: () => run((of) => of.rotateTokenKey()),
    tokenKeys,
    tokens: tokenStore,
    tokenOwner,
    consumeTokens: async () => {
      const refused: CredentialId[] = [];
      for (const { state } of ledger.credentials.values()) {
        const user = state.status === 'active' && state.grant.token ? accountOf(here, state) : undefined;
        const current = user && currentKey(here, state, user);
        if (!user || isCutOff(here, state, user) || (current && isPastEnd(user, current, nowMs))) continue;
        const value = currentValue(here, state);
        if (value === undefined) continue; // shown once, and not to whoever would look
        const { ok } = await verify(JSON.parse(value).token, state.grant.token?.scopes[0] ?? '');
        if (!ok) refused.push(state.id);
      }
      return refused;
    },
    consume: () => {
      const refused: CredentialId[] = [];
      for (const { state } of ledger.credentials.values()) {
        if (state.grant.mayAssume) assumes(here, state);
        if (state.status !== 'active' || state.grant.token) continue;
        const user = accountOf(here, state);
        if (isCutOff(here, state, user)) continue;
        const key = user && currentKey(here, state, user);
        if (user && key && accepts(provider, user, key, nowMs)) {
          noteUse(key, nowMs);
          consumedAtMs.set(key, nowMs);
        } else refused.push(state.id);
      }
      return refused;
    },
    pass: async (ms) => {
      nowMs = plusMs(nowMs, ms);
      await faults.land(nowMs);
    },
    calm: () => {
      quiet = true;
    },
  };
  return here;
}

/** The account of a credential at its provider. */
export function accountOf({ provider, tokens, ledger }: World, { grant }: Credential): IamUser | undefined {
  if (!grant.token) return provider.users.get(grant.accountName);
  const record = tokens.records.get(grant.accountName);
  return tokenAccount(record, record && ledger.owners.get(record.ownerId)?.state.key);
}

/** Whoever has a key of it that works assumes its roles. */
function assumes(here: World, credential: Credential): void {
  const user = accountOf(here, credential);
  const working = [...(user?.keys.values() ?? [])].flatMap((key) => (user && key.attempt && works(here, user, key) ? [key.attempt] : []));
  const begun = here.sessions.get(credential.id) ?? [];
  if (working.length) here.sessions.set(credential.id, begun);
  assumeRoles(begun, credential, working, here.clock.now());
}

/** Whether a call with that key would be accepted now. */
export const works = ({ provider, tokenOwner, clock }: World, user: IamUser, key: IamKey): boolean =>
  isTokenAccount(user) ? letsIn(user, key, tokenOwner(user.record.ownerId), clock.now()) : accepts(provider, user, key, clock.now());

/** The key whose value consumers find as AWSCURRENT, or were shown. */
export function currentKey({ provider }: World, { grant, versions }: Credential, user: IamUser): IamKey | undefined {
  const attempt =
    grant.token?.delivery === 'once'
      ? versions.find(({ phase }) => phase === 'current')?.attempt
      : provider.secrets.get(grant.secretName)?.labels.get('AWSCURRENT');
  if (attempt !== undefined) for (const key of user.keys.values()) if (key.attempt === attempt) return key;
  return undefined;
}

/** What is to be found as AWSCURRENT; of what is shown once, what was shown of the current version. */
export function currentValue({ provider, shown }: World, { id, grant, versions }: Credential): string | undefined {
  const secret = provider.secrets.get(grant.secretName);
  if (grant.token?.delivery !== 'once') return secret?.versions.get(secret.labels.get('AWSCURRENT') ?? ('' as never))?.value;
  const current = versions.find(({ phase }) => phase === 'current')?.attempt;
  return shown
    .get(id)
    ?.map((body) => body.reveal())
    .find((body) => JSON.parse(body).versionId === current);
}

/** Whether its owner's life stops it, be it still active: somebody is killed who holds it, or whose it still is at the provider. */
export function isCutOff({ ledger: { owners } }: World, { holder }: Credential, user: IamUser | undefined): boolean {
  if (user && isTokenAccount(user)) return endsWithOwner(user.record, owners.get(user.record.ownerId)?.state);
  if (owners.get(holder.id)?.state.killed) return true;
  if (user && user.ownerKey !== holder.key)
    for (const { state } of owners.values()) if (state.killed && state.key === user.ownerKey) return true;
  return false;
}
