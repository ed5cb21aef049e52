import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPolicySource } from '../bin/policy-source.ts';
import { codeOf } from '../lib/constructs/bundle.ts';
import { ENV, POLICY_FILE } from '../lib/contract/env.ts';
import { median, type Row } from './table.ts';

const RUNS = 15;
const KB = 1_024;

interface Bar {
  readonly sizeKb: number;
  readonly initMs: number;
}

/** Size of one function's bundle, as the stack deploys it, and what loading it takes over loading an empty handler. */
export function coldStart(name: string, { sizeKb, initMs }: Bar, environment: Readonly<Record<string, string>> = {}): readonly Row[] {
  const folder = mkdtempSync(join(tmpdir(), 'nhi-bench-'));
  try {
    const code = codeOf(name);
    const source = readPolicySource('nhi.policy.yaml');
    if (!source.ok) throw new Error(source.problems.join('\n'));
    writeFileSync(join(folder, POLICY_FILE), source.compiled);
    writeFileSync(join(folder, 'index.mjs'), code);
    writeFileSync(join(folder, 'empty.mjs'), 'export const handler = async () => undefined;');
    const pairs = Array.from({ length: RUNS }, () => ({
      own: loading(folder, 'index.mjs', environment),
      empty: loading(folder, 'empty.mjs', environment),
    }));
    const ms = median(pairs.map(({ own, empty }) => own - empty));
    const kb = code.length / KB;
    return [
      {
        what: `bundle of ${name}`,
        bar: `≤ ${sizeKb} KB`,
        measured: `${Math.ceil(kb)} KB`,
        holds: kb <= sizeKb,
        note: 'as the stack bundles it: minified, dependencies included; KB = 1024 bytes',
      },
      {
        what: `init of ${name} over an empty handler`,
        bar: `≤ ${initMs} ms`,
        measured: `${ms.toFixed(0)} ms`,
        holds: ms <= initMs,
        note: `processor time of the import in a fresh process, less that of an empty handler's; median of ${RUNS} pairs`,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Processor time, since that of a clock would count what else the machine does. */
const PROBE = `const before = process.cpuUsage(); await import(process.argv[1]); const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1000); process.exit();`;

function loading(folder: string, file: string, environment: Readonly<Record<string, string>>): number {
  const env = {
    ...Object.fromEntries(Object.values(ENV).map((variable) => [variable, 'https://x/y'])),
    ...environment,
    AWS_REGION: 'us-east-1',
    PATH: process.env['PATH'],
  };
  const args = ['--input-type=module', '--eval', PROBE, join(folder, file)];
  return Number(execFileSync(process.execPath, args, { env, encoding: 'utf8' }));
}
