import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { LocalCloudError, MissingPrerequisite } from './errors.ts';
import { findPython } from './python.ts';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');
const HOME = join(import.meta.dirname, '..', '.local');

export interface InstallOptions {
  readonly env: NodeJS.ProcessEnv;
  /** @default `.local` in the project, which git ignores */
  readonly home?: string;
  /** @default requirements.txt beside this file */
  readonly requirements?: string;
  readonly progress: (line: string) => void;
}

/** The Python of the emulator's virtual environment, which is installed first unless it is there. */
export async function installed({ env, home = HOME, requirements = REQUIREMENTS, progress }: InstallOptions): Promise<string> {
  if (process.platform === 'win32') {
    throw new MissingPrerequisite("The embedded local cloud needs Linux or macOS: install Linux beside Windows with 'wsl --install'.");
  }
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const venv = join(home, `venv-${hash}`);
  const marker = `${venv}.complete`;
  const python = join(venv, 'bin', 'python');
  if (isWhole(python, marker)) return python;
  await install(findPython(env), [venv, requirements, marker], env, progress);
  return python;
}

/** As in install.py: a marker that names another interpreter belongs to a Python that has been replaced since. */
const isWhole = (python: string, marker: string): boolean =>
  existsSync(python) && existsSync(marker) && readFileSync(marker, 'utf8') === realpathSync(python);

async function install(python: string, args: readonly string[], env: NodeJS.ProcessEnv, progress: (line: string) => void): Promise<void> {
  const child = spawn(python, [join(import.meta.dirname, 'install.py'), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const { promise: ended, resolve, reject } = Promise.withResolvers<number | null>();
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4_000);
  });
  createInterface({ input: child.stdout }).on('line', progress);
  child.on('error', reject);
  child.on('close', resolve);
  if ((await ended) === 0) return;
  const last =
    said
      .trim()
      .split('\n')
      .findLast((line) => line.startsWith('ERROR:')) ?? said.trim().split('\n').at(-1);
  throw new LocalCloudError(
    `The emulator could not be installed; check the connection to the Python package index and try again (${last}).`,
  );
}
