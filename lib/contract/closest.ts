/** The word of `known` that `word` was probably meant to be: at most two letters off, and no more than half of it. */
export function closest(word: string, known: readonly string[]): string | undefined {
  const near = known
    .map((other) => ({ other, off: distance(word.toLowerCase(), other.toLowerCase()) }))
    .filter(({ other, off }) => off <= 2 && off * 2 <= other.length)
    .sort((a, b) => a.off - b.off);
  return near[0]?.other;
}

/** Levenshtein distance: the fewest letters inserted, removed or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries())
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    row = next;
  }
  return row.at(-1) ?? 0;
}
