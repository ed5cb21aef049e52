import { Command, CommanderError } from 'commander';
import { UserError } from './api-client.ts';
import { batch } from './batch.ts';
import { credential } from './credential.ts';
import { feed } from './feed.ts';
import { finding } from './finding.ts';
import { owner } from './owner.ts';
import { policy } from './policy.ts';
import { report } from './report.ts';

const nhi = (): Command => {
  const program = new Command('nhi')
    .description('Credentials of machine identities, along the life of their owners.')
    .addHelpText('after', '\nExit codes: 0 done, 1 refused, 2 wrong use, 3 no answer, 4 not allowed, 5 not done in time.')
    .addCommand(credential())
    .addCommand(owner())
    .addCommand(batch())
    .addCommand(finding())
    .addCommand(feed())
    .addCommand(policy())
    .addCommand(report());
  const all = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(all)];
  for (const command of all(program)) command.exitOverride().showHelpAfterError('(--help tells what there is)');
  return program;
};

/** Runs one command line; gives its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    await nhi().parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof UserError) {
      console.error(error.message);
      return error.exitCode;
    }
    if (error instanceof CommanderError) return error.exitCode === 0 || error.code === 'commander.help' ? 0 : 2;
    throw error;
  }
}
