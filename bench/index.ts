import { printed, type Row } from './table.ts';

/**
 * Every figure the project states, against its bar. Exits with 1 where one is missed. `--json`; `--only WORD`: measurements whose name has
 * it. Each is loaded when it is its turn, and the feed is the first, since it looks at the memory of the whole process.
 */
const MEASUREMENTS: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  feed: async () => (await import('./feed.ts')).feedMemory(),
  calls: async () => (await import('./provider-calls.ts')).providerCalls(),
  sweep: async () => (await import('./due-sweep.ts')).dueSweep(),
  cpu: async () => (await import('./rotation-cpu.ts')).rotationCpu(),
  worker: async () => (await import('./cold-start.ts')).coldStart('work-aws-iam-user', { sizeKb: 360, initMs: 60 }),
  authorizer: async () => (await import('./authorizer.ts')).authorizer(),
};

const args = process.argv.slice(2);
const only = args.includes('--only') ? (args[args.indexOf('--only') + 1] ?? '') : '';
const rows: Row[] = [];
for (const [name, measure] of Object.entries(MEASUREMENTS)) {
  if (!name.includes(only)) continue;
  if (!args.includes('--json')) console.error(`measuring: ${name}`);
  rows.push(...(await measure()));
}
console.log(args.includes('--json') ? JSON.stringify(rows, undefined, 2) : printed(rows));
process.exitCode = rows.length > 0 && rows.every(({ holds }) => holds) ? 0 : 1;
