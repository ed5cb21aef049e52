import type { Story } from './chapters.ts';
import { KEYS } from './keys.ts';
import { LIMITS } from './limits.ts';
import { TOKENS } from './tokens.ts';

export const STORIES: readonly Story[] = [...KEYS, ...TOKENS, ...LIMITS];
