import type { IamUser } from '../../lib/adapters/memory/provider-world.ts';
import type { Caller, Verb } from '../../lib/domain/authorize.ts';
import { isDeliveredOnce } from '../../lib/domain/credential/capabilities.ts';
import type { Owner, OwnerFact } from '../../lib/domain/owner/state.ts';
import { type EpochMs, type KeyId, plusMs } from '../../lib/domain/types.ts';
import type { Chance } from './chance.ts';
import { callerOf, ENTITLED, MEMBERS, type Member, PIPELINE, refOf, SECURITY, STAYING } from './company.ts';
import { PATH } from './wiring.ts';
import type { World } from './world.ts';

/** Something that happens. The numbers choose among what there is by then, so that others can be left out and it still means something. */
export interface Action {
  /** Its place in the run it was made for. */
  readonly at: number;
  readonly what: 'deliver' | 'pass' | 'say' | 'hear' | 'request' | 'change' | 'release' | 'sweep-account' | 'tamper' | 'kill';
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const WEIGHTS: readonly (readonly [Action['what'], number])[] = [
  ...([
    ['deliver', 52],
    ['pass', 14],
    ['say', 7],
    ['hear', 9],
    ['request', 6],
    ['change', 9],
    ['release', 1],
    ['sweep-account', 1],
  ] as const),
  ['tamper', 1],
  ['kill', 1],
];
const TOTAL = WEIGHTS.reduce((sum, [, weight]) => sum + weight, 0);

export function nextAction(at: number, dice: Chance): Action {
  let roll = dice.below(TOTAL);
  const what = WEIGHTS.find(([, weight]) => {
    roll -= weight;
    return roll < 0;
  });
  return { at, what: what?.[0] ?? 'deliver', a: dice.below(1e9), b: dice.below(1e9), c: dice.below(1e9) };
}

/** What the sources have said, by whom it is; and what of it is still on its way. */
export interface Said {
  readonly all: OwnerFact[];
  readonly pending: OwnerFact[];
  /** Users somebody made by hand outside our path. */
  readonly outside: Set<string>;
}
export const nothingSaid = (): Said => ({ all: [], pending: [], outside: new Set() });

const PASSES = [500, 4_000, 20_000, 61_000, 95_000, 200_000, 1_200_000] as const;
const VERBS: readonly Verb[] = [
  ...(['rotate', 'rotate', 'rotate', 'replace', 'suspend', 'resume', 'resume', 'undo', 'undo', 'transfer'] as const),
  ...(['accept', 'refuse', 'approve', 'approve', 'revoke', 'renew'] as const),
];
const STAYS = MEMBERS.length - 1;

const of = <T>(items: readonly T[], n: number): T | undefined => (items.length ? items[n % items.length] : undefined);

/** Does it, and says what it came to. */
export async function perform(here: World, { at, what, a, b, c }: Action, said: Said): Promise<string> {
  switch (what) {
    case 'deliver': {
      const nowMs = here.clock.now();
      const visible = here.messages.filter(({ visibleAtMs }) => visibleAtMs <= nowMs);
      const message = of(visible, a);
      if (!message) {
        const ms = untilNext(here);
        return ms === undefined ? perform(here, { at, what: of(STIRS, c) ?? 'change', a, b, c }, said) : pass(here, ms);
      }
      const again = b % 10 === 0;
      if (!again) here.messages.splice(here.messages.indexOf(message), 1);
      await here.deliver(message);
      return `work on ${message.id}${again ? ', the message comes again' : ''}`;
    }
    case 'pass':
      return pass(here, PASSES[a % PASSES.length] ?? 500, b % 10 < 7);
    case 'say':
      return sayAny(here, said, a, b, c);
    case 'hear': {
      const fact = of(said.pending, a);
      if (!fact) return 'no fact is on its way';
      if ((await here.hear(fact)) && b % 5 > 0) said.pending.splice(said.pending.indexOf(fact), 1); // else it comes again
      return `hears ${told(fact)}`;
    }
    case 'request': {
      const member = MEMBERS[a % MEMBERS.length] ?? MEMBERS[0];
      const profile = of(Object.keys(here.policy.profiles), b) ?? '';
      if (living(here) >= 8) return 'enough credentials';
      await here.request(refOf(member), { profile, idempotencyKey: `k${c % 40}` });
      return `request of ${profile} for ${refOf(member)}`;
    }
    case 'change':
      return change(here, a, b, c);
    case 'release':
      if (here.policies > 1 && a % 2 === 0) {
        here.deploy(b % here.policies);
        return `policy ${b % here.policies} is deployed`;
      }
      if ('token' in here.policy.profiles && a % 2 === 0) {
        await here.rotateTokenKey();
        return 'tokens are told by another key';
      }
      await here.release();
      return 'what is held is let go';
    case 'sweep-account':
      await here.sweepAccount();
      return 'sweep of the account';
    case 'tamper':
      return tamper(here, said, a, b);
    case 'kill': {
      const member = MEMBERS[a % STAYS] ?? MEMBERS[0];
      const verb = b % 2 === 0 ? 'kill' : 'unkill';
      await here.kill(refOf(member), verb);
      return `${verb} ${refOf(member)}`;
    }
  }
}

function living({ ledger }: World): number {
  let count = 0;
  for (const { state } of ledger.credentials.values()) if (state.status !== 'revoked') count += 1;
  return count;
}

/** Time goes by, as it does where workers run: what is due is queued every minute, and done. */
export async function pass(here: World, ms: number, served = true): Promise<string> {
  for (let leftMs = ms; leftMs > 0; ) {
    const stepMs = leftMs > 600_000 ? 300_000 : leftMs;
    await here.pass(stepMs);
    leftMs -= stepMs;
    if (served) here.consume();
    if (isDue(here)) await here.sweepDue();
    if (stepMs < 60_000) continue;
    for (const message of here.messages.splice(0)) {
      if (message.visibleAtMs > here.clock.now()) here.messages.push(message);
      else await here.deliver(message);
    }
  }
  return `${ms / 1000} s pass`;
}

/** Nobody waits longer than this for nothing: something new comes up. */
const IDLE_MS = 600_000;
const STIRS = ['change', 'change', 'request', 'hear'] as const;

/** When there is something to do: a message to be read, an effect that lands, a record that is due. */
export function* moments({ ledger, messages, faults }: World): Generator<EpochMs> {
  for (const { visibleAtMs } of messages) yield visibleAtMs;
  for (const { landAtMs } of faults.parked) yield landAtMs;
  yield* dueTimes(ledger);
}

function* dueTimes({ credentials, owners, denyLists, policies }: World['ledger']): Generator<EpochMs> {
  for (const records of [credentials, owners, denyLists, policies])
    for (const { dueAtMs } of records.values()) if (dueAtMs !== undefined) yield dueAtMs;
}

/** To what comes next; `undefined`: nothing does, for a while. */
function untilNext(here: World): number | undefined {
  const nowMs = here.clock.now();
  const never = nowMs + IDLE_MS;
  let next = never;
  for (const atMs of moments(here)) if (atMs > nowMs && atMs < next) next = atMs;
  return next === never ? undefined : next - nowMs;
}

/** A sweep that finds nothing does nothing. */
function isDue({ ledger, clock }: World): boolean {
  for (const atMs of dueTimes(ledger)) if (atMs <= clock.now()) return true;
  return false;
}

/** A source says something of somebody; it is on its way. */
export function say(
  here: World,
  said: Said,
  { source, subject, attributes }: Member,
  type: OwnerFact['type'],
  role: string,
  change: Partial<OwnerFact> = {},
): OwnerFact {
  const sequence = 1 + said.all.filter((fact) => fact.source === source && fact.subject === subject).length;
  const now = here.clock.now();
  const fact: OwnerFact = {
    ...{ type, id: `${subject}-${sequence}`, source, subject, sequence, occurredAtMs: now, effectiveAtMs: now, cause: 'normal' },
    attributes: { ...attributes, email: `${subject}@example.com`, roles: subject === MEMBERS[STAYS]?.subject ? [role, STAYING] : [role] },
    ...change,
  };
  said.all.push(fact);
  said.pending.push(fact);
  return fact;
}

function sayAny(here: World, said: Said, a: number, b: number, c: number): string {
  const member = MEMBERS[a % MEMBERS.length] ?? MEMBERS[0];
  const known = said.all.some(({ source, subject }) => source === member.source && subject === member.subject);
  const stays = a % MEMBERS.length === STAYS;
  const type = !known || stays ? 'Joined' : ((['Left', 'Left', 'Returned', 'Returned', 'Moved'] as const)[b % 5] ?? 'Left');
  const role = !stays && known && type !== 'Left' && c % 4 === 0 ? 'X' : ENTITLED;
  const leave: Partial<OwnerFact> = {
    effectiveAtMs: plusMs(here.clock.now(), c % 5 === 0 ? 1_800_000 : 0),
    cause: c % 7 === 0 ? 'for-cause' : 'normal',
  };
  return `says ${told(say(here, said, member, type, role, type === 'Left' ? leave : {}))}`;
}

const told = ({ type, source, subject, sequence, cause, effectiveAtMs, occurredAtMs, attributes }: OwnerFact): string =>
  `#${sequence} ${source}:${subject} ${type}${cause === 'for-cause' ? ' for cause' : ''} as ${attributes.roles.join()}${
    effectiveAtMs > occurredAtMs ? ' in half an hour' : ''
  }`;

async function change(here: World, a: number, b: number, c: number): Promise<string> {
  const record = of([...here.ledger.credentials.values()], a);
  if (!record) return 'no credential to change';
  const { state } = record;
  const verb = VERBS[b % VERBS.length] ?? 'rotate';
  const owner = here.ledger.owners.get(state.holder.id)?.state;
  const caller = whoAsks(verb, owner, c);
  const to = refOf(MEMBERS[c % MEMBERS.length] ?? MEMBERS[0]);
  if (isDeliveredOnce(state.grant) && owner && (verb === 'rotate' || verb === 'replace' || state.status === 'provisioning')) {
    await here.reveal(callerOf(owner), state.id, verb === 'replace');
    return `asks to be shown ${state.id}${verb === 'replace' ? ', since the last one is lost' : ''}`;
  }
  await here.change(caller, state.id, verb, to);
  return `${verb} ${state.id}${verb === 'transfer' ? ` to ${to}` : ''}`;
}

/** Who may, mostly; an approval is tried as well by the owner, and by who acts for them. */
function whoAsks(verb: Verb, owner: Owner | undefined, c: number): Caller {
  if (!owner || (verb === 'approve' && c % 3 === 0)) return SECURITY;
  if (verb === 'approve') return { ...(c % 3 === 1 ? PIPELINE : callerOf(owner)), may: ['approve'] };
  return verb === 'accept' || verb === 'refuse' ? callerOf(owner) : SECURITY;
}

/** Somebody makes a user, or a key, or hangs something on a user of ours, by hand. */
function tamper({ provider, ledger, clock }: World, said: Said, a: number, b: number): string {
  const ours = of(
    [...ledger.credentials.values()].filter(({ state }) => state.status === 'active'),
    b,
  )?.state;
  const user = ours && provider.users.get(ours.grant.accountName);
  const keyId = `AKIAHAND${provider.users.size}${clock.now()}` as KeyId;
  const key = { secret: 'by hand', attempt: undefined, createdAtMs: clock.now(), active: true, usedAtMs: undefined };
  const stray = (path: string): IamUser => {
    const blank = { credential: undefined, path, createdAtMs: clock.now(), ownerKey: '', denied: false, inGroup: false };
    return { ...blank, attached: new Set<string>(), keys: new Map([[keyId, key]]), goneKeys: new Map<KeyId, EpochMs>() };
  };
  switch (a % 4) {
    case 0:
      provider.users.set(`nhi-stray-${clock.now()}`, stray(PATH));
      return 'somebody makes a user under our path';
    case 1:
      provider.users.set(`outside-${clock.now()}`, stray('/'));
      said.outside.add(`outside-${clock.now()}`);
      return 'somebody makes a user outside our path';
    case 2:
      if (user && user.keys.size < 2) user.keys.set(keyId, key);
      return `somebody makes a key by hand${user ? '' : ', but for nobody'}`;
    default:
      user?.attached.add(`policy-${clock.now()}`);
      return 'somebody hangs a policy on a user of ours';
  }
}
