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
  const order = (verb: 'kill' | 'unkill', description: string): void => {
    noun
      .command(`${verb} <ref>`)
      .description(description)
      .requiredOption('--reason <text>')
      .option('--json', 'print JSON')
      .option('--api <url>')
      .option('--region <name>')
      .action(async (ref: string, options: ApiOptions & { readonly reason: string; readonly json?: boolean }) => {
        const path = `/v1/owners/${encodeURIComponent(ref)}/${verb}`;
        print(await callApi<Omit<Owner, 'credentials'>>(options, 'POST', path, { reason: options.reason }), options.json);
      });
  };
  order('kill', 'cut an owner off from everything they hold, at once and reversibly');
  order('unkill', 'lift a kill; credentials come back one by one');
  return noun;
};
