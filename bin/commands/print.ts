import Table from 'cli-table3';

const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** A table without lines, for terminals and pipes alike. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const made = new Table({ head: [...head], chars: BARE, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 } });
  for (const row of rows) made.push([...row]);
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const cell = (value: unknown): string =>
  Array.isArray(value)
    ? value.map(cell).join(', ')
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
          .map(([name, inner]) => `${name}=${cell(inner)}`)
          .join(' ')
      : `${value}`;

export function print(value: object, json = false): void {
  const rows = (): readonly (readonly string[])[] => Object.entries(value).map(([name, inner]) => [name, cell(inner)]);
  console.log(json ? JSON.stringify(value, null, 2) : table(['', ''], rows()).trim());
}

interface WithEvents {
  readonly events: readonly {
    readonly at: string;
    readonly type: string;
    readonly cause: string;
    readonly actor: { readonly kind: string; readonly id: string };
  }[];
}

export function timeline({ events, ...rest }: WithEvents, json = false): void {
  if (json) {
    print({ ...rest, events }, true);
    return;
  }
  print(rest);
  console.log(
    `\n${table(
      ['when', 'what', 'why', 'who'],
      events.map(({ at, type, cause, actor }) => [at, type, cause, `${actor.kind} ${actor.id}`]),
    )}`,
  );
}
