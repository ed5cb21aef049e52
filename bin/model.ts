import { parseArgs } from 'node:util';
import { REAL } from '../test/model/core.ts';
import { PLANTS } from '../test/model/planted.ts';
import { check } from '../test/model/search.ts';

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '1' },
    late: { type: 'string', default: '1' },
    commands: { type: 'string', default: '2' },
    only: { type: 'string' },
    without: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const usage = (message: string): never => {
  console.error(message);
  process.exit(2);
};
const whole = (name: 'faults' | 'late' | 'commands'): number => {
  const value = Number(values[name]);
  return Number.isInteger(value) && value >= 0 ? value : usage(`--${name} ${values[name]}: takes a whole number from 0`);
};
const ruleOf = (name: string): keyof typeof PLANTS =>
  name in PLANTS ? (name as keyof typeof PLANTS) : usage(`--without ${name}: no such rule; there are ${Object.keys(PLANTS).join(', ')}`);

const bounds = { faults: whole('faults'), lates: whole('late'), commands: whole('commands') };
const core = values.without === undefined ? REAL : { ...REAL, ...PLANTS[ruleOf(values.without)].core };
const startedAtMs = Date.now();
const progress = (states: number, depth: number): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r${states} worlds, ${depth} moves deep `);
};
const found = check(core, { ...bounds, ...(values.only !== undefined && { only: new RegExp(values.only) }) }, progress);
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
const tookMs = Date.now() - startedAtMs;

if (values.json) console.log(JSON.stringify({ ...bounds, ...found, tookMs }));
else {
  for (const [index, line] of found.story.entries()) console.log(`${String(index + 1).padStart(4)}  ${line}`);
  const result = found.broken
    ? `BROKEN: ${found.broken}`
    : `every rule held; what somebody knows who may no longer works for at most ${found.longestExposure} ticks`;
  console.log(
    `${bounds.faults} faults, ${bounds.lates} late effects, ${bounds.commands} commands: ${found.states} worlds, ${(tookMs / 1000).toFixed(1)} s. ${result}`,
  );
}
process.exit(found.broken ? 1 : 0);
