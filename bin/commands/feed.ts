import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { Command } from 'commander';
import { csvSnapshot } from '../../lib/adapters/feed/csv-snapshot.ts';
import { judgeSnapshot, sayChanges, type TakenSnapshot, type Voice } from '../../lib/application/apply-snapshot.ts';
import { Fault } from '../../lib/domain/faults.ts';
import type { Change, Comparison } from '../../lib/domain/feed/compare.ts';
import { timeIn } from '../../lib/domain/feed/time.ts';
import { toldTrouble } from '../../lib/domain/feed/trouble.ts';
import type { FeedRules } from '../../lib/domain/policy.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { unreadableFor } from '../given-file.ts';
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

const PROGRESS_EVERY = 1_000;
/** Changes and rejects that are printed; `--json` has more. */
const SHOWN = 20;
/** Changes that `--json` has: the whole list of a first import would be the memory that the import itself saves. */
const LISTED = 10_000;

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
  const next = taken('--as-of', options.asOf, file, rules);
  const last = options.last === undefined ? undefined : taken('--last-as-of', options.lastAsOf, options.last, rules);
  const compared = await judgeSnapshot(last, next, rules, Date.now() as EpochMs);
  if (compared.trouble.length > 0) tellHeld(file, compared, options);
  const listed: Change[] = [];
  let said = 0;
  const heed = (changes: readonly Change[]): void => {
    listed.push(...changes.slice(0, (options.json ? LISTED : SHOWN) - listed.length));
    if (Math.floor((said + changes.length) / PROGRESS_EVERY) > Math.floor(said / PROGRESS_EVERY))
      process.stderr.write(`${said + changes.length} facts …\n`);
    said += changes.length;
  };
  await sayChanges(compared, options.source, next.takenAtMs, await voiceOf(options), heed).catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    const again = 'What was said so far stands; apply the same snapshot again, and nothing is said twice.';
    throw new UserError(`The bus refused the facts: ${error.message}. ${again}`, error.retryable ? 3 : 4);
  });
  tellDone(file, compared, listed, options);
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

function taken(option: string, given: string | undefined, file: string, rules: FeedRules): TakenSnapshot {
  const trouble = unreadableFor(file);
  if (trouble) throw new UserError(`${file}: ${trouble}.`, 2);
  const takenAtMs = timeIn(given ?? basename(file));
  if (takenAtMs === undefined && given === undefined)
    throw new UserError(`${option}: ${basename(file)} has no date in its name; say when the snapshot was taken.`, 2);
  if (takenAtMs === undefined) throw new UserError(`${option}: '${given}' is no time, e.g. 2026-04-01 or 2026-04-01T06:00:00Z.`, 2);
  return { snapshot: csvSnapshot(() => createReadStream(file), rules), takenAtMs };
}

/** The SDK is loaded when there is something to say. */
async function voiceOf({ dryRun, bus, source }: FeedOptions): Promise<Voice> {
  if (dryRun) return { say: async () => {} };
  const { EventBridgeClient } = await import('@aws-sdk/client-eventbridge');
  const { eventbridgeVoice } = await import('../../lib/adapters/aws/eventbridge-voice.ts');
  return eventbridgeVoice(new EventBridgeClient({}), bus, source);
}

function tellHeld(file: string, { trouble, rows, before }: Comparison, { json }: FeedOptions): never {
  if (json) print({ file, held: true, rows, before, trouble }, true);
  throw new UserError(`${file}: not acted on:\n${trouble.map((one) => `  ${toldTrouble(one)}`).join('\n')}`);
}

function tellDone(file: string, compared: Comparison, changes: readonly Change[], options: FeedOptions): void {
  const { json, dryRun, source, last } = options;
  const { rows, before, rejects, rejected, withheld, unknownManagers, counts } = compared;
  if (json) {
    const told = { rows, before, counts, changes, rejected, rejects, withheld, unknownManagers };
    print({ file, held: false, dryRun: dryRun === true, source, ...told }, true);
    return;
  }
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  for (const change of changes)
    console.log(
      `${change.type.padEnd(8)} ${change.row.subject}  ${change.row.email}${'vanished' in change && change.vanished ? '  (no row any more)' : ''}`,
    );
  if (total > changes.length) console.log(`… and ${total - changes.length} more; --json has up to ${LISTED}`);
  for (const { line, column, value, rule } of rejects.slice(0, SHOWN))
    console.error(`${file}:${line}: ${column}: ${JSON.stringify(value)}: ${rule}`);
  if (rejected > SHOWN) console.error(`… and ${rejected - SHOWN} more rejected lines; --json lists them`);
  if (withheld > 0)
    console.error(
      `${withheld} people have no row, and lines without an id may be theirs: nobody is taken for gone by it. Next time compare with ${last} again.`,
    );
  for (const { line, manager } of unknownManagers.slice(0, SHOWN))
    console.error(`${file}:${line}: manager ${manager} is nobody in this snapshot; applied all the same`);
  const { Joined, Moved, Left, Returned } = counts;
  const verb = dryRun ? 'would be' : 'were';
  console.log(
    `${rows} rows, ${before} before: ${Joined} joined, ${Moved} moved, ${Left} left, ${Returned} returned ${verb} said as ${source}; ${rejected} rejected`,
  );
}
