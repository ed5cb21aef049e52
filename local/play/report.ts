import { styleText } from 'node:util';

/** Tells what happens as it happens, and in the end whether all of it was right. */
export interface Report {
  /** A part of the play begins. */
  part(title: string): void;
  line(text: string): void;
  /** Holds what is against what should be. */
  check(claim: string, holds: boolean, detail?: string): void;
  failed(): number;
}

export function consoleReport(startedAt = Date.now()): Report {
  let failed = 0;
  let checked = 0;
  const clock = (): string => `${((Date.now() - startedAt) / 1000).toFixed(1).padStart(6)} s`;
  return {
    part: (title) => console.log(`\n${clock()}  ${styleText('bold', title)}`),
    line: (text) => console.log(`          ${text}`),
    check: (claim, holds, detail) => {
      checked += 1;
      if (!holds) failed += 1;
      console.log(
        `          ${holds ? styleText('green', 'ok') : styleText('red', 'WRONG')}  ${claim}${!holds && detail ? `: ${detail}` : ''}`,
      );
    },
    failed: () => {
      if (checked === 0) return 1; // a play that held nothing against anything proves nothing
      return failed;
    },
  };
}

/** Seconds with one decimal: smallest, median, largest. */
export function spread(ms: readonly number[]): string {
  const sorted = [...ms].sort((a, b) => a - b);
  const at = (share: number): string => ((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) / 1000).toFixed(1);
  return `${at(0)} / ${at(0.5)} / ${at(1)} s (smallest / median / largest of ${sorted.length})`;
}
