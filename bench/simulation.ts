import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { run } from '../test/simulation/run.ts';
import type { Row } from './table.ts';

const BAR = 25_000;
/** Of the heap, after as many runs again. */
const FLAT_MB = 4;
const WARM_UP = 40;
const SEEDS = 120;
const STEPS = 300;
/** The compiler goes on making it faster for about a thousand of them, and long runs are what it is for. */
const LONG = 1_500;

export async function simulation(): Promise<readonly Row[]> {
  const { steps, stepsPerCpuSecond: perSecond } = await asScript();
  const grownMb = await heapKeptMb();
  return [
    {
      what: 'simulation, steps per second of CPU',
      bar: `≥ ${BAR.toLocaleString('en')}`,
      measured: perSecond.toLocaleString('en'),
      holds: perSecond >= BAR,
      note: `npm run simulate -- --seeds ${LONG}, its start included: ${steps.toLocaleString('en')} steps of workers, each with its events, their hash and the checks after it; messages that find nothing to do, commands, facts and sweeps cost time and count nothing`,
    },
    {
      what: `heap kept after ${SEEDS} more runs`,
      bar: `≤ ${FLAT_MB} MB`,
      measured: `${grownMb.toFixed(1)} MB`,
      holds: grownMb <= FLAT_MB,
      note: `of ${STEPS} steps, after ${WARM_UP} of them; both after a collection`,
    },
  ];
}

/** By itself: what other measurements left to the compiler is none of it. */
async function asScript(): Promise<{ readonly steps: number; readonly stepsPerCpuSecond: number }> {
  const asked = ['--seeds', `${LONG}`, '--steps', `${STEPS}`, '--json'];
  const { stdout } = await promisify(execFile)('npm', ['run', '-s', 'simulate', '--', ...asked]);
  return JSON.parse(stdout);
}

/** Collections are asked for, so that what is counted is what is kept. */
async function heapKeptMb(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const keptMb = (): number => {
    collect();
    return process.memoryUsage().heapUsed / 1e6;
  };
  const runs = async (from: number, count: number): Promise<void> => {
    for (let seed = from; seed < from + count; seed += 1) {
      const { violation } = await run(seed, STEPS);
      if (violation) throw violation;
    }
  };
  await runs(1, WARM_UP);
  const beforeMb = keptMb();
  await runs(WARM_UP + 1, SEEDS);
  return keptMb() - beforeMb;
}
