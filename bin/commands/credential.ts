import { randomUUID } from 'node:crypto';
import { Command } from 'commander';
import { type ApiOptions, asksApi, callApi } from './api-client.ts';
import { changes } from './credential-changes.ts';
import { token } from './credential-token.ts';
import { allCredentials } from './live-credentials.ts';
import { print, table, timeline } from './print.ts';
import { isActive, type ShownCredential, until } from './until.ts';

interface RequestOptions extends ApiOptions {
  readonly profile: string;
  readonly owner?: string;
  readonly purpose: string;
  readonly environment: string;
  readonly consumer: readonly string[];
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
}

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];
export const credential = (): Command => {
  const noun = new Command('credential').description('credentials of machine identities');
  asksApi(noun.command('request'))
    .description('ask for a credential; answers at once, with --wait when it can be read')
    .requiredOption('--profile <name>', 'an entry of the policy’s catalogue')
    .requiredOption('--purpose <text>', 'what it is for, in words')
    .requiredOption('--environment <name>', 'where it is used')
    .option('--owner <ref>', '<source>:<external id> or e-mail address; you, when absent')
    .option('--consumer <arn>', 'role or user that may read the secret; may be repeated', collect, [])
    .option('--idempotency-key <text>', 'the same key gives the same credential; made up when absent')
    .option('--wait', 'wait until it is active')
    .action(async (options: RequestOptions) => {
      const { profile, owner, purpose, environment, consumer } = options;
      const body = { profile, purpose, environment, consumers: consumer, ...(owner !== undefined && { owner }) };
      const headers = { 'idempotency-key': options.idempotencyKey ?? randomUUID() };
      const made = await callApi<ShownCredential>(options, 'POST', '/v1/credentials', body, headers);
      print(options.wait ? await until(options, made.id, isActive) : made, options.json);
    });
  asksApi(noun.command('list'))
    .description('every live credential with its owner; for auditors')
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
  asksApi(noun.command('show <id>'))
    .description('one credential with its whole timeline')
    .action(async (id: string, options: RequestOptions) =>
      timeline(await callApi(options, 'GET', `/v1/credentials/${encodeURIComponent(id)}`), options.json),
    );
  for (const change of [...changes(), token()]) noun.addCommand(change);
  return noun;
};
