#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { UserError } from './commands/api-client.ts';
import { credential } from './commands/credential.ts';
import { feed } from './commands/feed.ts';
import { owner } from './commands/owner.ts';
import { policy } from './commands/policy.ts';
import { report } from './commands/report.ts';

const program = new Command('nhi')
  .description('Credentials of machine identities, along the life of their owners.')
  .addHelpText('after', '\nExit codes: 0 done, 1 refused, 2 wrong use, 3 no answer, 4 not allowed, 5 not done in time.')
  .showHelpAfterError('(--help tells what there is)')
  .exitOverride()
  .addCommand(credential())
  .addCommand(owner())
  .addCommand(feed())
  .addCommand(policy())
  .addCommand(report());
for (const noun of program.commands) for (const verb of [noun, ...noun.commands]) verb.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof UserError) {
    console.error(error.message);
    process.exitCode = error.exitCode;
  } else if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 || error.code === 'commander.help' ? 0 : 2;
  else throw error;
}
