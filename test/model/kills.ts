import { type DenyOutcome, nextDenyStep, unlisted } from '../../lib/domain/deny-list.ts';
import type { OwnerDecision } from '../../lib/domain/owner/decide.ts';
import { evolveOwner } from '../../lib/domain/owner/evolve.ts';
import { decideKill, decideKillPage, decideLift, decideUnlisted } from '../../lib/domain/owner/kill.ts';
import type { KillWork, Owner } from '../../lib/domain/owner/state.ts';
import { type EpochMs, type OwnerId, plusMs } from '../../lib/domain/types.ts';
import type { Core } from './core.ts';
import {
  holderOf,
  isActive,
  type Kill,
  type ListWorker,
  learned,
  type Move,
  ownerId,
  PERSONS,
  type Person,
  TICK,
  type World,
} from './world.ts';

const LIST_LEASE = TICK / 3;
const FUNCTION_LASTS = 2 * TICK;
/** The lease of the list and `settleMs` together: so late a render may land. */
const RENDER_LANDS_WITHIN = LIST_LEASE + TICK;

const withOwner = (world: World, who: Person, decision: OwnerDecision): World =>
  decision.ok
    ? {
        ...world,
        owners: { ...world.owners, [who]: decision.events.reduce<Owner>((state, event) => evolveOwner(state, event), world.owners[who]) },
      }
    : world;

const changed = (world: World, kill: Kill, change: Partial<Kill>): World => ({ ...world, kill: { ...kill, ...change } });
const confirmed = (kill: Kill, ...who: readonly Person[]): readonly Person[] => [...new Set([...kill.confirmed, ...who])].sort();

/** What somebody in charge of security may want of an owner. */
export function killCommands(core: Core, world: World): readonly { readonly say: string; readonly to: World }[] {
  const { kill, owners, nowMs } = world;
  if (!kill) return [];
  const order = { by: ownerId('S'), reason: '', confirmed: true };
  return PERSONS.flatMap((who) => {
    const found: { readonly say: string; readonly to: World }[] = [];
    const { key } = owners[who];
    const killed = decideKill(owners[who], order, nowMs);
    if (killed.ok && killed.events.length > 0)
      found.push({
        say: `kill ${who}`,
        to: { ...withOwner(world, who, killed), kill: { ...kill, list: core.listed(kill.list, key, nowMs) } },
      });
    const lifted = decideLift(owners[who], order, nowMs);
    if (lifted.ok && lifted.events.length > 0) {
      const list = unlisted(kill.list, key);
      const to = { ...withOwner(world, who, lifted), kill: { ...kill, list, confirmed: kill.confirmed.filter((one) => one !== who) } };
      found.push({ say: `unkill ${who}`, to });
    }
    return found;
  });
}

/** A page of a kill, or of its lifting, as lib/application/kill-pages.ts has it. */
export function killPass(core: Core, world: World, who: Person, work: KillWork, calm: Move[], odd: Move[]): void {
  const { kill, nowMs, record } = world;
  const owner = world.owners[who];
  if (!kill) return;
  if (work.phase === 'unlist') {
    if (core.isOff(kill.list, owner.key))
      calm.push({ say: `the kill of ${who} is off`, to: withOwner(world, who, decideUnlisted(owner, true, nowMs)) });
    return;
  }
  if (world.lates > 0 && work.phase === 'deny' && owner.killed && core.killWants(owner, record) === 'order') {
    const pages = [...kill.pages, { who, killedAtMs: owner.killed.atMs }];
    odd.push({
      say: `LATE: a page of the kill of ${who} is slow to write`,
      to: { ...changed(world, kill, { pages }), lates: world.lates - 1 },
    });
  }
  const [passed, done] = work.phase === 'deny' ? denied(core, world, owner) : resumed(core, world, owner);
  if (passed === world && !done) return; // one that finds nothing to do changes nothing
  const often = { ...owner, killWork: { ...work, pass: 1 } };
  const page = decideKillPage(often, { unfinished: done ? 0 : 1, nextCursor: undefined }, nowMs, core.timing);
  const to = withOwner(passed, who, page);
  const completed = page.ok && page.events.some(({ type }) => type === 'KillCompleted');
  const off = completed && { kill: { ...kill, list: unlisted(kill.list, owner.key), confirmed: confirmed(kill, who) } };
  calm.push({ say: `a pass of the ${work.phase === 'deny' ? 'kill' : 'lifting'} of ${who}`, to: { ...to, ...off } });
  if (world.faults > 0 && passed.record !== record)
    odd.push({ say: `FAULT: a pass of the kill of ${who} dies before it is recorded`, to: { ...passed, faults: world.faults - 1 } });
}

function denied(core: Core, world: World, owner: Owner): readonly [World, boolean] {
  const wants = core.killWants(owner, world.record);
  if (wants !== 'order' || !owner.killed) return [world, wants === 'nothing'];
  return [killing(core, world, owner.id, owner.killed.atMs), false];
}

function killing(core: Core, world: World, ownerId: OwnerId, killedAtMs: EpochMs): World {
  const { record, nowMs } = world;
  const ifHeldBy = { ownerId, epochBelow: Number.MAX_SAFE_INTEGER };
  const decision = core.decide(record, { type: 'kill', killedAtMs, ifHeldBy }, nowMs, core.timing, core.nextStep);
  return decision.ok && decision.events.length > 0 ? { ...world, record: decision.events.reduce(core.evolve, record) } : world;
}

/** However late: at the latest when all else is done. */
export function pageMoves(core: Core, world: World, calm: Move[], odd: Move[]): void {
  const { kill, owners } = world;
  kill?.pages.forEach(({ who, killedAtMs }, index) => {
    const without = changed(world, kill, { pages: kill.pages.filter((_, at) => at !== index) });
    const { id, killed } = owners[who];
    const writes = !core.worker.underKill || killed?.atMs === killedAtMs;
    const to = writes ? killing(core, without, id, killedAtMs) : without;
    (calm.length > 0 ? odd : calm).push({ say: `the slow page of the kill of ${who} ${writes ? 'writes' : 'is refused'}`, to });
  });
}

function resumed(core: Core, world: World, owner: Owner): readonly [World, boolean] {
  const { record, nowMs } = world;
  if (!core.liftWants(owner, record)) return [world, true];
  const holder = holderOf(owner);
  const decision = core.decide(record, { type: 'resume', holder }, nowMs, core.timing, core.nextStep);
  if (!decision.ok || decision.events.length === 0 || !isActive(world, holder)) return [world, false];
  return [learned({ ...world, record: decision.events.reduce(core.evolve, record) }), false];
}

/** Looked at again every quarter of an hour while anybody is killed: nothing here would change it. */
const routine = ({ list: { lostUntilMs, lease, blocked } }: Kill): boolean =>
  lostUntilMs === undefined && lease === undefined && blocked === undefined;

function wanted(kill: Kill, nowMs: EpochMs) {
  const next = nextDenyStep(kill.list, nowMs);
  return (next.do === 'check' || next.do === 'wait') && routine(kill) ? ({ do: 'rest' } as const) : next;
}

/** The list wants a worker now, or has one. */
export const listIsBusy = ({ kill, nowMs }: World): boolean =>
  kill !== undefined && (kill.workers.length > 0 || !['rest', 'wait'].includes(wanted(kill, nowMs).do));

/** When it wants one next. */
export function listDueAtMs({ kill, nowMs }: World): readonly EpochMs[] {
  const next = kill && wanted(kill, nowMs);
  return next?.do === 'wait' ? [next.untilMs] : [];
}

/** What the list wants, as lib/application/work-deny-list.ts does it. */
export function listMoves(core: Core, world: World, calm: Move[], odd: Move[]): void {
  const { kill, nowMs } = world;
  if (!kill) return;
  kill.workers.forEach((worker, index) => {
    const others = kill.workers.filter((_, at) => at !== index);
    if (worker.outcome) calm.unshift(listRecording(core, world, kill, worker.fence, worker.outcome, others));
    else listCalling(core, world, kill, worker, others, calm, odd);
  });
  const next = wanted(kill, nowMs);
  if (next.do === 'rest' || next.do === 'wait' || kill.workers.length >= 2) return;
  const list = core.begun(kill.list, next.do, nowMs, core.timing.settleMs);
  if (next.do === 'prune') {
    const pruned = core.answered(list, list.fence, { of: 'prune' }, nowMs) ?? list;
    return void calm.push({ say: 'older versions of the kill policy go', to: changed(world, kill, { list: pruned }) });
  }
  const keys = next.do === 'render' ? next.keys : undefined;
  const worker: ListWorker = { fence: list.fence, keys, beganAtMs: nowMs, outcome: undefined };
  calm.push({
    say: `a worker takes up to ${next.do} the kill list`,
    to: changed(world, kill, { list, workers: [...kill.workers, worker] }),
  });
}

function listRecording(core: Core, world: World, kill: Kill, fence: number, outcome: DenyOutcome, workers: readonly ListWorker[]): Move {
  const say = `a worker records the ${outcome.of} of the kill list`;
  const list = core.answered(kill.list, fence, outcome, world.nowMs);
  if (!list) return { say: `${say}: too late`, to: changed(world, kill, { workers }) };
  const bites = list.lostUntilMs === undefined && list.lease === undefined ? (list.rendered ?? []) : [];
  const who = PERSONS.filter((one) => {
    const { key, killed, killWork } = world.owners[one];
    return killed && killWork?.phase !== 'unlist' && bites.includes(key);
  });
  return { say, to: changed(world, kill, { list, workers, confirmed: confirmed(kill, ...who) }) };
}

function listCalling(
  core: Core,
  world: World,
  kill: Kill,
  worker: ListWorker,
  others: readonly ListWorker[],
  calm: Move[],
  odd: Move[],
): void {
  const { nowMs } = world;
  const { keys } = worker;
  const limitMs = keys && core.worker.rendersInTime ? LIST_LEASE : FUNCTION_LASTS; // no render begins after its lease
  if (nowMs >= plusMs(worker.beganAtMs, limitMs))
    return void calm.push({ say: 'a worker drops the kill list: it is out of time', to: changed(world, kill, { workers: others }) });
  const say = keys ? `render [${keys.join()}]` : 'read the kill policy';
  const outcome: DenyOutcome = keys ? { of: 'render', keys } : { of: 'check', keys: kill.policy };
  const answers = (policy: readonly string[], said: DenyOutcome) =>
    changed(world, kill, { policy, workers: [...others, { ...worker, outcome: said }] });
  const policy = keys ?? kill.policy;
  calm.push({ say: `provider: ${say}`, to: answers(policy, outcome) });
  const alone = changed(world, kill, { workers: others });
  if (world.faults > 0) {
    const faults = world.faults - 1;
    odd.push({ say: `FAULT: ${say} has no effect, and its worker is gone`, to: { ...alone, faults } });
    odd.push({ say: `FAULT: ${say} is refused`, to: { ...answers(kill.policy, { of: 'refused', code: 'provider-throttled' }), faults } });
    if (keys)
      odd.push({
        say: `FAULT: ${say} takes effect, the answer is lost`,
        to: { ...changed(world, kill, { policy, workers: others }), faults },
      });
  }
  if (world.lates > 0 && keys) {
    const flight = { call: { call: 'render', keys } as const, landsByMs: plusMs(nowMs, RENDER_LANDS_WITHIN) };
    odd.push({ say: `LATE: ${say} is on its way`, to: { ...alone, flights: [...world.flights, flight], lates: world.lates - 1 } });
  }
}
