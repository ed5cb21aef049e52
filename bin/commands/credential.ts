import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { type ApiOptions, callApi, UserError } from './api-client.ts';
import { allCredentials } from './live-credentials.ts';
import { print, table, timeline } from './print.ts';

interface Credential {
  readonly id: string;
  readonly status: string;
  readonly secretName: string;
  readonly blocked?: { readonly code: string };
}

interface RequestOptions extends ApiOptions {
  readonly profile: string;
  readonly owner?: string;
  readonly purpose: string;
  readonly environment: string;
  readonly consumer: readonly string[];
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
  readonly json?: boolean;
}

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];
/** `active` after a request, `revoked` after a revocation: provisioning takes seconds, longer only where something blocks it. */
const WAIT_MS = 180_000;

async function until(options: ApiOptions, id: string, wanted: string): Promise<Credential> {
  const stopAt = Date.now() + WAIT_MS;
  for (;;) {
    const now = await callApi<Credential>(options, 'GET', `/v1/credentials/${id}`);
    if (now.status === wanted) return now;
    if (now.status === 'revoked')
      throw new UserError(`${id} was revoked before it became ${wanted}; \`nhi credential show ${id}\` tells why.`);
    if (Date.now() > stopAt)
      throw new UserError(`${id} is still ${now.status}${now.blocked ? `, blocked by ${now.blocked.code}` : ''}; it goes on by itself.`, 5);
    process.stderr.write(`${now.status} …\n`);
    await sleep(2_000);
  }
}

export const credential = (): Command => {
  const noun = new Command('credential').description('credentials of machine identities');
  noun
    .command('request')
    .description('ask for a credential; answers at once, with --wait when it can be read')
    .requiredOption('--profile <name>', 'an entry of the policy’s catalogue')
    .requiredOption('--purpose <text>', 'what it is for, in words')
    .requiredOption('--environment <name>', 'where it is used')
    .option('--owner <ref>', '<source>:<external id> or e-mail address; you, when absent')
    .option('--consumer <arn>', 'role or user that may read the secret; may be repeated', collect, [])
    .option('--idempotency-key <text>', 'the same key gives the same credential; made up when absent')
    .option('--wait', 'wait until it is active')
    .option('--json', 'print JSON')
    .option('--api <url>')
    .option('--region <name>')
    .action(async (options: RequestOptions) => {
      const { profile, owner, purpose, environment, consumer } = options;
      const body = { profile, purpose, environment, consumers: consumer, ...(owner !== undefined && { owner }) };
      const headers = { 'idempotency-key': options.idempotencyKey ?? randomUUID() };
      const made = await callApi<Credential>(options, 'POST', '/v1/credentials', body, headers);
      print(options.wait ? await until(options, made.id, 'active') : made, options.json);
    });
  noun
    .command('list')
    .description('every live credential with its owner; for auditors')
    .option('--json', 'print JSON')
    .option('--api <url>')
    .option('--region <name>')
    .action(async (options: RequestOptions) => {
      const all = await allCredentials(options);
      if (options.json) print({ credentials: all }, true);
      else if (all.length === 0) console.log('There is none.');
      else
        console.log(
          table(
            ['credential', 'status', 'profile', 'owner', 'purpose'],
            all.map(({ id, status, profile, ownerRef = '', purpose }) => [id, status, profile, ownerRef, purpose]),
          ),
        );
    });
  noun
    .command('show <id>')
    .description('one credential with its whole timeline')
    .option('--json', 'print JSON')
    .option('--api <url>')
    .option('--region <name>')
    .action(async (id: string, options: RequestOptions) =>
      timeline(await callApi(options, 'GET', `/v1/credentials/${encodeURIComponent(id)}`), options.json),
    );
  noun
    .command('revoke <id>')
    .description('end a credential, for good')
    .requiredOption('--reason <text>')
    .option('--wait', 'wait for the receipt')
    .option('--json', 'print JSON')
    .option('--api <url>')
    .option('--region <name>')
    .action(async (id: string, options: RequestOptions & { readonly reason: string }) => {
      const path = `/v1/credentials/${encodeURIComponent(id)}`;
      const revoking = await callApi<Credential>(options, 'POST', `${path}/revoke`, { reason: options.reason });
      print(options.wait ? await until(options, revoking.id, 'revoked') : revoking, options.json);
    });
  noun
    .command('rotate <id>')
    .description('make a new key now; the old one works on for the overlap')
    .requiredOption('--reason <text>')
    .option('--json', 'print JSON')
    .option('--api <url>')
    .option('--region <name>')
    .action(async (id: string, options: RequestOptions & { readonly reason: string }) => {
      const path = `/v1/credentials/${encodeURIComponent(id)}/rotate`;
      print(await callApi<Credential>(options, 'POST', path, { reason: options.reason }), options.json);
    });
  return noun;
};
