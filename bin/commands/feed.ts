import { createReadStream, existsSync } from 'node:fs';
import { basename } from 'node:path';
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { Command } from 'commander';
import { csvSnapshot } from '../../lib/adapters/feed/csv-snapshot.ts';
import { Fault } from '../../lib/domain/faults.ts';
import { type Change, type Comparison, compareSnapshots, type Trouble } from '../../lib/domain/feed/compare.ts';
import { factOf } from '../../lib/domain/feed/fact.ts';
import type { FeedRules } from '../../lib/domain/policy.ts';
import { readPolicySource } from '../policy-source.ts';
import { UserError } from './api-client.ts';
import { print } from './print.ts';

interface FeedOptions {
  readonly source: string;
  readonly last?: string;
  readonly first?: boolean;
  readonly asOf?: string;
  readonly lastAsOf?: string;
  readonly policy: string;
  readonly bus: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** PutEvents takes ten entries a call. */
const ENTRIES = 10;
const PROGRESS_EVERY = 1_000;
/** Changes and rejects that are printed; `--json` has all. */
const SHOWN = 20;

export const feed = (): Command => {
  const noun = new Command('feed').description('what HR systems say of owners');
  noun
    .command('apply <file>')
    .description('compare an HR snapshot with the last good one, and say the difference on the bus, as whoever you are signed in as')
    .requiredOption('--source <name>', 'the source of the policy that the snapshot is of')
    .option('--last <file>', 'the last good snapshot')
    .option('--first', 'there is none: everybody joins')
    .option('--as-of <time>', 'when the snapshot was taken; the date in the file’s name, when absent')
    .option('--last-as-of <time>', 'the same of the last one')
    .option('--policy <file>', 'the policy', 'nhi.policy.yaml')
    .option('--bus <name>', 'the inbound bus', 'nhi-in')
    .option('--dry-run', 'say nothing on the bus')
    .option('--json', 'print JSON')
    .action(apply);
  return noun;
};

async function apply(file: string, options: FeedOptions): Promise<void> {
  const rules = rulesOf(options);
  if (Boolean(options.last) === Boolean(options.first))
    throw new UserError('Give --last FILE, the last good snapshot, or --first where there is none yet.', 2);
  const asOfMs = timeOf('--as-of', options.asOf, file);
  if (options.last !== undefined) {
    const lastMs = timeOf('--last-as-of', options.lastAsOf, options.last);
    if (asOfMs <= lastMs)
      throw new UserError(`${file} is of ${iso(asOfMs)}, not later than the last good one, of ${iso(lastMs)}: not acted on.`);
  }
  const compared = await compareSnapshots(
    options.last === undefined ? undefined : csvSnapshot(opening(options.last), rules),
    csvSnapshot(opening(file), rules),
    rules,
  ).catch((error: unknown) => {
    throw error instanceof Fault ? new UserError(`${file}: ${error.message}`, 2) : error;
  });
  if (compared.trouble.length > 0) return tellHeld(file, compared, options);
  const changes: Change[] = [];
  let said = 0;
  let batch: PutEventsRequestEntry[] = [];
  const events = options.dryRun ? undefined : new EventBridgeClient({});
  const flush = async (): Promise<void> => {
    if (events && batch.length > 0) await put(events, batch);
    said += batch.length;
    batch = [];
    if (said > 0 && said % PROGRESS_EVERY === 0) process.stderr.write(`${said} facts …\n`);
  };
  for await (const change of compared.changes()) {
    if (options.json || changes.length < SHOWN) changes.push(change);
    const { detailType, detail } = factOf(change, options.source, asOfMs);
    batch.push({ EventBusName: options.bus, Source: options.source, DetailType: detailType, Detail: JSON.stringify(detail) });
    if (batch.length === ENTRIES) await flush();
  }
  await flush();
  tellDone(file, compared, changes, options);
}

function rulesOf({ policy: file, source: name }: FeedOptions): FeedRules {
  const policy = readPolicySource(file);
  if (!policy.ok) throw new UserError(policy.problems.join('\n'), 2);
  const { sources } = policy.policy;
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (!source) throw new UserError(`--source: ${file} has no source ${name}; it has ${Object.keys(sources).join(', ')}.`, 2);
  if (!source.feed) throw new UserError(`--source: sources.${name} of ${file} has no \`feed\`, which says how its columns are called.`, 2);
  return source.feed;
}

function timeOf(option: string, given: string | undefined, file: string): number {
  const text = given ?? /\d{4}-\d\d-\d\d/.exec(basename(file))?.[0];
  const ms = Date.parse(text ?? '');
  if (text === undefined) throw new UserError(`${option}: ${basename(file)} has no date in its name; say when the snapshot was taken.`, 2);
  if (Number.isNaN(ms)) throw new UserError(`${option}: '${text}' is no time, e.g. 2026-04-01 or 2026-04-01T06:00:00Z.`, 2);
  return ms;
}

const opening = (file: string) => () => {
  if (!existsSync(file)) throw new UserError(`${file}: there is no such file.`, 2);
  return createReadStream(file);
};

async function put(events: EventBridgeClient, Entries: PutEventsRequestEntry[]): Promise<void> {
  const again = 'What was said so far stands; apply the same snapshot again, and nothing is said twice.';
  const answer = await events.send(new PutEventsCommand({ Entries })).catch((error: unknown) => {
    throw new UserError(`The bus refused the facts: ${error instanceof Error ? error.message : 'no answer'}. ${again}`, 4);
  });
  const refused = answer.Entries?.find(({ ErrorCode }) => ErrorCode !== undefined);
  if (refused) throw new UserError(`The bus refused a fact: ${refused.ErrorCode}: ${refused.ErrorMessage ?? ''}. ${again}`);
}

const iso = (ms: number): string => new Date(ms).toISOString();

function told(trouble: Trouble): string {
  switch (trouble.why) {
    case 'empty':
      return 'it has no row';
    case 'cut-off':
      return `it ends in the middle of line ${trouble.line}`;
    case 'duplicate-ids':
      return `ids come twice, on line ${trouble.lines.slice(0, SHOWN).join(', ')}`;
    case 'shrunk':
      return `of ${trouble.before} people it knows ${trouble.now}; more than ${trouble.maxPercent} % may not be missing (maxShrinkPercent)`;
    case 'too-many-leavers':
      return `${trouble.leavers} of ${trouble.of} people would leave; ${trouble.maxPercent} % may (maxLeaversPercent)`;
  }
}

function tellHeld(file: string, { trouble, rows, before }: Comparison, { json }: FeedOptions): never {
  if (json) print({ file, held: true, rows, before, trouble }, true);
  throw new UserError(`${file}: not acted on:\n${trouble.map((one) => `  ${told(one)}`).join('\n')}`);
}

function tellDone(file: string, compared: Comparison, changes: readonly Change[], { json, dryRun, source }: FeedOptions): void {
  const { rows, before, rejects, unknownManagers, counts } = compared;
  if (json) {
    print({ file, held: false, dryRun: dryRun === true, source, rows, before, counts, changes, rejects, unknownManagers }, true);
    return;
  }
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  for (const change of changes)
    console.log(
      `${change.type.padEnd(8)} ${change.row.subject}  ${change.row.email}${'vanished' in change && change.vanished ? '  (no row any more)' : ''}`,
    );
  if (total > changes.length) console.log(`… and ${total - changes.length} more; --json has all`);
  for (const { line, column, value, rule } of rejects.slice(0, SHOWN))
    console.error(`${file}:${line}: ${column}: ${JSON.stringify(value)}: ${rule}`);
  if (rejects.length > SHOWN) console.error(`… and ${rejects.length - SHOWN} more rejected lines; --json has all`);
  for (const { line, manager } of unknownManagers.slice(0, SHOWN))
    console.error(`${file}:${line}: manager ${manager} is nobody in this snapshot; applied all the same`);
  const { Joined, Moved, Left, Returned } = counts;
  const verb = dryRun ? 'would be' : 'were';
  console.log(
    `${rows} rows, ${before} before: ${Joined} joined, ${Moved} moved, ${Left} left, ${Returned} returned ${verb} said as ${source}; ${rejects.length} rejected`,
  );
}
