import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { asked } from '../../../bin/arguments.ts';

const OPTIONS = { seeds: { type: 'string' }, json: { type: 'boolean' } } as const;

describe('what a script was asked', () => {
  it.each([
    [['--seeds', '3', '--json'], { is: 'run', values: { seeds: '3', json: true } }],
    [[], { is: 'run', values: {} }],
    [['--seeds', '3', '--help'], { is: 'help' }],
    [['-h'], { is: 'help' }],
    [['--sedes', '3'], { is: 'wrong', why: "Unknown option '--sedes'" }],
    [['--seeds'], { is: 'wrong', why: "Option '--seeds <value>' argument missing" }],
    [['--seeds', '--json'], { is: 'wrong', why: "Option '--seeds' argument is ambiguous" }],
    [['--json=yes'], { is: 'wrong', why: "Option '--json' does not take an argument" }],
    [['3'], { is: 'wrong', why: "Unexpected argument '3'" }],
  ])('%j', (args, wanted) => {
    expect(asked(OPTIONS, args)).toEqual(wanted);
  });
});

interface Ended {
  readonly code: unknown;
  readonly out: string;
  readonly err: string;
}

const ended = (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [...args], (error, out, err) => resolve({ code: error?.code ?? 0, out, err }));
  });

describe.concurrent.each(['bin/model.ts', 'bin/simulate.ts', 'bin/play.ts', 'bin/local.ts', 'bench/index.ts'])('%s', (script) => {
  it('--help tells how it is used, and does nothing', async () => {
    const { code, out, err } = await ended(script, '--help');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/npm (run|start)|node bin/);
  });

  it('a flag that there is none of is one sentence and exit code 2', async () => {
    expect(await ended(script, '--bogus')).toEqual({ code: 2, out: '', err: "Unknown option '--bogus' (--help tells what there is)\n" });
  });
});

it.concurrent.each([
  ['bin/model.ts', '--faults', '-1', "Option '--faults' argument is ambiguous"],
  ['bin/model.ts', '--faults', 'x', "--faults 'x': takes a whole number from 0"],
  ['bin/model.ts', '--without', 'toString', "--without 'toString': no such rule; there are "],
  ['bin/model.ts', '--only', '(', "--only '(': is no regular expression"],
  ['bin/simulate.ts', '--seeds', '0', "--seeds '0': takes a whole number from 1"],
  ['bin/local.ts', '--port', 'http', "--port 'http': takes a whole number from 0"],
  ['bench/index.ts', '--only', 'nothing', "--only 'nothing': no such measurement; there are "],
])('%s %s %s is wrong use', async (script, flag, value, sentence) => {
  const { code, out, err } = await ended(script, flag, value);
  expect([code, out]).toEqual([2, '']);
  expect(err.startsWith(sentence)).toBe(true);
  expect(err.trim()).not.toContain('\n');
});
