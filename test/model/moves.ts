import type { Command } from '../../lib/domain/credential/decide.ts';
import type { NextStep } from '../../lib/domain/credential/next-step.ts';
import type { Credential, LeasedStep } from '../../lib/domain/credential/state.ts';
import { type EpochMs, latest, plusMs } from '../../lib/domain/types.ts';
import { commands } from './commands.ts';
import type { Core } from './core.ts';
import { listDueAtMs, listIsBusy, listMoves, pageMoves } from './kills.ts';
import { ownerMoves } from './owners.ts';
import { perform, serving } from './provider.ts';
import { nextOf } from './worker.ts';
import {
  type Acting,
  type Answer,
  attemptId,
  type Call,
  HORIZON,
  isActive,
  LANDS_WITHIN,
  learned,
  type Move,
  PERSONS,
  type Person,
  personOf,
  TICK,
  type Worker,
  type World,
} from './world.ts';

/** Steps that only look, or only take away: without an answer they are recorded as refused, and done again. */
const SAFE_TO_REPEAT: readonly (LeasedStep | 'deny')[] = [
  ...([
    'verify',
    'recover',
    'confirm-absence',
    'check-use',
    'disable-version',
    'deny',
    'disable-all',
    'withdraw-secret',
    'delete-version',
  ] as const),
];
/** Of their calls it is judged by the record whether they may be made. */
const JUDGED: readonly Acting['do'][] = ['delete-version'];
const READS: readonly Call['call'][] = ['verify', 'look', 'list', 'exists', 'last-used', 'describe', 'pending'];
const LISTS: readonly Call['call'][] = ['look', 'list', 'empty-user'];

const nameOf = (call: Call): string => {
  const { call: name, ...rest } = call;
  const said = Object.values(rest).filter((value) => value !== undefined);
  return said.length ? `${name} ${said.join(' ')}` : name;
};

/** All that can happen in a world; `calm`: the first of them is what happens when nobody is slow and nothing goes wrong. */
export function moves(core: Core, world: World): { readonly calm: boolean; readonly list: readonly Move[] } {
  const calm: Move[] = [];
  const odd: Move[] = [];
  world.workers.forEach((worker, index) => {
    if (worker.outcome) calm.unshift(recording(core, world, worker, index));
    else calling(core, world, worker, index, calm, odd);
  });
  const next = core.nextStep(world.record, world.nowMs);
  if (next.do !== 'rest' && next.do !== 'wait') calm.push(...taking(core, world, next));
  listMoves(core, world, calm, odd);
  for (const who of PERSONS) ownerMoves(core, world, who, calm, odd);
  const takes = acting(next) && world.workers.length < 2;
  // What touches only the record and what touches only the provider can change places, so that one order of the two is enough.
  const calls = world.workers.filter(({ outcome }) => !outcome);
  const landing = calls.length === world.workers.length && (calls.length > 0 || !takes);
  for (const [index, { call }] of landing ? world.flights.entries() : []) {
    const flights = world.flights.filter((_, at) => at !== index);
    odd.push({ say: `the late ${nameOf(call)} arrives`, to: serving({ ...perform(world, call)[0], flights }) });
  }
  passing(world, next, calm, odd);
  if (world.commands > 0 && calls.every(({ step }) => JUDGED.includes(step.do)))
    for (const { say, to } of commands(core, world).filter(({ say }) => world.only?.test(say) ?? true))
      odd.push({ say: `COMMAND: ${say}`, to: { ...to, commands: world.commands - 1 } });
  pageMoves(core, world, calm, odd);
  return { calm: calm.length > 0, list: [...calm, ...odd].map((move) => withoutIdle(core, move)) };
}

const replaced = ({ workers }: World, index: number, by: Worker | undefined): readonly Worker[] =>
  workers.flatMap((worker, at) => (at !== index ? [worker] : by ? [by] : []));

/** A worker that can do no more meets nobody, so when it goes makes no difference: at once. */
function withoutIdle(core: Core, { say, to, ...rest }: Move): Move {
  const idle = to.workers.filter((worker) => isIdle(core, to, worker));
  if (idle.length === 0) return { say, to, ...rest };
  const drops = idle.map(({ step, outcome }) => (outcome ? `what a worker found by ${step.do} is too late` : `a worker drops ${step.do}`));
  return { say: [say, ...drops].join('; '), to: { ...to, workers: to.workers.filter((worker) => !idle.includes(worker)) }, ...rest };
}

/** Its time is over before its next call, or another has the lease by now: either is so for good. */
function isIdle(core: Core, { nowMs, record }: World, { step, answers, untilMs, outcome, fence }: Worker): boolean {
  if (outcome) return step.do !== 'deny' && core.worker.fence && core.worker.rereads && record.lease?.fence !== fence;
  const begun = step.do === 'remove-account' && answers.length > 0; // which the connector does in one go
  return core.worker.leaseCheck && nowMs >= untilMs && !begun;
}

/** Applies what a worker found to the record as it is now. */
function recording(core: Core, world: World, worker: Worker, index: number): Move {
  const { outcome, step, fence } = worker;
  if (!outcome) throw new Error('nothing to record');
  const gone = { ...world, workers: replaced(world, index, undefined) };
  const base = core.worker.rereads ? world.record : worker.record;
  const decision = core.decideOutcome(base, core.worker.fence ? fence : base.fence, outcome, world.nowMs, core.timing);
  if (!decision.ok) return { say: `what a worker found by ${step.do} is refused: ${decision.why}`, to: gone };
  const record = decision.events.reduce(core.evolve, base);
  const say = `a worker records ${outcome.of}${'code' in outcome ? ` of ${outcome.step}: ${outcome.code}` : ''}`;
  const goesOn = outcome.of === 'create-key' && record.lease?.fence === fence;
  return { say, to: { ...gone, record, ...(goesOn && { workers: replaced(world, index, { ...worker, outcome: undefined }) }) } };
}

/** After an answer: the next call, or what to record. */
function answered(worker: Worker, answer: Answer): Worker {
  const answers = [...worker.answers, answer];
  const next = nextOf({ ...worker, answers });
  const made = worker.step.do === 'create-version' && answers.length === 1 && answer.no === undefined && answer.keyIds[0];
  if (made) return { ...worker, answers, outcome: { of: 'create-key', attempt: worker.attempt, keyId: made } };
  return { ...worker, answers, outcome: 'record' in next ? next.record : undefined };
}

function calling(core: Core, world: World, worker: Worker, index: number, calm: Move[], odd: Move[]): void {
  const { step } = worker;
  const next = nextOf(worker);
  if ('record' in next) throw new Error(`${step.do} has nothing to call`);
  const { call } = next;
  const gone = { ...world, workers: replaced(world, index, undefined) };
  const says = (answer: Answer): readonly Worker[] => replaced(world, index, answered(worker, answer));
  const does = (missed: boolean): Move => {
    const [after, said] = perform(world, call, missed);
    const answer = call.call === 'verify' && !core.worker.verifies ? { ...NOTHING, is: true } : said;
    const no = answer.no === undefined ? '' : ` is refused: ${answer.no}`;
    return {
      say: `provider: ${nameOf(call)}${missed ? ', and the listing misses a fresh key' : ''}${no}`,
      to: serving({ ...after, workers: says(answer) }),
    };
  };
  calm.push(does(false));
  if (LISTS.includes(call.call) && world.keys.some(({ fresh }) => fresh)) odd.push(does(true));
  if (call.call === 'last-used')
    odd.push({ say: 'provider: the old key is still in use', to: { ...world, workers: says({ ...NOTHING, is: false }) } });
  const safe = SAFE_TO_REPEAT.includes(step.do);
  const [after, answer] = perform(world, call);
  const effect = !READS.includes(call.call) && answer.no === undefined;
  const lost = (before: World): World => ({ ...before, workers: says({ no: 'provider-unknown' }) });
  if (world.faults > 0) {
    const faults = world.faults - 1;
    const fault = (say: string, to: World): void => void odd.push({ say: `FAULT: ${nameOf(call)} ${say}`, to: serving({ ...to, faults }) });
    fault('has no effect, and its worker is gone', gone);
    fault('is refused', { ...world, workers: says({ no: 'provider-throttled' }) });
    if (effect) fault('takes effect, and its worker is gone', { ...after, workers: gone.workers });
    if (effect && safe) fault('takes effect, the answer is lost', lost(after));
    if (call.call === 'create-key' && answer.no === undefined) {
      const keys = after.keys.map((key) => (key.attempt === call.attempt ? { ...key, dead: true } : key));
      fault('makes a key that never comes to life', { ...after, keys, workers: says(answer) });
      if (!core.worker.oneTry) fault('is repeated by the SDK', { ...perform(after, call)[0], workers: says(answer) });
    }
  }
  if (world.lates > 0 && !READS.includes(call.call)) {
    const flights = [...world.flights, { call, landsByMs: plusMs(world.nowMs, LANDS_WITHIN) }];
    const late = (say: string, to: World): void =>
      void odd.push({ say: `LATE: ${nameOf(call)} is on its way, ${say}`, to: { ...to, flights, lates: world.lates - 1 } });
    late('its worker is gone', gone);
    if (safe) late('its worker gives up waiting', lost(world));
  }
}

const NOTHING = { no: undefined, keyIds: [], stored: [], label: undefined, is: true } as const;

/** Whoever reads the record next does what it wants; two at most are under way. */
function taking(core: Core, world: World, next: Exclude<NextStep, { do: 'rest' | 'wait' }>): readonly Move[] {
  const { record, nowMs } = world;
  const commanded = (command: Command): Move => {
    const decision = core.decide(record, command, nowMs, core.timing, core.nextStep);
    return {
      say: `a worker finds it due: ${command.type}`,
      to: decision.ok ? { ...world, record: decision.events.reduce(core.evolve, record) } : world,
    };
  };
  if (next.do === 'give-up') return [commanded({ type: 'revoke', cause: next.cause })];
  if (next.do === 'suspend') {
    const ends = next.regretMs === undefined ? undefined : ({ atMs: plusMs(nowMs, next.regretMs), cause: 'owner-left' } as const);
    return [commanded({ type: 'suspend', why: next.why, ...(ends && { ends }) })];
  }
  if (next.do === 'pass-on') {
    const passes = !core.worker.requires || isActive(world, next.to);
    const passed = commanded(passes ? { type: 'pass-on', acceptWithinMs: 2 * HORIZON } : { type: 'heir-lost' });
    return [passes ? { ...passed, to: learned(passed.to) } : passed];
  }
  if (next.do === 'warn') return [commanded({ type: 'warn' })];
  if (next.do === 'follow-up') return [commanded({ type: 'escalate' })]; // beyond the horizon of this world
  if (world.workers.length >= 2) return [];
  if (next.do === 'deny') {
    if (world.workers.some(({ step }) => step.do === 'deny')) return [];
    return [{ say: 'a worker takes up deny', to: begun(world, next, record, plusMs(nowMs, core.timing.leaseMs)) }];
  }
  const attempt = attemptId(world.nextAttempt);
  const decision = core.decide(record, { type: 'start', step: next.do, attempt }, nowMs, core.timing, core.nextStep);
  if (!decision.ok) return [];
  const leased = decision.events.reduce(core.evolve, record);
  const known = next.do === 'disable-all' && !core.worker.disablesKnown ? { ...leased, versions: [] } : leased;
  const seen = core.worker.knowsGivenUp ? known : { ...known, attempts: known.versions.flatMap((version) => version.attempt ?? []) };
  const flaw = world.flaw ?? (next.do === 'retag' ? tagMoves(world, personOf(next.to.id)) : undefined);
  const blind = !core.worker.unstages && (next.do === 'recover' || next.do === 'delete-version');
  const reads = blind ? { ...seen, attempts: [] } : seen;
  const to = begun({ ...world, flaw, record: leased, nextAttempt: world.nextAttempt + 1 }, next, reads, leased.lease?.untilMs ?? nowMs);
  return [{ say: `a worker takes the lease for ${next.do}${'keyId' in next ? ` ${next.keyId}` : ''}`, to }];
}

/** What was begun before somebody left may come after it; nothing begins then. */
const tagMoves = ({ user, keys, burnt, record }: World, to: Person): string | undefined =>
  user && user.tag !== to && to !== personOf(record.holder.id) && keys.some((key) => key.active && burnt.includes(key.attempt))
    ? '17 the tag moves while a key that its owner knew is active'
    : undefined;

function begun(world: World, step: Acting, record: Credential, untilMs: EpochMs): World {
  const attempt = attemptId(world.nextAttempt - 1);
  const worker = { step, fence: record.fence, readAtMs: world.nowMs, untilMs, record, attempt, answers: [], outcome: undefined };
  return { ...world, workers: [...world.workers, worker] };
}

const acting = ({ do: step }: NextStep): boolean => step !== 'rest' && step !== 'wait';

/** A call may still land, or a wait is on for that: it makes a difference whether what is due is done before its end. */
function pending({ record, nowMs, keys, flights, workers }: World): boolean {
  if (flights.length > 0 || workers.length > 0 || keys.some(({ fresh }) => fresh)) return true;
  const { lease, inFlight, lostUntilMs, givingBackUntilMs, versions } = record;
  const common = [lease?.untilMs, inFlight?.settledAtMs, lostUntilMs, givingBackUntilMs];
  const living =
    record.status === 'active' || record.status === 'suspended' || record.status === 'provisioning' ? [record.lookAgainAtMs] : [];
  const suspended = record.status === 'suspended' ? [record.denyAtMs, record.liftAtMs] : [];
  const revoking = record.status === 'revoking' ? [record.denyAtMs, record.removableAtMs, record.confirmAgainAtMs] : [];
  const open = versions.map((version) => ('settledAtMs' in version ? version.settledAtMs : undefined));
  return [...common, ...living, ...suspended, ...revoking, ...open].some((at) => at !== undefined && at > nowMs);
}

/** To the next tick, or, where nothing is out, to the next time that anything is due. What may land no later lands before. */
function passing(world: World, next: NextStep, calm: Move[], odd: Move[]): void {
  const { nowMs, workers, flights, faults, owners } = world;
  const busy = workers.length > 0 || (world.kill !== undefined && world.kill.workers.length > 0);
  if (busy && faults === 0) return;
  if (!busy && listIsBusy(world)) return;
  if (flights.some(({ landsByMs }) => landsByMs <= nowMs)) return;
  if (acting(next) && !pending(world)) return;
  const ofOwners = PERSONS.flatMap((who) =>
    [owners[who].offboarding?.nextAtMs, owners[who].killWork?.nextAtMs].flatMap((at) => at ?? []),
  ).filter((at) => at > nowMs);
  const ofRecord = next.do === 'wait' ? [next.untilMs] : next.do === 'rest' ? [] : [nowMs];
  const soonest = Math.min(
    ...ofRecord,
    ...ofOwners,
    ...listDueAtMs(world),
    ...(flights.length > 0 || world.keys.some(({ fresh }) => fresh) ? [nowMs] : []),
  );
  if (soonest > nowMs + HORIZON) return;
  const until = latest(plusMs(nowMs, TICK), (Math.ceil(soonest / TICK) * TICK) as EpochMs);
  const keys = world.keys.map((key) => (key.fresh ? { ...key, fresh: false } : key));
  let to: World = { ...world, nowMs: until, keys };
  for (const flight of flights)
    if (flight.landsByMs <= until) to = serving({ ...perform(to, flight.call)[0], flights: to.flights.filter((one) => one !== flight) });
  if (busy) odd.push({ say: 'FAULT: a worker is slow, time passes', to: { ...to, faults: faults - 1 }, tick: true });
  else calm.push({ say: `time passes (${(until - nowMs) / TICK})`, to, tick: true });
}
