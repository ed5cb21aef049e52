import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AssetHashType } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';
import { POLICY_FILE } from '../contract/env.ts';

/** CommonJS packages inside an ES module bundle still ask for `require`. */
const BANNER = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

/** What of the SDK no function needs, and what stands for it. */
const LEFT_OUT = {
  '@aws-sdk/credential-provider-node': resolve(import.meta.dirname, '../adapters/aws/environment-credentials.ts'),
  '@aws-sdk/endpoint-cache': resolve(import.meta.dirname, '../adapters/aws/no-endpoint-discovery.ts'),
};

/** One function's code in one file, `functions/<name>/handler.ts` and all it imports. */
export function codeOf(name: string): Uint8Array {
  const { outputFiles } = buildSync({
    entryPoints: { index: resolve(import.meta.dirname, `../../functions/${name}/handler.ts`) },
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
  const [file] = outputFiles;
  if (!file || outputFiles.length > 1) throw new Error(`${name}: ${outputFiles.length} files instead of one`);
  return file.contents;
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
