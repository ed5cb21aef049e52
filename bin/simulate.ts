import { type RunResult, run } from '../test/simulation/run.ts';
import { shrink } from '../test/simulation/shrink.ts';
import { STEPS_TO_REACH_ALL, unreached } from '../test/simulation/sites.ts';
import { STORIES } from '../test/simulation/stories/index.ts';
import { pairs, singles, tell } from '../test/simulation/tell.ts';
import { readArguments, wholeNumber, wrongUse } from './arguments.ts';

const USAGE = `npm run simulate -- [--seeds N] [--steps N] [--from N] [--seed N] [--trace] [--stories] [--json]
  --seeds N   how many seeded runs (1000)
  --steps N   worker steps of each (300)
  --from N    the first seed (1)
  --seed N    that one alone, with its trace
  --trace     print what happens
  --stories   instead: every fault at every call of every story, and every pair of them within 12 calls
  --json      one line of JSON at the end, and nothing else on stdout
Exits with 0 when every rule held, 1 when one did not or, from 200 seeds of 300 steps on, when a call was never reached, 2 when asked for something that can't be.`;

const REACH = 12;
/** Between two lines of progress. */
const TELL_EVERY_MS = 10_000;

interface Options {
  readonly seeds: number;
  readonly steps: number;
  readonly from: number;
  readonly trace: boolean;
  readonly stories: boolean;
  readonly json: boolean;
}

function options(): Options {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const given = readArguments(USAGE, { seeds: text, steps: text, from: text, seed: text, trace: flag, stories: flag, json: flag });
  const whole = (name: 'seeds' | 'steps' | 'from' | 'seed'): number | undefined => wholeNumber(name, given[name], 1);
  const seed = whole('seed');
  if (seed !== undefined && (given.seeds ?? given.from) !== undefined) wrongUse('--seed is one run: not together with --seeds or --from');
  return {
    seeds: seed === undefined ? (whole('seeds') ?? 1_000) : 1,
    steps: whole('steps') ?? 300,
    from: seed ?? whole('from') ?? 1,
    trace: given.trace ?? seed !== undefined,
    stories: given.stories ?? false,
    json: given.json ?? false,
  };
}

const asked = options();
const say = (line: string): void => (asked.json ? console.error(line) : console.log(line));
const startedAt = Date.now();
const cpuBefore = process.cpuUsage();
let toldAt = startedAt;

function progress(done: number, all: number, what: string): void {
  if (Date.now() - toldAt < TELL_EVERY_MS) return;
  toldAt = Date.now();
  say(`${done} of ${all} ${what}, ${((toldAt - startedAt) / 1000).toFixed(0)} s, ${memory()} MB`);
}

const memory = (): string => (process.memoryUsage().heapUsed / 1e6).toFixed(0);
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage(cpuBefore);
  return (user + system) / 1e6;
};

async function explain(seed: number, broken: RunResult): Promise<readonly string[]> {
  say(`seed ${seed} breaks a rule; looking for the shortest way there …`);
  const { trace, violation } = await shrink(broken);
  const again = `npm run simulate -- --seed ${seed} --steps ${asked.steps}`;
  return [
    ...trace(),
    '',
    `seed ${seed}: ${broken.violation?.message}`,
    ...(violation ? [`shortest: ${violation.message}`] : []),
    `see it again: ${again}`,
  ];
}

async function seeded(): Promise<boolean> {
  let steps = 0;
  const reached = new Set<string>();
  for (let done = 0; done < asked.seeds; done += 1) {
    const seed = asked.from + done;
    const result = await run(seed, asked.steps);
    steps += result.steps;
    for (const site of result.reached.keys()) reached.add(site);
    if (asked.trace) say(result.trace().join('\n'));
    if (result.violation) {
      const lines = await explain(seed, result);
      if (asked.json)
        console.log(JSON.stringify({ ok: false, seed, steps: asked.steps, violation: result.violation.message, trace: lines }));
      else console.error(lines.join('\n'));
      return false;
    }
    progress(done + 1, asked.seeds, 'seeds');
  }
  const missed = asked.steps >= 300 && asked.seeds * asked.steps >= STEPS_TO_REACH_ALL ? unreached(reached) : [];
  if (missed.length) {
    if (asked.json) console.log(JSON.stringify({ ok: false, unreached: missed }));
    else console.error(`no run reached ${missed.join(', ')}: what goes wrong there was never seen`);
    return false;
  }
  const perSecond = Math.round(steps / cpuSeconds());
  const seconds = (Date.now() - startedAt) / 1000;
  if (asked.json)
    console.log(JSON.stringify({ ok: true, seeds: asked.seeds, steps, seconds, stepsPerCpuSecond: perSecond, heapMb: Number(memory()) }));
  else
    say(
      `${asked.seeds} seeds, ${steps} worker steps: every rule held (${seconds.toFixed(1)} s, ${perSecond} steps per second of CPU, ${memory()} MB)`,
    );
  return true;
}

async function told(): Promise<boolean> {
  let runs = 0;
  for (const story of STORIES) {
    const all = [[], ...(await singles(story)), ...(await pairs(story, REACH))];
    for (const [done, faults] of all.entries()) {
      const { violation, sites } = await tell(story, faults);
      runs += 1;
      progress(done + 1, all.length, `ways to tell “${story.name}”`);
      if (!violation) continue;
      const wrong = faults.map(
        ({ at, kind, delayMs }) => `${kind} at call ${at}, ${sites[at]}${delayMs ? `, lands after ${delayMs} ms` : ''}`,
      );
      if (asked.json) console.log(JSON.stringify({ ok: false, story: story.name, faults, violation: violation.message }));
      else console.error(`${story.name}: ${violation.message}\n  ${wrong.join('\n  ')}`);
      return false;
    }
    say(`${story.name}: ${all.length} ways`);
  }
  if (asked.json) console.log(JSON.stringify({ ok: true, stories: STORIES.length, runs, seconds: (Date.now() - startedAt) / 1000 }));
  else say(`${STORIES.length} stories told in ${runs} ways: every rule held (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
  return true;
}

process.exitCode = (await (asked.stories ? told() : seeded())) ? 0 : 1;
