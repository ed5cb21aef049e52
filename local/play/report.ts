import { styleText } from 'node:util';

/** Tells what happens as it happens, and in the end what of it was wrong. */
export interface Report {
  line(text: string): void;
  /** What went wrong, in words; empty exactly when all was as it should be. */
  wrong(): readonly string[];
  /** Of `scene`, which is how the play uses a report. */
  readonly begins: (title: string) => void;
  readonly ended: (title: string, seconds: string, lines: readonly string[], verdicts: readonly Verdict[]) => void;
}

interface Verdict {
  readonly claim: string;
  readonly holds: boolean;
  readonly detail: string;
}

export function newReport(print: (text: string) => void, startedAt = Date.now()): Report {
  const wrong: string[] = [];
  let checked = 0;
  const clock = (): string => `${((Date.now() - startedAt) / 1000).toFixed(1).padStart(6)} s`;
  const line = (text: string): void => print(`          ${text}`);
  return {
    line,
    wrong: () => (checked === 0 ? ['nothing was held against anything, which proves nothing'] : wrong),
    begins: (title) => print(`${clock()}  ${styleText('dim', `${title} …`)}`),
    ended: (title, seconds, lines, verdicts) => {
      print(`\n${clock()}  ${styleText('bold', title)}  (${seconds})`);
      for (const text of lines) line(text);
      for (const { claim, holds, detail } of verdicts) {
        checked += 1;
        if (!holds) wrong.push(detail ? `${claim}: ${detail}` : claim);
        line(`${holds ? styleText('green', 'ok') : styleText('red', 'WRONG')}  ${claim}${!holds && detail ? `: ${detail}` : ''}`);
      }
    },
  };
}

export interface Shown<C extends string> {
  line(text: string): void;
  /** Holds what is against what should be. Of several checks of one claim the first that fails counts. */
  check(claim: C, holds: boolean, detail?: string): void;
}

/**
 * One part of the play. What it claims is said beforehand, so that a claim that is never shown, since something broke on the way, is as
 * wrong as one that does not hold. Gives `undefined` after a failure: the play goes on as far as it can.
 */
export async function scene<C extends string, R>(
  report: Report,
  title: string,
  claims: Readonly<Record<C, string>>,
  play: (shown: Shown<C>) => Promise<R>,
): Promise<R | undefined> {
  report.begins(title);
  const startedAt = Date.now();
  const lines: string[] = [];
  const found = new Map<C, { readonly holds: boolean; readonly detail: string }>();
  const check = (claim: C, holds: boolean, detail = ''): void => {
    if (found.get(claim)?.holds !== false) found.set(claim, { holds, detail });
  };
  let result: R | undefined;
  let broken = '';
  try {
    result = await play({ line: (text) => lines.push(text), check });
  } catch (error) {
    broken = error instanceof Error ? error.message : String(error);
    lines.push(`broke off: ${broken}`);
  }
  const verdicts = (Object.entries(claims) as [C, string][]).map(([claim, text]): Verdict => {
    const verdict = found.get(claim) ?? { holds: false, detail: broken ? `not shown, since ${broken}` : 'not shown' };
    return { claim: text, ...verdict };
  });
  // Broken after its last claim, it would otherwise pass.
  const whole = broken && verdicts.every(({ holds }) => holds) ? [{ claim: title, holds: false, detail: broken }] : [];
  report.ended(title, `${((Date.now() - startedAt) / 1000).toFixed(1)} s`, lines, [...verdicts, ...whole]);
  return result;
}

/** Seconds with one decimal: smallest, median, largest. */
export function spread(ms: readonly number[]): string {
  const sorted = [...ms].sort((a, b) => a - b);
  const at = (share: number): string => ((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) / 1000).toFixed(1);
  return `${at(0)} / ${at(0.5)} / ${at(1)} s (smallest / median / largest of ${sorted.length})`;
}
