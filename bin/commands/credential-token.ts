import { Command } from 'commander';
import { type ApiOptions, callApi, changesThings } from './api-client.ts';
import { print } from './print.ts';

interface TokenOptions extends ApiOptions {
  readonly reason: string;
  readonly lost?: boolean;
}

/** Prints the token alone, so that it can go where it belongs by a pipe; nothing keeps it. */
export const token = (): Command =>
  changesThings(
    new Command('token')
      .argument('<id>')
      .description('make a token that is shown once, and print it; one made before works on for the overlap'),
  )
    .option('--lost', 'the last one never came, or somebody else knows it: it ends as the new one works')
    .action(async (id: string, options: TokenOptions) => {
      const path = `/v1/credentials/${encodeURIComponent(id)}/token`;
      const made = await callApi<{ readonly token: string }>(options, 'POST', path, {
        reason: options.reason,
        lost: options.lost === true,
      });
      if (options.json) print(made, true);
      else console.log(made.token);
    });
