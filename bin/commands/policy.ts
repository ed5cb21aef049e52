import { Command } from 'commander';
import { readPolicySource } from '../policy-source.ts';
import { asksApi, UserError } from './api-client.ts';
import { diffPolicy } from './policy-diff.ts';
import { print } from './print.ts';

export const policy = (): Command => {
  const noun = new Command('policy').description('the catalogue of what may be asked for, and by whom');
  noun
    .command('check [file]')
    .description('tell what is wrong with a policy file, with line and column')
    .option('--json', 'print JSON')
    .action((file: string | undefined, options: { readonly json?: boolean }) => {
      const name = file ?? 'nhi.policy.yaml';
      const source = readPolicySource(name);
      if (options.json) print(source.ok ? { ok: true, digest: source.digest, problems: [] } : source, true);
      if (!source.ok) throw new UserError(options.json ? `${name} can’t be used` : source.problems.join('\n'));
      if (options.json) return;
      const { sources, profiles, callers } = source.policy;
      print({
        file: name,
        sources: Object.keys(sources),
        profiles: Object.keys(profiles),
        callers: callers.length,
        digest: source.digest,
      });
    });
  asksApi(noun.command('diff <file>'))
    .description('what another policy file would change, and which live credentials it would touch, before it is deployed')
    .option('--from <file>', 'the policy that is deployed', 'nhi.policy.yaml')
    .action(diffPolicy);
  return noun;
};
