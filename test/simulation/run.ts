import { isDeliveredOnce } from '../../lib/domain/credential/capabilities.ts';
import { nextStep } from '../../lib/domain/credential/next-step.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import type { DenyList } from '../../lib/domain/deny-list.ts';
import { nextOwnerStep } from '../../lib/domain/owner/decide.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { type Action, moments, nextAction, nothingSaid, perform, type Said, say } from './actions.ts';
import { chance } from './chance.ts';
import { COMPANIES, type CompanyName, changed, ENTITLED, MEMBERS } from './company.ts';
import { FAULT_KINDS, LANDS_WITHIN_MS, type PlannedFault } from './faults.ts';
import { watchAppends } from './invariants/appends.ts';
import type { Knowledge } from './invariants/knowledge.ts';
import { checkStep } from './invariants/steps.ts';
import { type Report, Violation } from './invariants/violation.ts';
import { checkEnd, checkWhole, nothingReplayed } from './invariants/whole.ts';
import type { Planted } from './wiring.ts';
import { type World, world } from './world.ts';

/** What happens in a run, and what goes wrong at which call of it: enough to play it again, whole or with parts left out. */
export interface Script {
  readonly propagationMs: number;
  readonly readLagMs: number;
  readonly observe: boolean;
  readonly company: CompanyName;
  readonly actions: readonly Action[];
  /** By action, and by the number of the call within it. */
  readonly faults: ReadonlyMap<number, ReadonlyMap<number, PlannedFault & { readonly site: string }>>;
}

export interface RunResult {
  readonly script: Script;
  /** Worker steps, and everything that a source, a person or the clock did. */
  readonly steps: number;
  readonly violation: Violation | undefined;
  /** What each action came to, with its faults. */
  readonly trace: () => readonly string[];
  readonly reached: ReadonlyMap<string, number>;
}

/** Keys alone three times out of four: what else there is makes a step dearer, and has stories of its own. */
const KINDS: readonly [CompanyName, ...CompanyName[]] = [
  'keys',
  ...Array<CompanyName>(11).fill('keys'),
  'tokens',
  'timed',
  'roles',
  'changing',
];

/** How many things may happen for one worker step: a world where nothing is done is a defect of the simulation. */
const MOST_ACTIONS = 20;
/** Every so many worker steps the whole is looked at: a history that is wrong stays so. */
const WHOLE_EVERY = 50;

/** One seeded run: until `steps` worker steps are done, each of whose calls may go wrong; then it is calm, and everything has to come to rest. */
export async function run(seed: number, steps: number, planted: Planted = {}): Promise<RunResult> {
  const dice = chance(seed);
  const faultRate = dice.pick([0, 0.01, 0.03, 0.1]);
  const setting = {
    propagationMs: dice.pick([3_000, 4_000, 20_000]),
    readLagMs: dice.pick([0, 4_000, 15_000]),
    observe: dice.below(16) === 0,
    company: dice.pick(KINDS),
  };
  const faults = new Map<number, Map<number, PlannedFault & { readonly site: string }>>();
  const plan = (action: number, call: number, site: string): PlannedFault | undefined => {
    if (faultRate === 0 || dice.next() >= faultRate) return undefined;
    const fault = { kind: dice.pick(FAULT_KINDS), delayMs: dice.below(LANDS_WITHIN_MS), site };
    faults.set(action, (faults.get(action) ?? new Map<number, PlannedFault & { readonly site: string }>()).set(call, fault));
    return fault;
  };
  const actions: Action[] = [];
  const next = (at: number, done: number): Action | undefined => {
    if (done >= steps || at >= steps * MOST_ACTIONS) return undefined;
    const action = nextAction(at, dice);
    actions.push(action);
    return action;
  };
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // most errors are faults that were planned; where one was not, a replay tells where
  try {
    return await play({ ...setting, actions, faults }, next, plan, planted);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The same again, as far as the script still has it. */
export const replay = (script: Script, planted: Planted = {}): Promise<RunResult> =>
  play(
    script,
    (at) => script.actions[at],
    (action, call) => script.faults.get(script.actions[action]?.at ?? -1)?.get(call),
    planted,
  );

async function play(
  script: Script,
  next: (at: number, stepsDone: number) => Action | undefined,
  plan: (action: number, call: number, site: string) => PlannedFault | undefined,
  planted: Planted,
): Promise<RunResult> {
  const happened: Happened[] = [];
  const to: Report = { first: undefined };
  let [at, call, steps, wholeAt] = [-1, 0, 0, 0]; // while everybody joins nothing goes wrong
  let wrong: string[] = [];
  const setting = {
    ...script,
    policy: { ...COMPANIES[script.company], ...(script.observe && { mode: 'observe' as const }) },
    later: script.company === 'changing' ? changed(COMPANIES.changing) : [],
    plan: (site: string) => {
      const fault = at < 0 ? undefined : plan(at, call, site);
      call += 1;
      if (fault) wrong.push(`${fault.kind} at ${site}`);
      return fault;
    },
  };
  const here = world(setting, planted);
  const knows = watchAppends(here, to);
  here.ledger.watch(({ envelopes: [first] }) => {
    if (first?.actor.kind === 'system' && !(first.data.type !== 'StepStarted' && 'fence' in first.data)) steps += 1; // an answer belongs to its step
  });
  const replayed = nothingReplayed();
  const said = nothingSaid();
  const end = (violation?: Violation): RunResult => ({
    ...{ script, steps, violation, reached: here.faults.reached() },
    trace: () => happened.map(asLine),
  });
  /** Nothing was called and no time went by: nothing is other than it was. */
  let lookedAt = -1;
  const look = (what: Action['what']): Violation | undefined => {
    const sum = here.clock.now() + here.faults.calls();
    if (sum !== lookedAt || what === 'tamper') checkStep(here, knows, to);
    lookedAt = sum;
    if (steps - wholeAt >= WHOLE_EVERY) {
      checkWhole(here, replayed, to);
      wholeAt = steps;
    }
    return to.first ?? defectOf(here);
  };
  try {
    await joinAll(here, said);
    at = 0;
    for (let action = next(at, steps); action; at += 1, action = next(at, steps)) {
      [call, wrong] = [0, []];
      const came = await perform(here, action, said);
      happened.push({ atMs: here.clock.now(), came, wrong });
      const violation = look(action.what);
      if (violation) return end(violation);
    }
    here.calm();
    happened.push({ atMs: here.clock.now(), came: 'from here on nothing goes wrong', wrong: [] });
    await settle(here, said, knows, to);
    checkStep(here, knows, to);
    checkWhole(here, replayed, to);
    await checkEnd(here, said, knows, to);
    return end(to.first ?? defectOf(here));
  } catch (error) {
    return end(error instanceof Violation ? error : new Violation('a defect', `${error instanceof Error ? error.stack : error}`));
  }
}

const START_MS = 1_700_000_000_000;

interface Happened {
  readonly atMs: number;
  readonly came: string;
  /** The faults of its calls. */
  readonly wrong: readonly string[];
}

const asLine = ({ atMs, came, wrong }: Happened): string =>
  `${((atMs - START_MS) / 1000).toFixed(1).padStart(9)} s ${came}${wrong.length ? `   [${wrong.join(', ')}]` : ''}`;

export const defectOf = ({ defects: [first] }: World): Violation | undefined =>
  first === undefined || first instanceof Violation ? first : new Violation('a defect', `${first instanceof Error ? first.stack : first}`);

/** Everybody joins. */
export async function joinAll(here: World, said: Said): Promise<void> {
  for (const member of MEMBERS) say(here, said, member, 'Joined', ENTITLED);
  for (const fact of said.pending.splice(0)) await here.hear(fact);
}

/** A minute goes by: what is due is queued, and done; consumers call. */
export async function turn(here: World): Promise<void> {
  for (const part of [5_000, 25_000, 30_000]) {
    await here.pass(part);
    for (const message of here.messages.splice(0)) {
      if (message.visibleAtMs > here.clock.now()) here.messages.push(message);
      else await here.deliver(message);
    }
  }
  const [refused] = [...here.consume(), ...(await here.consumeTokens())];
  if (refused) throw new Violation('4 AWSCURRENT works while active', `a consumer of ${refused} was refused`);
  await here.sweepDue();
}

/** How many rounds a calm world may take to come to rest. */
const CALM_ROUNDS = 400;
/** How long nothing may be due before time jumps; consumers call at least so often, or evidence of use would be missing. */
const ROUND_MS = 600_000;
/** Long enough for what a sweep of the account finds to be over its grace, and gone. */
const REST_MS = 3_000_000;

/** Time goes from one due time to the next, everything is heard, released and swept, until nothing is left to do. */
export async function settle(here: World, said: Said, knows: Knowledge, to: Report): Promise<void> {
  let restedSinceMs: EpochMs | undefined;
  for (let round = 0; round < CALM_ROUNDS; round += 1) {
    for (const fact of said.pending.splice(0)) await here.hear(fact);
    if (restedSinceMs !== undefined || round % 5 === 0) {
      await here.release();
      await here.sweepAccount();
    }
    await here.pass(minutesUntilNext(here));
    const [refused] = [...here.consume(), ...(await here.consumeTokens())];
    if (refused) throw new Violation('4 AWSCURRENT works while active', `a consumer of ${refused} was refused`);
    await here.sweepDue();
    for (const message of here.messages.splice(0)) {
      await here.deliver(message);
      checkStep(here, knows, to);
      if (to.first) throw to.first;
    }
    restedSinceMs = atRest(here) ? (restedSinceMs ?? here.clock.now()) : undefined;
    if (restedSinceMs !== undefined && here.clock.now() - restedSinceMs >= REST_MS) return;
  }
  const stuck = [...here.ledger.credentials.values()].find(({ state }) => !isCalm(state, here.clock.now()));
  const owner = [...here.ledger.owners.values()].find(({ state }) => nextOwnerStep(state, here.clock.now()).do !== 'rest');
  throw new Violation('10 nothing gets stuck', JSON.stringify(stuck ?? owner ?? [...here.ledger.denyLists.values(), ...here.messages]));
}

/** To the next time something is due, but by minutes, as the sweep comes. */
function minutesUntilNext(here: World): number {
  const nowMs = here.clock.now();
  const next = Math.min(nowMs + ROUND_MS, ...moments(here));
  return Math.max(1, Math.ceil((next - nowMs) / 60_000)) * 60_000;
}

const A_YEAR_MS = 31_536_000_000;

/** Nothing to do until the next rotation, or until somebody resumes it. */
export function isCalm(state: Credential, nowMs: EpochMs): boolean {
  const next = nextStep(state, nowMs);
  if (next.do === 'rest') return true;
  if (state.status === 'suspended') return next.do === 'wait' && next.untilMs > nowMs + A_YEAR_MS;
  if (state.status !== 'active' || state.lease || state.replacement || state.approval?.kind === 'pending') return false;
  const isUpToDate = state.rotateAtMs > nowMs || isDeliveredOnce(state.grant); // of which another is made when somebody asks
  return isUpToDate && state.lookAgainAtMs === undefined && state.versions.length === 1 && next.do === 'wait';
}

const atRest = ({ ledger, clock, faults, messages }: World): boolean =>
  faults.parked.length === 0 &&
  messages.every(({ queue }) => queue === 'deny-list') && // whether a list is done says the list
  [...ledger.credentials.values()].every(({ state }) => isCalm(state, clock.now())) &&
  [...ledger.owners.values()].every(({ state }) => nextOwnerStep(state, clock.now()).do === 'rest') &&
  [...ledger.policies.values()].every(({ dueAtMs }) => dueAtMs === undefined) &&
  [...ledger.denyLists.values()].every(({ state, dueAtMs }) => dueAtMs === undefined || isRendered(state));

/** What is denied there leaves by itself, in half a day. */
const isRendered = ({ entries, lostUntilMs, lease, blocked, pruneOwed }: DenyList): boolean =>
  entries.every(({ untilMs, inEffectAtMs }) => untilMs !== undefined && inEffectAtMs !== undefined) &&
  lostUntilMs === undefined &&
  !lease &&
  !blocked &&
  !pruneOwed;
