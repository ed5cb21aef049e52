import type { Bug } from './bug.ts';
import { END_BUGS } from './ends.ts';
import { KEY_BUGS } from './keys.ts';
import { LIMIT_BUGS } from './limits.ts';
import { OWNER_BUGS } from './owners.ts';
import { RECORD_BUGS } from './records.ts';
import { TOKEN_BUGS } from './tokens.ts';

/** Bugs that somebody's manager of credentials has, or that a change could bring. */
export const BUGS: readonly Bug[] = [...KEY_BUGS, ...END_BUGS, ...OWNER_BUGS, ...RECORD_BUGS, ...TOKEN_BUGS, ...LIMIT_BUGS];
