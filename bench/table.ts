import Table from 'cli-table3';

/** One line of the table. A figure is a count, or a ratio or difference within one run: never a bare time that a busy machine would change. */
export interface Row {
  readonly what: string;
  readonly bar: string;
  readonly measured: string;
  readonly holds: boolean;
  /** What the figure includes, and what not. */
  readonly note: string;
}

export function printed(rows: readonly Row[]): string {
  const table = new Table({
    head: ['what', 'bar', 'measured', '', 'how'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [34, 22, 26, 8, 70],
  });
  for (const { what, bar, measured, holds, note } of rows) table.push([what, bar, measured, holds ? 'holds' : 'MISSED', note]);
  return table.toString();
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
