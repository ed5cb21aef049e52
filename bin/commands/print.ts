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

/** One value on one line: `a=1 b=(c=2 d=none)`. */
function cell(value: unknown, inner = false): string {
  if (value === null) return 'none';
  if (Array.isArray(value)) return value.map((one) => cell(one, true)).join(', ');
  if (typeof value !== 'object') return `${value}`;
  const members = Object.entries(value).map(([name, member]) => `${name}=${cell(member, true)}`);
  return inner && members.length > 1 ? `(${members.join(' ')})` : members.join(' ');
}

export function print(value: object, json = false): void {
  const rows = (): readonly (readonly string[])[] => Object.entries(value).map(([name, inner]) => [name, cell(inner)]);
  console.log(json ? JSON.stringify(value, null, 2) : table(['', ''], rows()).trim());
}

interface WithEvents {
  readonly events: readonly {
    readonly at: string;
    readonly type: string;
    readonly detail: string;
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
      ['when', 'what', '', 'why', 'who'],
      events.map(({ at, type, detail, cause, actor }) => [at, type, detail, cause, `${actor.kind} ${actor.id}`]),
    )}`,
  );
}
