import { Command } from 'commander';
import { type ApiOptions, asksApi, callApi } from './api-client.ts';
import { print, table } from './print.ts';

interface Owner {
  readonly offboarding?: { readonly held?: Held };
  readonly review?: { readonly held?: Held };
  readonly credentials: readonly { readonly id: string; readonly status: string; readonly profile: string; readonly purpose: string }[];
  readonly more: boolean;
}

interface Held {
  readonly since: string;
}

export const owner = (): Command => {
  const noun = new Command('owner').description('who answers for credentials');
  asksApi(noun.command('show <ref>'))
    .description('an owner (<source>:<external id> or e-mail address), what they hold, and how a leave was carried out')
    .action(async (ref: string, options: ApiOptions) => {
      const { credentials, more, ...rest } = await callApi<Owner>(options, 'GET', `/v1/owners/${encodeURIComponent(ref)}`);
      if (options.json) return print({ ...rest, credentials, more }, true);
      print(rest);
      const held = rest.offboarding?.held ?? rest.review?.held;
      if (held)
        console.log(`\nHeld by the guard since ${held.since}: they keep what they have until somebody releases it; \`nhi batch list\`.`);
      if (credentials.length)
        console.log(
          `\n${table(
            ['credential', 'status', 'profile', 'purpose'],
            credentials.map(({ id, status, profile, purpose }) => [id, status, profile, purpose]),
          )}`,
        );
      if (more) console.log('… and more than these');
    });
  return noun;
};
