import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { stringify } from 'csv-stringify/sync';
import { fileTrouble } from '../given-file.ts';
import { type ApiOptions, asksApi, callApi, UserError } from './api-client.ts';
import { table } from './print.ts';
import { type ReportedFinding, reportPage } from './report-page.ts';

const COLUMNS = ['kind', 'subject', 'status', 'wouldHave', 'detail', 'credential', 'owner', 'firstSeenAt', 'lastSeenAt'] as const;

export interface FindingOptions extends ApiOptions {
  readonly csv?: boolean;
  readonly html?: string;
  readonly all?: boolean;
}

export const report = (): Command => {
  const noun = new Command('report').description('what sweeps found, for reviews');
  const named = (name: string, description: string): Command =>
    asksApi(noun.command(name))
      .description(description)
      .option('--csv', 'print CSV')
      .option('--html <file>', 'write one self-contained page');
  named('orphans', 'users, keys and credentials that nobody answers for')
    .option('--all', 'those that are resolved too')
    .action((options: FindingOptions) => showFindings(options, ({ status }) => options.all === true || status !== 'resolved'));
  named('would-have', 'what sweeps, leaves and moves would have taken away, where the policy says to observe').action(
    (options: FindingOptions) => showFindings(options, ({ status, wouldHave }) => status !== 'resolved' && wouldHave !== 'none'),
  );
  return noun;
};

/** Findings as a table, JSON, CSV or a page. */
export async function showFindings(options: FindingOptions, wanted: (finding: ReportedFinding) => boolean): Promise<void> {
  const { findings } = await callApi<{ readonly findings: readonly ReportedFinding[] }>(options, 'GET', '/v1/findings');
  const shown = findings.filter(wanted).sort((a, b) => a.firstSeenAt.localeCompare(b.firstSeenAt));
  if (options.html !== undefined) writePage(options.html, shown);
  else if (options.json) console.log(JSON.stringify({ findings: shown }, null, 2));
  else if (options.csv) process.stdout.write(stringify(shown.map(row), { header: true, columns: [...COLUMNS], escape_formulas: true }));
  else if (shown.length === 0) console.log('Nothing was found.');
  else console.log(table(['kind', 'user', 'status', 'would have', 'why', 'since'], shown.map(line)));
}

const row = (finding: ReportedFinding): readonly string[] => COLUMNS.map((column) => finding[column] ?? '');
const line = ({ kind, subject, status, wouldHave, detail, firstSeenAt }: ReportedFinding): readonly string[] => [
  ...[kind, subject, status, wouldHave === 'none' ? '' : wouldHave, detail, firstSeenAt],
];

function writePage(file: string, findings: readonly ReportedFinding[]): void {
  try {
    writeFileSync(file, reportPage(findings, new Date()));
  } catch (error) {
    const why = error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'there is no such folder' : fileTrouble(error);
    throw new UserError(`--html ${file}: ${why}.`, 2);
  }
  console.log(`${file}: ${findings.length} findings`);
}
