import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { AssetHashType } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';
import { POLICY_FILE } from '../contract/env.ts';

/** CommonJS packages inside an ES module bundle still ask for `require`. */
const BANNER = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

const FUNCTIONS = resolve(import.meta.dirname, '../../functions');

/** What of the SDK no function needs, and what stands for it. */
const LEFT_OUT = {
  '@aws-sdk/credential-provider-node': resolve(import.meta.dirname, '../adapters/aws/environment-credentials.ts'),
  '@aws-sdk/endpoint-cache': resolve(import.meta.dirname, '../adapters/aws/no-endpoint-discovery.ts'),
};

let built: ReadonlyMap<string, Uint8Array> | undefined;

/** One function's code in one file, `functions/<name>/handler.ts` and all it imports. All are built at once: most of what they import is the same. */
export function codeOf(name: string): Uint8Array {
  built ??= buildAll();
  const code = built.get(name);
  if (!code) throw new Error(`there is no functions/${name}/handler.ts`);
  return code;
}

function buildAll(): ReadonlyMap<string, Uint8Array> {
  const names = readdirSync(FUNCTIONS).filter((name) => existsSync(join(FUNCTIONS, name, 'handler.ts')));
  const { outputFiles } = buildSync({
    entryPoints: Object.fromEntries(names.map((name) => [name, join(FUNCTIONS, name, 'handler.ts')])),
    outdir: tmpdir(), // nothing is written there
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    alias: LEFT_OUT,
    external: ['@smithy/core/event-streams'], // imported when an answer is a stream of events; no call of ours has such an answer
    banner: { js: BANNER },
    legalComments: 'none',
    write: false,
  });
  return new Map(outputFiles.map(({ path, contents }) => [basename(path, '.mjs'), contents]));
}

/**
 * One function's code with the compiled policy beside it. The asset's hash is that of its content, so an unchanged function is not
 * deployed again.
 */
export function bundle(name: string, compiledPolicy = ''): Code {
  const outdir = mkdtempSync(join(tmpdir(), `nhi-${name}-`));
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }));
  const code = codeOf(name);
  writeFileSync(join(outdir, 'index.mjs'), code);
  if (compiledPolicy) writeFileSync(join(outdir, POLICY_FILE), compiledPolicy);
  const hash = createHash('sha256').update(compiledPolicy).update(code).digest('hex');
  return Code.fromAsset(outdir, { assetHash: hash, assetHashType: AssetHashType.CUSTOM });
}
