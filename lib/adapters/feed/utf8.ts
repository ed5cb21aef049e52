import { isUtf8 } from 'node:buffer';

const LF = 10;

/** Decoded all the same, such bytes would put other names on people. `line` counts from 1, `offset` in bytes from 0. */
export class NotUtf8 extends Error {
  readonly line: number;
  readonly offset: number;
  readonly byte: number;
  constructor(line: number, offset: number, byte: number) {
    super(`line ${line} is no UTF-8`);
    this.line = line;
    this.offset = offset;
    this.byte = byte;
  }
}

/** Looks at a file chunk by chunk; throws `NotUtf8` at the first byte that can be none. A character that the file ends in is the reader's. */
export function utf8Watch(): (chunk: Buffer) => void {
  let seen = 0;
  let line = 1;
  let begun: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const bytes = begun.length > 0 ? Buffer.concat([begun, chunk]) : chunk;
    const whole = bytes.subarray(0, bytes.length - unfinished(bytes));
    if (!isUtf8(whole)) {
      const at = firstWrong(whole);
      throw new NotUtf8(line + lineEnds(whole.subarray(0, at)), seen + at, whole[at] ?? 0);
    }
    line += lineEnds(whole);
    seen += whole.length;
    begun = Buffer.from(bytes.subarray(whole.length));
  };
}

function lineEnds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) count += 1;
  return count;
}

/** Bytes at the end that begin a character and do not finish it. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue; // in the middle of one
    const length = byte >= 0xf0 && byte <= 0xf4 ? 4 : byte >= 0xe0 && byte < 0xf0 ? 3 : byte >= 0xc2 && byte < 0xe0 ? 2 : 1;
    return back < length ? back : 0;
  }
  return 0;
}

/** Where the first character begins that is none. */
function firstWrong(bytes: Buffer): number {
  const isRight = (length: number): boolean => isUtf8(bytes.subarray(0, length - unfinished(bytes.subarray(0, length))));
  let [right, wrong] = [0, bytes.length];
  while (wrong - right > 1) {
    const middle = (right + wrong) >> 1;
    if (isRight(middle)) right = middle;
    else wrong = middle;
  }
  return right - unfinished(bytes.subarray(0, right));
}
