import { parseArgs } from 'node:util';
import { run } from '../test/simulation/run.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    steps: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
  },
});
const [seeds, steps, from] = [values.seeds, values.steps, values.from].map(Number) as [number, number, number];
if (![seeds, steps, from].every((n) => Number.isInteger(n) && n > 0)) {
  console.error('--seeds, --steps and --from take whole numbers above 0');
  process.exit(2);
}
const startedAt = Date.now();
for (let seed = from; seed < from + seeds; seed += 1) {
  const { violation, trace } = await run(seed, steps);
  if (values.trace || violation) console.log(trace.join('\n'));
  if (violation) {
    console.error(`\nseed ${seed}: ${violation}\nsee it again: npm run simulate -- --from ${seed} --seeds 1 --steps ${steps} --trace`);
    process.exit(1);
  }
  if ((seed - from + 1) % 500 === 0) console.log(`${seed - from + 1} of ${seeds} seeds, ${((Date.now() - startedAt) / 1000).toFixed(0)} s`);
}
console.log(`${seeds} seeds of ${steps} steps: every rule held (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
