import { REAL } from '../test/model/core.ts';
import { PLANTS } from '../test/model/planted.ts';
import { check } from '../test/model/search.ts';
import { readArguments, wholeNumber, wrongUse } from './arguments.ts';

const USAGE = `npm run model -- [--faults N] [--late N] [--commands N] [--kills] [--only RULES] [--without RULE] [--json]
Explores every order of one credential’s life, and prints the shortest way to a broken rule.
  --faults N       calls that go wrong (1)
  --late N         effects that come late (1)
  --commands N     commands that come in between (2)
  --kills          kills of owners, their lifting and returns among the commands
  --only RULES     checks only the rules that this regular expression matches
  --without RULE   leaves a rule of the protocol out, to see what it is for
  --json           one line of JSON
Exits with 0 when every rule held, 1 when one did not, 2 when asked for something that can't be.`;

const text = { type: 'string' } as const;
const values = readArguments(USAGE, {
  ...{ faults: text, late: text, commands: text, only: text, without: text },
  kills: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
});
const ruleOf = (name: string): keyof typeof PLANTS =>
  Object.hasOwn(PLANTS, name)
    ? (name as keyof typeof PLANTS)
    : wrongUse(`--without '${name}': no such rule; there are ${Object.keys(PLANTS).join(', ')}`);
const patternOf = (pattern: string): RegExp => {
  try {
    return new RegExp(pattern);
  } catch {
    return wrongUse(`--only '${pattern}': is no regular expression`);
  }
};

const kills = values.kills && ({ kills: true, active: true } as const);
const bounds = {
  faults: wholeNumber('faults', values.faults) ?? 1,
  lates: wholeNumber('late', values.late) ?? 1,
  commands: wholeNumber('commands', values.commands) ?? 2,
  ...kills,
};
const core = values.without === undefined ? REAL : { ...REAL, ...PLANTS[ruleOf(values.without)].core };
const startedAtMs = Date.now();
const progress = (states: number, depth: number): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r${states} worlds, ${depth} moves deep `);
};
const found = check(core, { ...bounds, ...(values.only !== undefined && { only: patternOf(values.only) }) }, progress);
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
