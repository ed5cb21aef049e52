import { accessSync, constants, readFileSync, statSync } from 'node:fs';

/** The text of a file that somebody named. Throws what `fileTrouble` puts in words. */
export const readGiven = (file: string): string => new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));

/** What stands in the way of reading a file as a stream; `undefined`: nothing. */
export function unreadableFor(file: string): string | undefined {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isDirectory() ? TROUBLE['EISDIR'] : undefined;
  } catch (error) {
    return fileTrouble(error);
  }
}

const TROUBLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'is a folder, not a file',
  EACCES: 'you have no permission for it',
  EPERM: 'you have no permission for it',
  EROFS: 'nothing can be written there',
  ENOSPC: 'the disk is full',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'is not text in UTF-8',
};

/** Why a file could not be read or written, in words. */
export function fileTrouble(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return TROUBLE[code] ?? (error instanceof Error ? error.message : 'unknown reason');
}
