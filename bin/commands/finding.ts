import { Command } from 'commander';
import { asksApi } from './api-client.ts';
import { type FindingOptions, showFindings } from './report.ts';

export const finding = (): Command => {
  const noun = new Command('finding').description('what sweeps and observed leaves and moves found');
  asksApi(noun.command('list'))
    .description('every finding; for auditors')
    .option('--all', 'those that are resolved too')
    .action((options: FindingOptions) => showFindings(options, ({ status }) => options.all === true || status !== 'resolved'));
  return noun;
};
