import { type ParseArgsConfig, parseArgs } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<T extends Options> = ReturnType<typeof parseArgs<{ options: T }>>['values'];

/** What a script was asked: to go on with these values, or to tell how it is used, or something that can't be. */
export type Asked<T extends Options> =
  | { readonly is: 'run'; readonly values: Values<T> }
  | { readonly is: 'help' }
  | { readonly is: 'wrong'; readonly why: string };

export function asked<const T extends Options>(options: T, args: readonly string[]): Asked<T> {
  if (args.includes('--help') || args.includes('-h')) return { is: 'help' };
  try {
    return { is: 'run', values: parseArgs({ args: [...args], options }).values };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))) throw error;
    return { is: 'wrong', why: error.message.split(/\.?(?:\s*\n|\s(?=[A-Z]))/)[0] ?? error.message }; // the first sentence; the others are for whoever wrote the script
  }
}

/** The arguments of this process. Prints `usage` and exits with 0 where that is asked for, and with 2 where something is that can't be. */
export function readArguments<const T extends Options>(usage: string, options: T): Values<T> {
  const found = asked(options, process.argv.slice(2));
  if (found.is === 'run') return found.values;
  if (found.is === 'wrong') return wrongUse(found.why);
  console.log(usage);
  process.exit(0);
}

/** One sentence, and exit code 2. */
export function wrongUse(why: string): never {
  console.error(`${why} (--help tells what there is)`);
  process.exit(2);
}

/** The whole number that `--name` was given, `undefined` where it was not. */
export function wholeNumber(name: string, text: string | undefined, from = 0): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) && value >= from
    ? value
    : wrongUse(`--${name} '${text}': takes a whole number from ${from}`);
}
