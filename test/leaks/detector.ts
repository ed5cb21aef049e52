/** Eight of these in a row stand in no id, hash, date, name or JSON of ours; and they change when they are encoded. */
const ALPHABET = '~^!*+@%$';
const LENGTH = 40;
/** So much of a secret, in whatever form, is a leak. */
const FRAGMENT = 8;

/** The nth secret made to be looked for: 40 characters, no eight of them twice. */
export function canary(n: number): string {
  let state = (n * 2_654_435_761) >>> 0;
  let text = '';
  while (text.length < LENGTH) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += ALPHABET[state >>> 29];
  }
  return text;
}

export type Form = 'raw' | 'url' | 'hex' | 'base64';
interface Needle {
  readonly text: string;
  readonly form: Form;
}

/** Knows secrets, and finds any fragment of them, raw or encoded, in whatever was written somewhere. */
export interface Detector {
  /** What was found, as its form and a place in the text; never the fragment itself. */
  leaksIn(text: string): readonly string[];
}

export function detectorOf(secrets: Iterable<string>): Detector {
  // By their first eight characters, so that a text is read once, however many there are.
  const byStart = new Map<string, Needle[]>();
  for (const secret of secrets)
    for (let from = 0; from + FRAGMENT <= secret.length; from += 1)
      for (const needle of formsOf(secret.slice(from, from + FRAGMENT))) {
        const start = needle.text.slice(0, FRAGMENT);
        byStart.set(start, [...(byStart.get(start) ?? []), needle]);
      }
  return {
    leaksIn: (text) => {
      const found: string[] = [];
      for (let at = 0; at + FRAGMENT <= text.length; at += 1)
        for (const { text: needle, form } of byStart.get(text.slice(at, at + FRAGMENT)) ?? [])
          if (text.startsWith(needle, at)) found.push(`${form} at ${at}, after ${JSON.stringify(text.slice(Math.max(0, at - 60), at))}`);
      return found;
    },
  };
}

function formsOf(fragment: string): readonly Needle[] {
  const hex = Buffer.from(fragment).toString('hex');
  const url = encodeURIComponent(fragment);
  return [
    { form: 'raw', text: fragment },
    ...(url === fragment ? [] : [{ form: 'url', text: url } as const]),
    { form: 'hex', text: hex },
    { form: 'hex', text: hex.toUpperCase() },
    ...[0, 1, 2].flatMap((before) => base64At(fragment, before)),
  ];
}

/** What of a fragment's base64 does not depend on its neighbours, where it begins `before` bytes after a group of three. */
function base64At(fragment: string, before: number): readonly Needle[] {
  const whole = Buffer.from('\0'.repeat(before) + fragment).toString('base64');
  const text = whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + fragment.length) * 8) / 6));
  const url = text.replaceAll('+', '-').replaceAll('/', '_');
  return [text, ...(url === text ? [] : [url])].map((one) => ({ form: 'base64', text: one }));
}
