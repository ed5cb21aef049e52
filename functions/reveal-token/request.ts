import * as z from 'zod';
import { Reason } from '../shared/read-body.ts';

/** `lost`: the last answer never came, or is known to somebody else. */
export const Reveal = Reason.extend({ lost: z.boolean().default(false) });
