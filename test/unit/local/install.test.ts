import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MissingPrerequisite } from '../../../local/errors.ts';
import { installed } from '../../../local/install.ts';
import { findPython } from '../../../local/python.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nhi-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An executable that answers the probe with `told`. */
const fakePython = (name: string, told: string): string => {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\nprintf '%s' '${told}'\n`);
  chmodSync(path, 0o755);
  return path;
};
const missing = (env: NodeJS.ProcessEnv): string => {
  try {
    return `found ${findPython(env)}`;
  } catch (error) {
    expect(error).toBeInstanceOf(MissingPrerequisite);
    return (error as MissingPrerequisite).message;
  }
};

describe.skipIf(process.platform !== 'linux')('the search for Python', () => {
  it('says how to install it where there is none', () => {
    expect(missing({ PATH: folder })).toBe(
      "Python is missing and the local cloud needs Python 3.10 or newer: install it with 'sudo apt-get install -y python3 python3-venv'.",
    );
  });

  it('says when it is too old', () => {
    const path = fakePython('python3', '3.9 ');
    expect(missing({ PATH: folder })).toBe(
      `${path} is Python 3.9 and the local cloud needs Python 3.10 or newer: install one with 'sudo apt-get install -y python3 python3-venv', or name one in NHI_PYTHON.`,
    );
  });

  it('says when Debian left out what makes virtual environments', () => {
    const path = fakePython('python3', '3.11 ensurepip');
    expect(missing({ PATH: folder })).toBe(
      `${path} cannot make virtual environments: install what it lacks with 'sudo apt-get install -y python3-venv'.`,
    );
    rmSync(path);
    fakePython('python3.12', '3.12 venv,ensurepip');
    expect(missing({ PATH: folder })).toContain('sudo apt-get install -y python3.12-venv');
  });

  it('says when it was built without ssl', () => {
    const path = fakePython('python3', '3.11 ssl');
    expect(missing({ PATH: folder })).toContain(`${path} was built without ssl`);
  });

  it('passes over what does not fit to what does', () => {
    fakePython('python3', '3.9 ');
    fakePython('python3.10', 'pyenv: command not found');
    const good = fakePython('python3.13', '3.13 ');
    expect(missing({ PATH: folder })).toBe(`found ${good}`);
  });

  it('takes the one that NHI_PYTHON names, and no other', () => {
    fakePython('python3', '3.13 ');
    const named = fakePython('mine', '3.10 ');
    expect(missing({ PATH: folder, NHI_PYTHON: named })).toBe(`found ${named}`);
    expect(missing({ PATH: folder, NHI_PYTHON: join(folder, 'gone') })).toContain('which is no Python that runs');
  });

  it('suggests the package manager that is there', () => {
    fakePython('dnf', '');
    expect(missing({ PATH: folder })).toContain('sudo dnf install -y python3');
  });
});

describe('the install', () => {
  /** Stands in for Python's own venv module: the environment it makes runs `pip`, a line of shell, whatever it is asked. */
  const withPip = (pip: string): NodeJS.ProcessEnv => {
    const stub = `
import os, sys
if __name__ == "__main__":
    os.makedirs(sys.argv[1] + "/bin")
    with open(sys.argv[1] + "/bin/python", "w", opener=lambda path, flags: os.open(path, flags, 0o755)) as script:
        script.write("#!/bin/sh\\n" + os.environ["FAKE_PIP"] + "\\n")
`;
    writeFileSync(join(folder, 'venv.py'), stub);
    return { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1', FAKE_PIP: pip };
  };
  const run = (env: NodeJS.ProcessEnv) => {
    const requirements = join(folder, 'requirements.txt');
    writeFileSync(requirements, 'ministack==0\n');
    const lines: string[] = [];
    const home = join(folder, 'home');
    return { lines, done: installed({ env, home, requirements, progress: (line) => lines.push(line) }) };
  };
  /** A pip that takes until `pipEnds`, or 30 s. */
  const slowPip = (): string => `for n in $(seq 300); do [ -e '${join(folder, 'pip-ends')}' ] && exit 0; sleep 0.1; done`;
  const pipEnds = (): void => writeFileSync(join(folder, 'pip-ends'), '');
  const markerOf = (python: string): string => `${join(python, '..', '..')}.complete`;

  it('happens once, for two at the same time too', async () => {
    const both = [run(withPip(slowPip())), run(withPip(slowPip()))] as const;
    while (both.some(({ lines }) => lines.length === 0)) await sleep(20);
    pipEnds();
    const [python, same] = await Promise.all([both[0].done, both[1].done]);
    expect(python).toBe(same);
    expect(both.flatMap(({ lines }) => lines).sort()).toEqual([
      'Installing the emulator of the local cloud: once, about 110 MB.',
      'Waiting for another process, which is installing the local cloud.',
    ]);
    const again = run({ PATH: '' }); // not even a Python is looked for
    expect([await again.done, again.lines]).toEqual([python, []]);
  });

  it('happens again when the Python below it was replaced', async () => {
    const python = await run(withPip('exit 0')).done;
    writeFileSync(markerOf(python), '/usr/bin/python-of-yesterday');
    const { done, lines } = run(withPip('exit 0'));
    await done;
    expect([lines.length, readFileSync(markerOf(python), 'utf8')]).toEqual([1, expect.not.stringContaining('yesterday')]);
  });

  it('starts afresh after an installer that was killed, once the pip it left behind has ended', async () => {
    const python = await run(withPip('exit 0')).done;
    rmSync(markerOf(python));
    const venv = join(python, '..', '..');
    const args = [join(import.meta.dirname, '../../../local/install.py'), venv, join(folder, 'requirements.txt'), markerOf(python)];
    const env = withPip(`touch "$(dirname "$0")/by-pip"; ${slowPip()}`);
    const killed = spawn(findPython(process.env), args, { env, stdio: 'ignore' });
    while (!existsSync(join(venv, 'bin/by-pip'))) await sleep(20);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const { done, lines } = run(withPip('exit 0'));
    while (lines.length === 0) await sleep(20);
    pipEnds();
    await done;
    expect(lines).toEqual([expect.stringContaining('Waiting'), expect.stringContaining('Installing')]);
    expect([existsSync(markerOf(python)), existsSync(join(venv, 'bin/by-pip'))]).toEqual([true, false]);
  });

  it('tells in one sentence what pip said, and leaves no marker', async () => {
    const failed = run(withPip('echo "ERROR: no route to host" >&2; exit 1'));
    await expect(failed.done).rejects.toThrow(
      'The emulator could not be installed; check the connection to the Python package index and try again (ERROR: no route to host).',
    );
    const { done, lines } = run(withPip('exit 0'));
    await done;
    expect(lines).toHaveLength(1);
  });
});
