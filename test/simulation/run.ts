import { nextStep } from '../../lib/domain/credential/next-step.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import { nextOwnerStep } from '../../lib/domain/owner/decide.ts';
import type { CredentialId, EpochMs } from '../../lib/domain/types.ts';
import { type Chance, chance } from './chance.ts';
import { FAULT_KINDS, LANDS_WITHIN_MS } from './faults.ts';
import { checkEnd, checkStep, Violation } from './invariants.ts';
import { ENTITLED, type Planted, type World, world } from './world.ts';

export interface RunResult {
  readonly seed: number;
  readonly steps: number;
  /** What each step was, to read how a violation came about. */
  readonly trace: readonly string[];
  readonly violation: string | undefined;
  readonly reached: ReadonlyMap<string, number>;
}

const SUBJECTS = ['1', '2', '3'] as const;
/** How many minutes a calm world may take to come to rest: a recovery, two looks, a confirmation, passes; far less than an hour. */
const CALM_MINUTES = 400;

/** One seeded run: `steps` things happen, each call may go wrong, then it is calm and everything has to come to rest. */
export async function run(seed: number, steps: number, planted: Planted = {}): Promise<RunResult> {
  const dice = chance(seed);
  const faultRate = dice.pick([0, 0.02, 0.05, 0.15]);
  const plan = () => (dice.next() < faultRate ? dice.pick(FAULT_KINDS) : undefined);
  const here = world(plan, () => dice.below(LANDS_WITHIN_MS), { propagationMs: dice.pick([3_000, 4_000, 20_000]), ...planted });
  const trace: string[] = [];
  const seen = new Map<CredentialId, Credential['status']>();
  const sequences = new Map<string, number>();
  try {
    for (let step = 0; step < steps; step += 1) {
      await happen(here, dice, sequences, trace);
      checkStep(here, seen);
    }
    here.calm();
    await settle(here, seen, trace);
    checkEnd(here);
    return { seed, steps, trace, violation: undefined, reached: here.faults.reached };
  } catch (error) {
    const violation = error instanceof Violation ? error.message : `${error instanceof Error ? error.stack : 'unknown'}`;
    return { seed, steps, trace, violation, reached: here.faults.reached };
  }
}

async function happen(here: World, dice: Chance, sequences: Map<string, number>, trace: string[]): Promise<void> {
  const subject = dice.pick(SUBJECTS);
  const roll = dice.next();
  const say = (text: string): void => {
    trace.push(`${here.clock.now()} ${text}`);
  };
  if (roll < 0.5) {
    const visible = here.messages.filter(({ visibleAtMs }) => visibleAtMs <= here.clock.now());
    const message = visible[dice.below(visible.length)];
    if (!message) return pass(here, dice, say);
    if (dice.next() > 0.1) here.messages.splice(here.messages.indexOf(message), 1); // else it comes again
    say(`deliver ${message.id}`);
    await here.deliver(message);
    return;
  }
  if (roll < 0.75) return pass(here, dice, say);
  if (roll < 0.87) {
    say(`request for ${subject}`);
    return here.request(subject, `k${dice.below(12)}`);
  }
  if (roll < 0.95) {
    const last = sequences.get(subject) ?? 0;
    const sequence = dice.next() < 0.2 ? Math.max(1, last - dice.below(3)) : last + 1; // some late, some twice
    const type = sequence === 1 ? 'Joined' : dice.pick(['Left', 'Returned', 'Moved', 'Returned'] as const);
    if (sequence <= last) return; // the same sequence with another meaning would be a source that contradicts itself
    sequences.set(subject, sequence);
    const role = type !== 'Left' && dice.next() < 0.3 ? 'another' : ENTITLED;
    say(`${type} ${subject} #${sequence} as ${role}`);
    return here.fact(type, subject, sequence, role);
  }
  const ids = [...here.ledger.credentials.keys()];
  const id = ids[dice.below(ids.length)];
  if (!id) return;
  const what = dice.next() < 0.3 ? 'revoke' : 'rotate';
  say(`${what} ${id}`);
  return here[what](id);
}

async function pass(here: World, dice: Chance, say: (text: string) => void): Promise<void> {
  const ms = dice.pick([500, 4_000, 20_000, 61_000, 95_000, 200_000, 1_200_000]);
  say(`${ms} ms pass`);
  await here.pass(ms);
  if (dice.next() < 0.7) serve(here);
  await here.sweep();
}

export async function settle(here: World, seen: Map<CredentialId, Credential['status']>, trace: string[]): Promise<void> {
  trace.push('-- from here on nothing goes wrong');
  for (let minute = 0; minute < CALM_MINUTES; minute += 1) {
    await here.pass(60_000);
    serve(here);
    await here.sweep();
    for (const message of here.messages.splice(0)) {
      await here.deliver(message);
      checkStep(here, seen);
    }
    if (atRest(here)) return;
  }
  const stuck = [...here.ledger.credentials.values()].flatMap(({ state }) =>
    isCalm(state, here.clock.now()) ? [] : [JSON.stringify(state)],
  );
  throw new Violation(`10 nothing gets stuck: still not at rest after ${CALM_MINUTES} calm minutes: ${stuck[0] ?? 'an owner'}`);
}

/** What the whole thing is for. */
export function serve(here: World): void {
  const [refused] = here.consume();
  if (refused) throw new Violation(`4 AWSCURRENT works while active: a consumer of ${refused} was refused`);
}

/** Nothing to do until the next rotation. */
export const isCalm = (state: Credential, nowMs: EpochMs): boolean =>
  nextStep(state, nowMs).do === 'rest' ||
  (state.status === 'active' &&
    state.rotateAtMs > nowMs &&
    state.lookAgainAtMs === undefined &&
    state.versions.length === 1 &&
    !state.lease);

const atRest = ({ ledger, clock, faults, messages }: World): boolean =>
  faults.parked.length === 0 &&
  messages.length === 0 &&
  [...ledger.credentials.values()].every(({ state }) => isCalm(state, clock.now())) &&
  [...ledger.owners.values()].every(({ state }) => nextOwnerStep(state, clock.now()).do === 'rest');
