import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { run } from '../test/simulation/run.ts';
import type { Row } from './table.ts';

const BAR = 25_000;
/** Of the heap, after as many runs again. */
const FLAT_MB = 4;
/** Long runs are what it is for: the compiler goes on making it faster for about so many. */
const WARM_UP = 600;
const SEEDS = 240;
const STEPS = 300;

/** Seeded runs, one after the other. Collections are asked for, so that what is counted is what is kept. */
export async function simulation(): Promise<readonly Row[]> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const keptMb = (): number => {
    collect();
    return process.memoryUsage().heapUsed / 1e6;
  };
  let steps = 0;
  const runs = async (from: number, count: number): Promise<void> => {
    for (let seed = from; seed < from + count; seed += 1) {
      const done = await run(seed, STEPS);
      if (done.violation) throw done.violation;
      steps += done.steps;
    }
  };
  await runs(1, WARM_UP);
  steps = 0;
  const beforeMb = keptMb();
  const before = process.cpuUsage();
  await runs(WARM_UP + 1, SEEDS);
  const { user, system } = process.cpuUsage(before);
  const perSecond = Math.round(steps / ((user + system) / 1e6));
  const grownMb = keptMb() - beforeMb;
  return [
    {
      what: 'simulation, steps per second of CPU',
      bar: `≥ ${BAR.toLocaleString('en')}`,
      measured: perSecond.toLocaleString('en'),
      holds: perSecond >= BAR,
      note: `${steps.toLocaleString('en')} steps of workers, each with its events, their hash and the checks after it; messages that find nothing to do, commands, facts and sweeps cost time and count nothing`,
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
