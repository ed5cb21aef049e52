import type { Command } from '../../lib/domain/credential/decide.ts';
import type { NextStep } from '../../lib/domain/credential/next-step.ts';
import type { Credential, LeasedStep } from '../../lib/domain/credential/state.ts';
import { decideLeave, type OwnerDecision } from '../../lib/domain/owner/decide.ts';
import type { Offboarding, Owner } from '../../lib/domain/owner/state.ts';
import { type EpochMs, latest, plusMs } from '../../lib/domain/types.ts';
import { givenPolicy, givenProfile } from '../given-policy.ts';
import { burning, commands } from './commands.ts';
import type { Core } from './core.ts';
import { killPass, listDueAtMs, listIsBusy, listMoves, pageMoves } from './kills.ts';
import { perform, serving } from './provider.ts';
import { nextOf } from './worker.ts';
import {
  type Acting,
  type Answer,
  attemptId,
  type Call,
  HORIZON,
  holderOf,
  isActive,
  LANDS_WITHIN,
  learned,
  type Move,
  other,
  PERSONS,
  type Person,
  personOf,
  ROTATION,
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
  return { calm: calm.length > 0, list: [...calm, ...odd] };
}

const replaced = ({ workers }: World, index: number, by: Worker | undefined): readonly Worker[] =>
  workers.flatMap((worker, at) => (at !== index ? [worker] : by ? [by] : []));

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
  const { step, answers } = worker;
  const next = nextOf(worker);
  if ('record' in next) throw new Error(`${step.do} has nothing to call`);
  const { call } = next;
  const gone = { ...world, workers: replaced(world, index, undefined) };
  const over = world.nowMs >= worker.untilMs;
  const checked = step.do !== 'remove-account' || answers.length === 0; // which the connector does in one go
  if (over && checked && core.worker.leaseCheck)
    return void calm.push({ say: `a worker finds its time over and drops ${step.do}`, to: gone });
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
    const passed = commanded({ type: passes ? 'pass-on' : 'heir-lost' });
    return [passes ? { ...passed, to: learned(passed.to) } : passed];
  }
  if (next.do === 'warn') return [commanded({ type: 'warn' })];
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

const POLICIES = {
  revoke: givenPolicy({ profiles: { p: givenProfile({ rotation: ROTATION }) } }),
  suspend: givenPolicy({
    profiles: { p: givenProfile({ rotation: ROTATION, onLeave: { action: 'suspend', regretMs: ROTATION.regretMs } }) },
  }),
  transfer: givenPolicy({
    profiles: {
      p: givenProfile({ rotation: ROTATION, onLeave: { action: 'transfer', overlapMs: ROTATION.overlapMs, regretMs: ROTATION.regretMs } }),
    },
  }),
};

/** What the owner's record wants: the guard lets all through, and a page holds the one credential. */
function ownerMoves(core: Core, world: World, who: Person, calm: Move[], odd: Move[]): void {
  const owner = world.owners[who];
  const step = core.nextOwnerStep(owner, world.nowMs);
  const with_ = (changed: World, decision: OwnerDecision): World =>
    decision.ok
      ? {
          ...changed,
          owners: { ...changed.owners, [who]: decision.events.reduce<Owner>((state, event) => core.evolveOwner(state, event), owner) },
        }
      : changed;
  const said = (events: OwnerDecision): World => with_(world, events);
  switch (step.do) {
    case 'admit':
      calm.push({
        say: `the guard admits the leave of ${who}`,
        to: said({ ok: true, events: [{ type: 'RemovalAdmitted', of: step.of, credentials: 1, atMs: world.nowMs }] }),
      });
      return;
    case 'leave':
      calm.push({ say: `the day of ${who} has come`, to: said(decideLeave(owner, world.nowMs)) });
      return;
    case 'offboard': {
      const passed = pass(core, world, who, step.offboarding);
      const tally = core.tallied(step.offboarding.tally, owner.id, step.offboarding.epochBelow, [world.record]);
      if (passed === world && tally.unfinished > 0) return; // one that finds nothing to do changes nothing
      const often = { ...owner, offboarding: { ...step.offboarding, pass: 1 } }; // for ever at the pace of the first passes
      calm.push({
        say: `a pass over what ${who} holds`,
        to: with_(passed, core.decidePage(often, { tally, nextCursor: undefined }, world.nowMs, core.timing)),
      });
      if (world.faults > 0 && passed !== world)
        odd.push({ say: `FAULT: a pass over what ${who} holds dies before it is recorded`, to: { ...passed, faults: world.faults - 1 } });
      return;
    }
    case 'deny':
    case 'unlist':
    case 'resume':
      killPass(core, world, who, step.work, calm, odd);
      return;
    default:
      return;
  }
}

/** The command of a pass, as `wishFor` in lib/application/removal.ts has it. */
function pass(core: Core, world: World, who: Person, offboarding: Offboarding): World {
  const owner = world.owners[who];
  const { record, nowMs } = world;
  const policy = POLICIES[world.onLeave];
  const act = core.leaveAct(policy, owner, offboarding, record);
  if (!act) return world;
  const cause = offboarding.cause === 'for-cause' ? 'owner-left-for-cause' : 'owner-left';
  const ifHeldBy = { ownerId: owner.id, epochBelow: offboarding.epochBelow };
  const heir = world.owners[other(who)];
  const refused = (record.status === 'active' && record.replacement?.heir?.refused) || [];
  const suspend: Command = { type: 'suspend', why: 'owner-left', ends: { atMs: plusMs(nowMs, ROTATION.regretMs), cause }, ifHeldBy };
  const overlapMs = cause === 'owner-left-for-cause' ? 0 : ROTATION.overlapMs;
  const handOver: Command = {
    ...{ type: 'hand-over', to: holderOf(heir), rung: 'named', cause, leave: offboarding.epochBelow, line: owner.id, refused },
    ...{ overlapMs, regretMs: ROTATION.regretMs, ifHeldBy },
  };
  const wish: Command =
    act === 'revoke'
      ? { type: 'revoke', cause, ifHeldBy }
      : act === 'transfer' && heir.status === 'active' && !heir.killed
        ? handOver
        : suspend;
  const decision = core.decide(record, wish, nowMs, core.timing, core.nextStep);
  if (!decision.ok || decision.events.length === 0) return world;
  const changed = { ...world, record: decision.events.reduce(core.evolve, record) };
  return decision.events.some(({ type }) => type === 'ReplacementStarted') ? burning(changed) : changed;
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
