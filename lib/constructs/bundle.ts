import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AssetHashType } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';
import { POLICY_FILE } from '../contract/env.ts';

/** CommonJS packages inside an ES module bundle still ask for `require`. */
const BANNER = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

/**
 * One function's code: `functions/<name>/handler.ts` in one file, with the compiled policy beside it where the function decides by it.
 * The asset's hash is that of its content, so an unchanged function is not deployed again.
 */
export function bundle(name: string, compiledPolicy: string): Code {
  const outdir = mkdtempSync(join(tmpdir(), `nhi-${name}-`));
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }));
  const entry = resolve(import.meta.dirname, `../../functions/${name}/handler.ts`);
  const { outputFiles } = buildSync({
    entryPoints: { index: entry },
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: BANNER },
    legalComments: 'none',
    write: false,
  });
  mkdirSync(outdir, { recursive: true });
  const hash = createHash('sha256').update(compiledPolicy);
  for (const file of outputFiles) {
    writeFileSync(join(outdir, 'index.mjs'), file.contents);
    hash.update(file.contents);
  }
  writeFileSync(join(outdir, POLICY_FILE), compiledPolicy);
  return Code.fromAsset(outdir, { assetHash: hash.digest('hex'), assetHashType: AssetHashType.CUSTOM });
}
