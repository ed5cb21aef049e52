import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Row } from './table.ts';

const ROWS = 1_000_000;
const MOVED_EVERY = 100;
const BAR_MIB = 256;
const CLI = join(import.meta.dirname, '../bin/cli.ts');
const POLICY = `version: 1
accountable: {policy: "hr:1"}
sources:
  hr:
    kind: bus
    accountable: "hr:1"
    principals: [self]
    feed: {columns: {id: id, email: email, roles: job, team: team, manager: manager, status: status}}
profiles: {}
`;
/** Told by the process itself: nobody else knows its largest memory once it has ended. */
const TELL = "data:text/javascript,process.on('exit',()=>process.stderr.write('peak '+process.resourceUsage().maxRSS+'\\n'))";

async function write(folder: string, name: string, moved: boolean): Promise<string> {
  const file = join(folder, name);
  const out = createWriteStream(file);
  out.write('id,email,job,team,manager,status\n');
  for (let from = 0; from < ROWS; from += 1_000) {
    let chunk = '';
    for (let n = from; n < from + 1_000; n += 1)
      chunk += `${n},p${n}@example.com,${moved && n % MOVED_EVERY === 0 ? 'B' : 'A'},Team ${n % 500},${n % 1_000},Active\n`;
    if (!out.write(chunk)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
  return file;
}

interface Measured {
  readonly mib: number;
  readonly said: string;
}

async function measure(...args: readonly string[]): Promise<Measured> {
  const child = spawn(process.execPath, ['--import', TELL, CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-500);
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-500);
  });
  const [code] = await once(child, 'close');
  const peak = /peak (\d+)/.exec(errors)?.[1];
  if (code !== 0 || peak === undefined) throw new Error(`nhi ${args.join(' ')}: exit ${code}: ${errors}`);
  return { mib: Math.round(Number(peak) / 1_024), said };
}

/** Memory of `nhi feed apply --dry-run` as a process of its own, from its start to its end, over files of a million people. */
export async function feedMemory(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nhi-bench-'));
  try {
    const policy = join(folder, 'nhi.policy.yaml');
    writeFileSync(policy, POLICY);
    const last = await write(folder, '2026-03-01.csv', false);
    const next = await write(folder, '2026-04-01.csv', true);
    const apply = ['feed', 'apply', next, '--source', 'hr', '--policy', policy, '--dry-run'];
    const nothing = await measure('feed', '--help');
    const row = (what: string, { mib, said }: Measured, expected: string): Row => ({
      what: `memory for a feed of ${ROWS.toLocaleString('en')} rows: ${what}`,
      bar: `≤ ${BAR_MIB} MiB`,
      measured: `${mib} MiB`,
      holds: mib <= BAR_MIB && said.includes(expected),
      note: `largest of a fresh process of the command, default heap; ${nothing.mib} MiB of it for \`feed --help\` alone`,
    });
    return [
      row('everybody joins', await measure(...apply, '--first'), `${ROWS} joined`),
      row('one in a hundred moved', await measure(...apply, '--last', last), `${ROWS / MOVED_EVERY} moved`),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
