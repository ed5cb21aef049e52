import { STSClient } from '@aws-sdk/client-sts';
import type { Command } from 'commander';
import { type AwsCredentials, signedCall } from '../../lib/client/signed-call.ts';

/** A failure the user can do something about: its message says what. */
export class UserError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

interface Problem {
  readonly title?: string;
  readonly errors?: readonly { readonly field: string; readonly value: string; readonly rule: string }[];
}

export interface ApiOptions {
  readonly api?: string | undefined;
  readonly region?: string | undefined;
  readonly json?: boolean | undefined;
}

/** What every command takes that asks the API. */
export const asksApi = (command: Command): Command =>
  command
    .option('--json', 'print JSON')
    .option('--api <url>', 'the manager’s API; NHI_API, when absent')
    .option('--region <name>', 'AWS_REGION, or us-east-1, when absent');

/** And one that changes something: the reason stands in its history. */
export const changesThings = (command: Command): Command => asksApi(command.requiredOption('--reason <text>', 'stands in the history'));

/** Calls the manager's API as whoever the AWS credentials of this process are; throws a `UserError` for whatever is not 2xx. */
export async function callApi<T>(
  { api, region }: ApiOptions,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<T> {
  const base = api ?? process.env['NHI_API'];
  if (!base) throw new UserError('Which API? Give --api URL or set NHI_API; the stack’s output `ApiUrl` has it.', 2);
  if (!URL.canParse(base)) throw new UserError(`--api: '${base}' is no URL; the stack’s output \`ApiUrl\` has it.`, 2);
  const answer = await signedCall({
    url: `${base.replace(/\/$/, '')}${path}`,
    method,
    service: 'execute-api',
    region: region ?? process.env['AWS_REGION'] ?? 'us-east-1',
    credentials: await ownCredentials(region),
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    throw new UserError(
      `No answer from ${base}: ${error instanceof Error ? error.message : 'unknown'}. Is the URL right, and the stack up?`,
      3,
    );
  });
  if (answer.status >= 200 && answer.status < 300) return JSON.parse(answer.body);
  throw new UserError(explained(answer.status, answer.body), answer.status === 403 ? 4 : 1);
}

async function ownCredentials(region: string | undefined): Promise<AwsCredentials> {
  const sts = new STSClient(region ? { region } : { region: process.env['AWS_REGION'] ?? 'us-east-1' });
  try {
    return await sts.config.credentials();
  } catch {
    throw new UserError('No AWS credentials: sign in (e.g. `aws sso login`) or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.', 2);
  }
}

function explained(status: number, body: string): string {
  let problem: Problem;
  try {
    problem = JSON.parse(body);
  } catch {
    return `The API answered ${status}: ${body.slice(0, 200)}`;
  }
  if (!problem.title) return `The API answered ${status}: ${body.slice(0, 200)} (is this caller allowed execute-api:Invoke?)`;
  const lines = (problem.errors ?? []).map(({ field, value, rule }) => `  ${field}: ${value}: ${rule}`);
  return [`${problem.title} (${status})`, ...lines].join('\n');
}
