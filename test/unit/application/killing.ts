import { memoryIam } from '../../../lib/adapters/memory/iam.ts';
import { memoryKillPolicy } from '../../../lib/adapters/memory/kill-policy.ts';
import { memoryLedger } from '../../../lib/adapters/memory/ledger.ts';
import { accepts, providerWorld } from '../../../lib/adapters/memory/provider-world.ts';
import { memorySecrets } from '../../../lib/adapters/memory/secrets-manager.ts';
import { memoryWake } from '../../../lib/adapters/memory/wake.ts';
import { applyFact } from '../../../lib/application/apply-fact.ts';
import { changeCredential } from '../../../lib/application/change-credential.ts';
import { type KillResult, killOwner } from '../../../lib/application/kill-owner.ts';
import type { Connector, SecretStore, WorkItem } from '../../../lib/application/ports.ts';
import { requestCredential } from '../../../lib/application/request-credential.ts';
import { workOnCredential } from '../../../lib/application/work-credential.ts';
import { type DenyPolicy, workOnDenyList } from '../../../lib/application/work-deny-list.ts';
import { workOnOwner } from '../../../lib/application/work-owner.ts';
import type { Credential } from '../../../lib/domain/credential/state.ts';
import type { LeaveCause, OwnerFact } from '../../../lib/domain/owner/state.ts';
import type { Policy, Profile, Right } from '../../../lib/domain/policy.ts';
import { DEFAULT_TIMING } from '../../../lib/domain/timing.ts';
import type { CredentialId, DenyListId, EpochMs, KeyId, OwnerId, OwnerKey } from '../../../lib/domain/types.ts';
import { givenPolicy, givenProfile } from '../../given-policy.ts';

const FAR = 9e15 as EpochMs;
export const person = (subject: string, may: readonly Right[]) => ({
  arn: `arn:aws:sts::1:assumed-role/x/${subject}`,
  ownerRef: `hr:${subject}`,
  may,
  for: [],
});
export const SECURITY = person('900', ['operate']);
export const SECOND = person('901', ['operate']);

const SWEPT_EVERY_MS = 60_000;
const TICK_MS = 30_000;
const QUEUES = ['owner', 'aws-iam-user', 'deny-list'] as const;

/** What stands between everybody and what they call. `survives`: an error that a worker may end with. `land`: what was held up. */
export interface Between {
  call(site: string, act: () => Promise<unknown>): Promise<unknown>;
  survives(error: unknown): boolean;
  land(nowMs: EpochMs): Promise<void>;
}
const NOTHING: Between = { call: (_, act) => act(), survives: () => false, land: async () => undefined };

const wrapped = <T extends object>({ call }: Between, name: string, port: T): T =>
  new Proxy(port, {
    get: (target, member) => {
      const value: unknown = Reflect.get(target, member);
      if (typeof value !== 'function' || member === 'keyIdOf') return value;
      return (...args: readonly unknown[]) => call(`${name}.${String(member)}`, async () => Reflect.apply(value, target, args));
    },
  });

/** A company in memory, worked on until nothing is due at the time it is. */
export function company(profile: Partial<Profile> = {}, between: Between = NOTHING, rules: Partial<Policy> = {}) {
  let nowMs = 1_700_000_000_000 as EpochMs;
  let count = 0;
  const next = (length: number): string => `${++count}`.padStart(length, '0');
  const clock = { now: () => nowMs };
  const ledger = memoryLedger();
  const world = providerWorld();
  const wake = memoryWake(clock);
  const policy = givenPolicy({ profiles: { p: givenProfile(profile) }, guard: { ...givenPolicy().guard, forCauseAnHour: 2 }, ...rules });
  const ids = { ulid: () => next(26), uuid: () => `00000000-0000-4000-8000-${next(12)}` };
  const base = { ledger, clock, ids, wake, timing: DEFAULT_TIMING, policy, policyDigest: 'd', account: '000000000000' };
  const iam: { -readonly [K in keyof Connector]: Connector[K] } = memoryIam(world, clock, () => `AKIA${next(4)}`);
  const secrets: SecretStore = memorySecrets(world, clock);
  const killPolicy: { -readonly [K in keyof DenyPolicy]: DenyPolicy[K] } = memoryKillPolicy(world);
  const calls: string[] = [];
  const counted: DenyPolicy = {
    render: (keys, isHeld) => {
      calls.push(`render ${keys.join()}`);
      return killPolicy.render(keys, isHeld);
    },
    rendered: () => {
      calls.push('check');
      return killPolicy.rendered();
    },
    prune: () => killPolicy.prune(),
  };
  /** Everybody who works on records, over the ports as they are or as they are wrapped. */
  const staff = (line: Between) => {
    const of = <T extends object>(name: string, port: T): T => wrapped(line, name, port);
    const ports = { ...base, ledger: of('ledger', ledger), wake: of('wake', wake) };
    const workers = {
      owner: workOnOwner(ports),
      'aws-iam-user': workOnCredential({ ...ports, connector: of('iam', iam), secrets: of('secrets', secrets), requestTimeoutMs: 10_000 }),
      'deny-list': workOnDenyList({ ...ports, denyPolicy: of('kill-policy', counted), requestTimeoutMs: 10_000 }),
    };
    const deliver = ({ queue, id }: WorkItem): Promise<unknown> =>
      workers[queue as keyof typeof workers](id as OwnerId & CredentialId & DenyListId, FAR);
    return { deliver, kills: killOwner(ports) };
  };
  const bare = staff(NOTHING);
  const wired = staff(between);
  const change = changeCredential(base);
  const ask = requestCredential(base);
  const fact = (subject: string, type: OwnerFact['type'], sequence: number, cause: LeaveCause = 'normal') =>
    applyFact(base)({
      ...{ type, id: `${subject}-${sequence}`, source: 'hr', subject, sequence, occurredAtMs: nowMs, effectiveAtMs: nowMs },
      cause,
      attributes: { email: `${subject}@example.com`, roles: ['R'], ...(subject === '1' && { successor: '2', manager: '3' }) },
    });
  let look: () => void = () => undefined;
  const work = async (
    { deliver }: typeof bare,
    queues: readonly WorkItem['queue'][] = QUEUES,
    isExpected: Between['survives'] = () => false,
  ): Promise<void> => {
    for (let rounds = 0; rounds < 200; rounds += 1) {
      const ready = wake.messages.filter(({ visibleAtMs, queue }) => visibleAtMs <= nowMs && queues.includes(queue));
      for (const queue of queues)
        for (const item of await ledger.due(queue, nowMs, 1_000)) {
          await ledger.postpone(item, (nowMs + SWEPT_EVERY_MS) as EpochMs); // as the sweep does
          ready.push({ ...item, visibleAtMs: nowMs });
        }
      if (!ready.length) return;
      wake.messages.splice(0, wake.messages.length, ...wake.messages.filter((message) => !ready.includes(message)));
      for (const message of ready) {
        await deliver(message).catch((error: unknown) => {
          if (!isExpected(error)) throw error;
        });
        look();
      }
    }
    throw new Error('never at rest');
  };
  /** When something is due or a message is seen, later than now. */
  const comesUp = (): readonly number[] =>
    [
      ...wake.messages.map(({ visibleAtMs }) => visibleAtMs),
      ...[ledger.credentials, ledger.owners, ledger.denyLists].flatMap((records) =>
        [...records.values()].map(({ dueAtMs }) => dueAtMs ?? 0),
      ),
    ].filter((at) => at > nowMs);
  const run = (queues?: readonly WorkItem['queue'][]): Promise<void> => work(wired, queues, between.survives);
  const kill = (by: typeof SECURITY, subject: string, { kills } = bare): Promise<KillResult> =>
    kills(by, by.arn, `hr:${subject}`, 'kill', 'laptop stolen');
  const unkill = (by: typeof SECURITY, subject: string, { kills } = bare): Promise<KillResult> =>
    kills(by, by.arn, `hr:${subject}`, 'unkill', 'found again');
  return {
    ...{ ledger, world, iam, killPolicy, calls, change, fact, run, kill, unkill },
    now: () => nowMs,
    /** What another worker, whom nothing befalls, does in the meantime. */
    meanwhile: () => work(bare),
    /** Over the wrapped ports, and again where that broke off. */
    insistOn: async (verb: 'kill' | 'unkill', by: typeof SECURITY, subject: string): Promise<void> => {
      const order = verb === 'kill' ? kill : unkill;
      await order(by, subject, wired).catch(async (error: unknown) => {
        if (!between.survives(error)) throw error;
        await order(by, subject, wired);
      });
    },
    /** After every message. */
    onLook: (check: () => void): void => {
      look = check;
    },
    pass: async (ms: number): Promise<void> => {
      for (const end = nowMs + ms; nowMs < end; ) {
        nowMs = Math.min(end, nowMs + TICK_MS, ...comesUp()) as EpochMs;
        await between.land(nowMs);
        await run();
      }
    },
    request: (subject: string, key: string) =>
      ask(person(subject, ['request']), 'arn', { profile: 'p', purpose: 'x', environment: 'e', consumers: ['c'], idempotencyKey: key }),
    keyOf: (subject: string): OwnerKey =>
      [...ledger.owners.values()].find(({ state }) => state.subject === subject)?.state.key ?? ('' as OwnerKey),
    credentials: (): readonly Credential[] => [...ledger.credentials.values()].map(({ state }) => state),
    working: (): readonly KeyId[] =>
      [...world.users.values()].flatMap((user) =>
        [...user.keys].flatMap(([keyId, key]) => (accepts(world, user, key, nowMs) ? [keyId] : [])),
      ),
    owner: (subject: string) => [...ledger.owners.values()].find(({ state }) => state.subject === subject)?.state,
  };
}
export type Company = ReturnType<typeof company>;

export const statuses = (here: Company): readonly string[] =>
  here.credentials().map((one) => (one.status === 'suspended' ? one.why : one.status));

const userOf = (here: Company, { grant }: Credential) => here.world.users.get(grant.accountName);
export const onList = (here: Company, subject: string): boolean => here.world.killVersions.at(-1)?.includes(here.keyOf(subject)) === true;
const heldBy = (here: Company, subject: string): readonly Credential[] =>
  here.credentials().filter(({ holder }) => holder.id === here.owner(subject)?.id);
export const keysOf = (here: Company, subject: string): readonly KeyId[] =>
  heldBy(here, subject).flatMap((one) => [...(userOf(here, one)?.keys.keys() ?? [])]);
const killedOf = (here: Company, key: string | undefined): string | undefined =>
  ['1', '2'].find((subject) => here.owner(subject)?.killed && here.keyOf(subject) === key);

/** What is started, resumed, renewed or received. */
const GIVEN = ['CredentialRequested', 'ResumptionStarted', 'ExpiryRenewed', 'CredentialHandedOver'];

/** Looks after every message at what must hold whatever happens. `knew`: the keys that owner 1 could know. */
export function watch(here: Company, knew: readonly KeyId[] = []): void {
  const cutOff = new Set<string>();
  const { tagOwner } = here.iam;
  here.iam.tagOwner = async (credential, holder) => {
    const user = userOf(here, credential);
    const movesOff = killedOf(here, user?.ownerKey) === '1' && holder.key !== user?.ownerKey;
    if (movesOff && knew.some((keyId) => user?.keys.get(keyId)?.active))
      throw new Error('the tag moves off a killed owner who knows a key');
    return tagOwner(credential, holder);
  };
  const { appendCredential } = here.ledger;
  const append: typeof appendCredential = async (written) => {
    await appendCredential(written);
    const gives = written.envelopes.find(({ type }) => GIVEN.includes(type));
    if (gives && killedOf(here, written.state.holder.key)) throw new Error(`${gives.type} for a killed owner`);
  };
  Object.assign(here.ledger, { appendCredential: append });
  here.onLook(() => {
    const working = new Set(here.working());
    for (const subject of ['1', '2']) {
      const owner = here.owner(subject);
      const works = keysOf(here, subject).some((keyId) => working.has(keyId));
      if (!owner?.killed || owner.killWork?.phase === 'unlist') cutOff.delete(subject);
      else if (!works && (onList(here, subject) || !owner.killWork))
        cutOff.add(subject); // by this kill, not by what an earlier one left
      else if (works && cutOff.has(subject)) throw new Error(`${subject} was cut off, and is not any more`);
      if (owner?.killed && !owner.killWork && !onList(here, subject)) for (const one of heldBy(here, subject)) deniedByItself(here, one);
    }
    for (const one of here.credentials()) {
      const current = one.status === 'active' ? one.versions.find(({ phase }) => phase === 'current') : undefined;
      // Until the kill's command reaches it a record may say active; and so it may while its tag has gone ahead to a killed heir.
      if (!current || !('keyId' in current) || killedOf(here, userOf(here, one)?.ownerKey)) continue;
      if (!working.has(current.keyId)) throw new Error(`${one.id} says active, and its key is refused`);
    }
  });
}

function deniedByItself(here: Company, credential: Credential): void {
  const user = userOf(here, credential);
  if (user && !user.denied && [...user.keys.values()].some(({ active }) => active))
    throw new Error(`its owner left the list, and ${credential.id} carries no deny of its own`);
}

/** Owner 1 has two credentials, owner 2 one. */
export async function founded(here: Company): Promise<Company> {
  for (const subject of ['1', '2', '900', '901']) await here.fact(subject, 'Joined', 1);
  for (const key of ['a', 'b']) await here.request('1', key);
  await here.request('2', 'c');
  await here.pass(60_000);
  return here;
}
