import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { AwsCredentials } from '../../lib/client/signed-call.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The command line, as somebody in a terminal has it, signed in as `who`. */
export const nhi = ({ apiUrl }: { readonly apiUrl: string }, who: AwsCredentials, ...args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const keys = { AWS_ACCESS_KEY_ID: who.accessKeyId, AWS_SECRET_ACCESS_KEY: who.secretAccessKey, AWS_SESSION_TOKEN: who.sessionToken };
    const env = { ...process.env, ...keys, NHI_API: apiUrl };
    execFile(process.execPath, ['bin/cli.ts', ...args], { cwd: ROOT, env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, out, err });
    });
  });
