import * as z from 'zod';
import { Reason, text } from '../shared/read-body.ts';

/** What an HTTP request may carry. Unknown members are refused: a misspelt `consumer` must not become a secret nobody reads. */
export const NewCredential = z.strictObject({
  profile: text(40),
  owner: text(320).optional(),
  purpose: text(500),
  environment: text(40),
  consumers: z
    .array(z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:(role|user)\/[\w+=,.@/-]{1,512}$/, 'is no ARN of an IAM role or user'))
    .max(10)
    .default([]),
});

/** Why, and to whom it is to pass. */
export const Transfer = Reason.extend({ to: text(320) });
export const SEAL = /^[0-9a-f]{24}$/;
/** Printable ASCII, as the draft of the Idempotency-Key header has it. */
export const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,100}$/;
