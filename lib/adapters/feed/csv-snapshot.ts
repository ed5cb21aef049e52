import type { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { Fault } from '../../domain/faults.ts';
import type { FeedLine, Snapshot } from '../../domain/feed/compare.ts';
import { readRow } from '../../domain/feed/row.ts';
import type { FeedRules } from '../../domain/policy.ts';

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** A CSV file (RFC 4180; a BOM and either line end are fine) as a snapshot. `open` gives it from its beginning, each time. */
export const csvSnapshot = (open: () => Readable, rules: FeedRules): Snapshot =>
  async function* lines(): AsyncGenerator<FeedLine> {
    const source = open();
    const parser = source.pipe(parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true }));
    source.on('error', (error) => parser.destroy(error));
    let header: readonly string[] | undefined;
    let short: { readonly line: number; readonly record: readonly string[] } | undefined;
    try {
      for await (const { record, info } of parser as AsyncIterable<Parsed>) {
        if (!header) {
          header = record;
          needColumns(header, rules);
          continue;
        }
        if (short) yield lineOf(short.record, header, short.line, rules); // it was not the last one
        short = undefined;
        if (record.length < header.length) short = { line: info.lines, record };
        else yield lineOf(record, header, info.lines, rules);
      }
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      yield { is: 'cut', line: Number(error['lines'] ?? 0) }; // a quote that is never closed
      return;
    }
    if (short) yield { is: 'cut', line: short.line }; // the last record lacks its end
  };

function needColumns(header: readonly string[], { columns }: FeedRules): void {
  const missing = Object.values(columns).filter((column) => column !== undefined && !header.includes(column));
  if (missing.length > 0)
    throw new Fault('misconfigured', false, `the snapshot has no column ${missing.join(', ')}; it has ${header.join(', ').slice(0, 500)}`);
}

const recordOf = (values: readonly string[], header: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(header.map((name, index) => [name, values[index] ?? '']));

function lineOf(values: readonly string[], header: readonly string[], line: number, rules: FeedRules): FeedLine {
  if (values.length !== header.length) {
    const subject = recordOf(values, header)[rules.columns.id]?.trim() || undefined;
    const reject = { line, column: '(row)', value: `${values.length} fields`, rule: `must have ${header.length}`, subject };
    return { is: 'reject', reject };
  }
  const read = readRow(recordOf(values, header), line, rules);
  return read.ok ? { is: 'row', line, row: read.row } : { is: 'reject', reject: read.reject };
}
