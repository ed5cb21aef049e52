import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { get } from './control.ts';
import { localEnvironment } from './endpoint.ts';
import { LocalCloudError } from './errors.ts';
import { type Group, reap, watch } from './reaper.ts';

const START_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 3_000;

export interface EmulatorOptions {
  readonly python: string;
  /** The gateway's: queue URLs, API URLs and functions must lead there. */
  readonly advertised: number;
  readonly env: NodeJS.ProcessEnv;
  /** Its log; by default it is kept in the scratch folder and told only when the start fails. */
  readonly logFile?: string;
  readonly onUnexpectedEnd: (last: string) => void;
}

export interface Emulator {
  readonly port: number;
  stop(): Promise<void>;
}

export async function startEmulator({ python, advertised, env, logFile, onUnexpectedEnd }: EmulatorOptions): Promise<Emulator> {
  const folder = mkdtempSync(join(tmpdir(), 'nhi-local-'));
  const log = logFile ?? join(folder, 'emulator.log');
  const output = openSync(log, 'a');
  const child = spawn(python, ['-BEsu', join(import.meta.dirname, 'emulator.py'), folder], {
    cwd: folder,
    detached: true, // a process group of its own, which can be killed as a whole
    env: emulatorEnvironment(advertised, folder, env),
    stdio: ['pipe', output, output, 'pipe'],
  });
  closeSync(output);
  if (child.pid === undefined) throw new LocalCloudError(`${python} does not run.`, { cause: await once(child, 'error') });
  const group: Group = { pid: child.pid, folder };
  watch(group);
  child.stdin?.on('error', () => undefined); // it ended before us
  try {
    const port = await portOf(child);
    await get(new URL(`http://127.0.0.1:${port}/_ministack/health`));
    const emulator = { port, stop: () => stop(child, group) };
    child.once('exit', () => {
      if (stopping.has(child)) return;
      onUnexpectedEnd(lastLines(log));
      reap(group);
    });
    return emulator;
  } catch (cause) {
    const last = lastLines(log);
    reap(group);
    throw new LocalCloudError(`The emulator did not start: ${last || cause}`, { cause });
  }
}

function emulatorEnvironment(advertised: number, folder: string, base: NodeJS.ProcessEnv): Record<string, string> {
  const clean = localEnvironment(`http://127.0.0.1:${advertised}`, base);
  return {
    ...clean,
    AUTH: 'true',
    GATEWAY_PORT: String(advertised),
    MINISTACK_HOST: 'localhost',
    IOT_MTLS_ENABLED: '0', // would listen on all interfaces
    SFTP_ENABLED: '0',
    LOG_LEVEL: clean['LOG_LEVEL'] ?? 'WARNING',
    PERSIST_STATE: '0',
    LAMBDA_EXECUTOR: 'local',
    TMPDIR: folder,
    // Functions run with the `node` found first.
    PATH: [dirname(process.execPath), clean['PATH'] ?? ''].join(delimiter),
  };
}

async function portOf(child: ChildProcess): Promise<number> {
  const pipe = child.stdio[3];
  if (!(pipe instanceof Readable)) throw new Error('no pipe for the port');
  const late = AbortSignal.timeout(START_WITHIN_MS);
  let told = '';
  for await (const chunk of pipe.iterator({ destroyOnReturn: true })) {
    told += String(chunk);
    if (told.includes('\n') || late.aborted) break;
  }
  const port = Number.parseInt(told, 10);
  if (!Number.isInteger(port)) throw new Error('it ended before it listened');
  return port;
}

const stopping = new WeakSet<ChildProcess>();

async function stop(child: ChildProcess, group: Group): Promise<void> {
  stopping.add(child);
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(STOP_WITHIN_MS, undefined, { ref: false })]);
  }
  reap(group);
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

function lastLines(log: string): string {
  try {
    return readFileSync(log, 'utf8').trim().split('\n').slice(-3).join(' | ');
  } catch {
    return '';
  }
}
