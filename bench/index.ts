import { readArguments, wrongUse } from '../bin/arguments.ts';
import { printed, type Row } from './table.ts';

/** Each is loaded when it is its turn, and the feed is the first, since it looks at the memory of the whole process. */
const MEASUREMENTS: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  feed: async () => (await import('./feed.ts')).feedMemory(),
  calls: async () => (await import('./provider-calls.ts')).providerCalls(),
  sweep: async () => (await import('./due-sweep.ts')).dueSweep(),
  throttle: async () => (await import('./throttle.ts')).throttled(),
  cpu: async () => (await import('./rotation-cpu.ts')).rotationCpu(),
  worker: async () => (await import('./cold-start.ts')).coldStart('work-aws-iam-user', { sizeKb: 360, initMs: 60 }),
  simulation: async () => (await import('./simulation.ts')).simulation(),
  authorizer: async () => (await import('./authorizer.ts')).authorizer(),
};

const USAGE = `npm run bench -- [--only WORD] [--json]
Every figure the project states, against its bar.
  --only WORD   measurements whose name has it: ${Object.keys(MEASUREMENTS).join(', ')}
  --json        the same as JSON
Exits with 0 when every bar is held, 1 when one is missed, 2 when asked for something that can't be.`;

const { only, json } = readArguments(USAGE, { only: { type: 'string', default: '' }, json: { type: 'boolean', default: false } });
const chosen = Object.entries(MEASUREMENTS).filter(([name]) => name.includes(only));
if (chosen.length === 0) wrongUse(`--only '${only}': no such measurement; there are ${Object.keys(MEASUREMENTS).join(', ')}`);
const rows: Row[] = [];
for (const [name, measure] of chosen) {
  if (!json) console.error(`measuring: ${name}`);
  rows.push(...(await measure()));
}
console.log(json ? JSON.stringify(rows, undefined, 2) : printed(rows));
process.exitCode = rows.every(({ holds }) => holds) ? 0 : 1;
