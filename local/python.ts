import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { MissingPrerequisite } from './errors.ts';

const OLDEST = [3, 10] as const;
const NAMES = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
/** Debian ships venv without ensurepip, and then fails half-way; an interpreter built at home may lack ssl. Runs in any Python. */
const PROBE = `
import sys
lacking = []
for name in ("venv", "ensurepip", "ssl"):
    try:
        __import__(name)
    except ImportError:
        lacking.append(name)
sys.stdout.write("%d.%d %s" % (sys.version_info[0], sys.version_info[1], ",".join(lacking)))
`;

interface Found {
  readonly path: string;
  readonly major: number;
  readonly minor: number;
  readonly lacking: readonly string[];
}

/** An interpreter that can make a virtual environment: the one NHI_PYTHON names, or the first that fits on the PATH. */
export function findPython(env: NodeJS.ProcessEnv): string {
  const named = env['NHI_PYTHON'];
  const search = env['PATH'] ?? '';
  const found: Found[] = [];
  for (const path of named ? [named] : onPath(search)) {
    const python = probe(path, env);
    if (!python) continue;
    if (isNewEnough(python) && python.lacking.length === 0) return python.path;
    found.push(python);
  }
  throw new MissingPrerequisite(whatIsMissing(found, named, search));
}

function onPath(search: string): readonly string[] {
  const folders = search.split(delimiter).filter(Boolean);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).filter(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function probe(path: string, env: NodeJS.ProcessEnv): Found | undefined {
  try {
    const told = execFileSync(path, ['-c', PROBE], { encoding: 'utf8', env, timeout: 20_000, stdio: ['ignore', 'pipe', 'ignore'] });
    const [, major, minor, lacking = ''] = /^(\d+)\.(\d+) (.*)$/.exec(told) ?? [];
    return major === undefined
      ? undefined
      : { path, major: Number(major), minor: Number(minor), lacking: lacking.split(',').filter(Boolean) };
  } catch {
    return undefined; // not a Python, or a shim without one behind it
  }
}

const isNewEnough = ({ major, minor }: Found): boolean => major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);

function whatIsMissing(found: readonly Found[], named: string | undefined, search: string): string {
  const [python, venv] = installCommands(search);
  const usable = found.find(isNewEnough);
  if (usable?.lacking.includes('ssl')) return `${usable.path} was built without ssl: install another Python with '${python}'.`;
  if (usable) return `${usable.path} cannot make virtual environments: install what it lacks with '${venv(usable)}'.`;
  const [old] = found;
  const needed = `the local cloud needs Python ${OLDEST.join('.')} or newer`;
  if (old) return `${old.path} is Python ${old.major}.${old.minor} and ${needed}: install one with '${python}', or name one in NHI_PYTHON.`;
  if (named) return `NHI_PYTHON names ${named}, which is no Python that runs: unset it, or install one with '${python}'.`;
  return `Python is missing and ${needed}: install it with '${python}'.`;
}

type Commands = readonly [python: string, venv: (python: Found) => string];

function installCommands(search: string): Commands {
  const has = (tool: string): boolean => search.split(delimiter).some((folder) => folder !== '' && isExecutable(join(folder, tool)));
  if (process.platform === 'darwin') return ['brew install python@3.13', () => 'brew install python@3.13'];
  if (has('dnf')) return ['sudo dnf install -y python3', () => 'sudo dnf install -y python3'];
  if (has('apk')) return ['apk add python3', () => 'apk add python3'];
  const debian = ({ path, major, minor }: Found): string => (path.endsWith('python3') ? 'python3-venv' : `python${major}.${minor}-venv`);
  return ['sudo apt-get install -y python3 python3-venv', (found) => `sudo apt-get install -y ${debian(found)}`];
}
