import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
/** Of every local cloud. */
const ACCOUNT = '000000000000';

/** What the stack tells after its deployment, by output name. */
export type Outputs = Readonly<Record<string, string>>;

export interface DeployOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Of the manager's own app. */
  readonly policy?: string;
  /** Another app than the manager's, with its context. */
  readonly other?: { readonly entry: string; readonly context: Readonly<Record<string, string>> };
  /** CDK's own lines, for who wants them. */
  readonly onLine: (line: string) => void;
}

/** Bootstraps and deploys with the plain CDK command line, as a cloud team would. Throws with CDK's last lines when it fails. */
export async function deploy({ env, policy, other, onLine }: DeployOptions): Promise<Outputs> {
  const dir = join(ROOT, '.local');
  mkdirSync(dir, { recursive: true });
  const outputs = join(dir, `outputs-${process.pid}.json`);
  const out = join(dir, `cdk.out-${process.pid}`);
  const context = Object.entries(other?.context ?? { policy: policy ?? 'nhi.policy.yaml', ephemeral: 'true' });
  const app = [...context.flatMap(([name, value]) => ['--context', `${name}=${value}`]), '--output', out];
  try {
    await Promise.all([
      cdk(['synth', '--quiet', ...(other ? ['--app', `node ${other.entry}`] : []), ...app], env, onLine),
      cdk(['bootstrap', `aws://${ACCOUNT}/${env['AWS_REGION']}`], env, onLine, dir), // from where no app is, since it needs none
    ]);
    await cdk(['deploy', '--all', '--app', out, '--require-approval', 'never', '--outputs-file', outputs], env, onLine);
    const stacks: Readonly<Record<string, Outputs>> = JSON.parse(readFileSync(outputs, 'utf8'));
    return Object.assign({}, ...Object.values(stacks));
  } finally {
    for (const path of [outputs, out]) if (existsSync(path)) rmSync(path, { recursive: true });
  }
}

function cdk(args: readonly string[], env: DeployOptions['env'], onLine: DeployOptions['onLine'], cwd = ROOT): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(
      process.execPath,
      [join(ROOT, 'node_modules/aws-cdk/bin/cdk'), ...args, '--no-notices', '--progress', 'events', '--ci'],
      { cwd, env: { ...env, PATH: withOurNode(env['PATH']), CDK_DISABLE_CLI_TELEMETRY: 'true' }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const last: string[] = [];
    const hear = (chunk: Buffer): void => {
      for (const line of chunk.toString().split('\n').filter(Boolean)) {
        last.push(line);
        if (last.length > 30) last.shift();
        onLine(line);
      }
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('error', fail);
    child.on('exit', (code) => (code === 0 ? done() : fail(new Error(`cdk ${args[0]} failed (${code}):\n${last.join('\n')}`))));
  });
}

/** `cdk.json` says `node`: that has to be the one that runs this, since it is the one that takes TypeScript. */
const withOurNode = (path = ''): string => [dirname(process.execPath), path].join(delimiter);
