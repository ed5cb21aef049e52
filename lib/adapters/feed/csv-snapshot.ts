import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { closest } from '../../contract/closest.ts';
import type { FeedLine, Snapshot } from '../../domain/feed/compare.ts';
import { readRow } from '../../domain/feed/row.ts';
import type { FeedRules } from '../../domain/policy.ts';
import { NotUtf8, utf8Watch } from './utf8.ts';

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** How a file is to be read: its header, and the place of each column in it. */
interface Shape {
  readonly header: readonly string[];
  readonly places: ReadonlyMap<string, number>;
  readonly rules: FeedRules;
}

/** Bytes of a record; one that goes on for longer is a quote that nobody closed. */
const LONGEST_RECORD = 1_048_576;
/** Small, so that the records of one chunk, all of them objects at once, stay young and die young: with 64 KiB a million rows take 40 MB more. */
const CHUNK_BYTES = 16_384;
const CSV = { bom: true, info: true, relax_column_count: true, relax_quotes: true, skip_empty_lines: true } as const;

/**
 * A CSV file (RFC 4180; a BOM and either line end are fine) as a snapshot. `open` gives it from its beginning, each time.
 * Whatever may hide the rows of others, or changes what they say, makes it `broken`: who has no row would be taken for gone.
 */
export const csvSnapshot = (open: () => Readable | Promise<Readable>, rules: FeedRules): Snapshot =>
  async function* lines(): AsyncGenerator<FeedLine> {
    const source = await open();
    let ended = true;
    const watch = utf8Watch();
    async function* chunks(): AsyncGenerator<Buffer | string> {
      for await (const chunk of source as AsyncIterable<Buffer | string>) {
        if (typeof chunk !== 'string') watch(chunk);
        if (chunk.length > 0) ended = ['\n', '\r', 10, 13].includes(chunk.at(-1) ?? '');
        for (let from = 0; from < chunk.length; from += CHUNK_BYTES)
          yield typeof chunk === 'string' ? chunk.slice(from, from + CHUNK_BYTES) : chunk.subarray(from, from + CHUNK_BYTES);
      }
    }
    const small = Readable.from(chunks(), { objectMode: false });
    const parser = small.pipe(parse({ ...CSV, max_record_size: LONGEST_RECORD }));
    small.on('error', (error) => parser.destroy(error));
    let shape: Shape | undefined;
    let last: Parsed | undefined;
    try {
      for await (const parsed of parser as AsyncIterable<Parsed>) {
        if (!shape) {
          const header = parsed.record.map((name) => name.trim());
          const rule = headerRule(header, rules);
          if (rule) {
            yield { is: 'broken', line: parsed.info.lines, rule };
            return;
          }
          shape = { header, places: new Map(header.map((name, place) => [name, place])), rules };
          continue;
        }
        if (last) yield lineOf(last, shape);
        last = parsed;
      }
    } catch (error) {
      if (!(error instanceof CsvError || error instanceof NotUtf8)) throw error;
      yield error instanceof CsvError ? brokenBy(error) : { is: 'broken', line: error.line, rule: notUtf8(error) };
      return;
    } finally {
      source.destroy();
    }
    if (last && shape) yield lastOf(last, shape, ended);
  };

/** What is wrong with the names of the columns. */
function headerRule(header: readonly string[], { columns }: FeedRules): string | undefined {
  const wanted = Object.values(columns).filter((column) => column !== undefined);
  const missing = wanted.filter((column) => !header.includes(column));
  const [only = ''] = header;
  if (only.includes('\0') || only.includes('\uFFFD')) return 'it is no text in UTF-8';
  const separator = header.length === 1 ? /[;\t|]/.exec(only)?.[0] : undefined;
  if (separator && missing.length > 0) return `columns must be separated by commas, not by ${JSON.stringify(separator)}`;
  if (missing.length > 0) {
    const meant = missing.flatMap((column) => closest(column, header) ?? []);
    const hint = meant.length > 0 ? `; was ${meant.join(', ')} renamed?` : '';
    return `it has no column ${missing.join(', ')}; it has ${header.join(', ').slice(0, 500)}${hint}`;
  }
  const twice = wanted.filter((column) => header.indexOf(column) !== header.lastIndexOf(column));
  return twice.length > 0 ? `it has the column ${twice.join(', ')} twice` : undefined;
}

const notUtf8 = ({ offset, byte }: NotUtf8): string =>
  `it is no text in UTF-8: byte ${offset} is 0x${byte.toString(16).padStart(2, '0')}; it may have been written in another encoding`;

function brokenBy(error: CsvError): FeedLine {
  const line = Number(error['lines'] ?? 0);
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') return { is: 'cut', line };
  const long = error.code === 'CSV_MAX_RECORD_SIZE';
  return { is: 'broken', line, rule: long ? `a row must be at most ${LONGEST_RECORD} bytes; is a quote not closed?` : error.message };
}

function lineOf({ record, info: { lines: line } }: Parsed, { header, places, rules }: Shape): FeedLine {
  const cell = (column: string): string => record[places.get(column) ?? -1] ?? '';
  if (record.length === header.length) {
    const read = readRow(cell, line, rules);
    return read.ok ? { is: 'row', line, row: read.row } : { is: 'reject', reject: read.reject };
  }
  const value = `${record.length} fields`;
  const rule = `must have ${header.length}`;
  // A stray quote joins the lines up to the next one.
  if (record.some((field) => field.includes('\n')))
    return { is: 'broken', line, rule: `a row over several lines has ${value}, and ${rule}` };
  const subject = cell(rules.columns.id).trim() || undefined;
  return { is: 'reject', reject: { line, column: '(row)', value, rule, subject } };
}

/** The last row of a file that stopped early lacks fields, or the end of a value. */
function lastOf(parsed: Parsed, shape: Shape, ended: boolean): FeedLine {
  const { record, info } = parsed;
  const { header, rules } = shape;
  if (record.length < header.length) return { is: 'cut', line: info.lines };
  const read = lineOf(parsed, shape);
  const column = header.at(-1) ?? '';
  if (ended || read.is !== 'row' || !Object.values(rules.columns).includes(column)) return read;
  const rule = 'may be cut short: the file must end with the end of a line';
  return {
    is: 'reject',
    reject: { line: info.lines, column, value: (record.at(-1) ?? '').slice(0, 100), rule, subject: read.row.subject },
  };
}
