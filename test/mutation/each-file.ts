interface Scored {
  readonly file?: { readonly name: string };
  readonly metrics: { readonly mutationScore: number };
  readonly childResults: readonly Scored[];
}

/** A plug-in of Stryker, which itself holds only the sum of all files to `thresholds.break`: there a good file hides a bad one. */
export const strykerPlugins = [{ kind: 'Reporter', name: 'each-file', value: { onMutationTestReportReady } }];

function onMutationTestReportReady(
  { thresholds }: { readonly thresholds: { readonly break: number } },
  { systemUnderTestMetrics }: { readonly systemUnderTestMetrics: Scored },
): void {
  for (const { file, metrics } of filesOf(systemUnderTestMetrics)) {
    if (!file || metrics.mutationScore >= thresholds.break) continue;
    console.error(`${file.name}: ${metrics.mutationScore.toFixed(1)} % killed, the bar is ${thresholds.break}`);
    process.exitCode = 1;
  }
}

const filesOf = (all: Scored): readonly Scored[] => (all.file ? [all] : all.childResults.flatMap(filesOf));
