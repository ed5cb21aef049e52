import { nothingSaid } from './actions.ts';
import { changed, WITHOUT_GUARD } from './company.ts';
import { FAULT_KINDS, type FaultKind, LANDS_WITHIN_MS, type PlannedFault } from './faults.ts';
import { watchAppends } from './invariants/appends.ts';
import { checkDeadlines } from './invariants/leaves.ts';
import { checkStep } from './invariants/steps.ts';
import { type Report, Violation } from './invariants/violation.ts';
import { checkEnd, checkWhole, nothingReplayed } from './invariants/whole.ts';
import { defectOf, joinAll, settle, turn } from './run.ts';
import type { Story } from './stories/chapters.ts';
import type { Planted } from './wiring.ts';
import { world } from './world.ts';

/** A fault at one call of a story, counted from the first after everybody has joined. */
export interface FaultAt extends PlannedFault {
  readonly at: number;
}

export interface Told {
  readonly violation: Violation | undefined;
  /** Where each call went, in their order. */
  readonly sites: readonly string[];
}

/** Minutes somebody goes on asking: a lease, the settle time, two looks, back-off, twice. */
const PATIENCE = 60;

/** Tells a story in which `faults` go wrong. In the end all rules hold, and it has come to what it was to come to. */
export async function tell(story: Story, faults: readonly FaultAt[], planted: Planted = {}): Promise<Told> {
  const sites: string[] = [];
  let opened = false;
  const plan = (site: string): PlannedFault | undefined => {
    if (!opened) return undefined;
    sites.push(site);
    return faults.find(({ at }) => at === sites.length - 1);
  };
  const here = world({ plan, propagationMs: 4_000, readLagMs: 2_000, policy: WITHOUT_GUARD, later: changed(WITHOUT_GUARD) }, planted);
  const to: Report = { first: undefined };
  const knows = watchAppends(here, to);
  const said = nothingSaid();
  const minute = async (): Promise<void> => {
    await turn(here);
    checkStep(here, knows, to);
    checkDeadlines(here, knows, to);
    const found = to.first ?? defectOf(here);
    if (found) throw found;
  };
  const insist = async (done: () => boolean, act: () => Promise<unknown>): Promise<void> => {
    for (let minutes = 0; minutes < PATIENCE && !done(); minutes += 1) {
      await act();
      await minute();
    }
  };
  try {
    await joinAll(here, said);
    opened = true;
    const wait = async (minutes: number, done: () => boolean): Promise<void> => {
      for (let passed = 0; passed < minutes && !done(); passed += 1) await minute();
    };
    await story.tell({ here, said, insist, wait });
    here.calm();
    await settle(here, said, knows, to);
    checkStep(here, knows, to);
    checkWhole(here, nothingReplayed(), to);
    await checkEnd(here, said, knows, to);
    if (!story.came(here)) throw new Violation('10 nothing gets stuck', `it did not come to what it was to: ${story.name}`);
    return { violation: to.first ?? defectOf(here), sites };
  } catch (error) {
    const violation = error instanceof Violation ? error : new Violation('a defect', `${error instanceof Error ? error.stack : error}`);
    return { violation: to.first ?? violation, sites };
  }
}

const LATE: readonly FaultKind[] = ['late', 'slow', 'twice'];
/** Within its lease, and as late as can be. */
const DELAYS_MS = [45_000, LANDS_WITHIN_MS - 1] as const;

const variants = (at: number, kinds: readonly FaultKind[]): readonly FaultAt[] =>
  kinds.flatMap((kind) => (LATE.includes(kind) ? DELAYS_MS : [0]).map((delayMs) => ({ at, kind, delayMs })));

/** Where calls only look, every one is like the last: the first few of a site stand for them. */
const ALIKE = 4;

/** The calls of a story that get faults: all that change something, and of those that only look the first few. */
function chosen(sites: readonly string[]): readonly number[] {
  const seen = new Map<string, number>();
  return sites.flatMap((site, at) => {
    const times = (seen.get(site) ?? 0) + 1;
    seen.set(site, times);
    return times <= ALIKE || /^(iam|secrets|tokens|keys|api)\.|append/.test(site) ? [at] : [];
  });
}

/** Every kind of fault at every call of a story. */
export async function singles(story: Story, planted?: Planted): Promise<readonly (readonly FaultAt[])[]> {
  const { sites } = await tell(story, [], planted);
  return chosen(sites).flatMap((at) => variants(at, FAULT_KINDS).map((fault) => [fault]));
}

/** What is worth a second fault: an effect that nobody knows of, and a worker that comes back late. */
const SECOND: readonly FaultKind[] = ['after', 'kill-after', 'slow', 'late'];

/** A second fault at each of the `reach` calls after the first: through the recovery, and the look after it. */
export async function pairs(story: Story, reach: number): Promise<readonly (readonly FaultAt[])[]> {
  const all = await singles(story);
  return all.flatMap(([first]) =>
    first
      ? Array.from({ length: reach }, (_, later) => variants(first.at + later + 1, SECOND)).flatMap((seconds) =>
          seconds.map((second) => [first, second]),
        )
      : [],
  );
}
