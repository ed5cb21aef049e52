import { REAL } from '../test/model/core.ts';
import { PLANTS } from '../test/model/planted.ts';
import { type Checked, check } from '../test/model/search.ts';
import type { Bounds } from '../test/model/world.ts';
import { DEEPER, WORLDS } from '../test/model/worlds.ts';
import { readArguments, wholeNumber, wrongUse } from './arguments.ts';

const USAGE = `npm run model -- [--faults N] [--late N] [--commands N] [--kills] [--only COMMANDS] [--without RULE] [--memory MB] [--json]
Explores every order of one credential’s life, and prints the shortest way to a broken rule. Without bounds: each of the named worlds
in turn, those of the tests and deeper ones.
  --faults N         calls that go wrong (1)
  --late N           effects that come late (1)
  --commands N       commands that come in between (2)
  --kills            kills of owners, their lifting and returns among the commands
  --only COMMANDS    only the commands that this regular expression matches
  --without RULE     leaves a rule of the protocol out, to see what it is for; within the bounds that show it where none are given
  --memory MB        stops a world that takes more (6000)
  --json             one line of JSON a world on stdout; progress, where stderr is a terminal, is there
Exits with 0 when every rule held, 1 when one did not, 2 when asked for something that can’t be, 3 when a world was not finished.`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const values = readArguments(USAGE, {
  ...{ faults: text, late: text, commands: text, only: text, without: text, memory: text },
  ...{ kills: flag, json: flag },
});
const patternOf = (pattern: string): RegExp => {
  try {
    return new RegExp(pattern);
  } catch {
    return wrongUse(`--only '${pattern}': is no regular expression`);
  }
};
const ruleOf = (name: string): keyof typeof PLANTS =>
  Object.hasOwn(PLANTS, name)
    ? (name as keyof typeof PLANTS)
    : wrongUse(`--without '${name}': no such rule; there are ${Object.keys(PLANTS).join(', ')}`);

/** By name; what was asked for has none. */
function worlds(): Readonly<Record<string, Bounds>> {
  const { faults, late, commands, only, kills } = values;
  const rule = values.without === undefined ? undefined : ruleOf(values.without);
  const isBounded = kills || [faults, late, commands, only].some((given) => given !== undefined);
  if (!isBounded) return rule ? { [`without ${rule}`]: PLANTS[rule].bounds } : { ...WORLDS, ...DEEPER };
  const bounds = {
    faults: wholeNumber('faults', faults) ?? 1,
    lates: wholeNumber('late', late) ?? 1,
    commands: wholeNumber('commands', commands) ?? 2,
    ...(only !== undefined && { only: patternOf(only) }),
    ...(kills && ({ kills: true, active: true } as const)),
  };
  return { [`${bounds.faults} faults, ${bounds.lates} late effects, ${bounds.commands} commands`]: bounds };
}

const memoryMb = wholeNumber('memory', values.memory, 100) ?? 6_000;
const takenMb = (): number => Math.round(process.memoryUsage.rss() / 1e6);
const TELL_EVERY_MS = 1_000;
let toldAt = 0;

function goesOn(states: number, depth: number): boolean {
  if (Date.now() - toldAt < TELL_EVERY_MS) return true;
  toldAt = Date.now();
  if (process.stderr.isTTY) process.stderr.write(`\r${states} worlds, ${depth} moves deep, ${takenMb()} MB `);
  return takenMb() <= memoryMb;
}

function tell(name: string, { states, depth, stopped, broken, longestExposure, story }: Checked, cpuMs: number): void {
  for (const [index, line] of story.entries()) console.log(`${String(index + 1).padStart(4)}  ${line}`);
  const held = `every rule held; what somebody knows who may no longer works for at most ${longestExposure} ticks`;
  const left = `NOT FINISHED: it takes more than ${memoryMb} MB (--memory); every rule held up to ${depth} moves, and nothing was looked at beyond`;
  const result = broken ? `BROKEN: ${broken}` : stopped ? left : held;
  console.log(`${name}: ${states} worlds, ${depth} moves deep, ${(cpuMs / 1000).toFixed(1)} s of CPU. ${result}`);
}

const core = values.without === undefined ? REAL : { ...REAL, ...PLANTS[ruleOf(values.without)].core };
let [someBroken, someStopped] = [false, false];
for (const [name, bounds] of Object.entries(worlds())) {
  const cpuBefore = process.cpuUsage();
  const found = check(core, bounds, goesOn);
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpuMs = Math.round((user + system) / 1000);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  if (values.json) console.log(JSON.stringify({ world: name, ...bounds, only: bounds.only?.source, ...found, cpuMs, rssMb: takenMb() }));
  else tell(name, found, cpuMs);
  someBroken ||= found.broken !== undefined;
  someStopped ||= found.stopped;
}
process.exit(someBroken ? 1 : someStopped ? 3 : 0);
