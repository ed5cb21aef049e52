import * as z from 'zod';
import { shown, valueAt } from '../../lib/contract/told-value.ts';

const text = (max: number) => z.string().trim().min(1).max(max);

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

/** Why somebody changes a credential; stands in its history. */
export const Reason = z.strictObject({ reason: text(500) });
/** And to whom it is to pass. */
export const Transfer = Reason.extend({ to: text(320) });
export const CREDENTIAL_ID = /^cred_[0-9A-HJKMNP-TV-Z]{26}$/;
export const SEAL = /^[0-9a-f]{24}$/;
/** Printable ASCII, as the draft of the Idempotency-Key header has it. */
export const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,100}$/;

export interface FieldError {
  readonly field: string;
  readonly value: string;
  readonly rule: string;
}

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: readonly FieldError[] };

/** Parses a JSON body. Values are told back, since none of them is secret. */
export function read<T>(schema: z.ZodType<T>, body: string | undefined): Read<T> {
  let json: unknown;
  try {
    json = JSON.parse(body ?? '');
  } catch {
    return { ok: false, errors: [{ field: '(body)', value: (body ?? '').slice(0, 40), rule: 'is no JSON' }] };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  return {
    ok: false,
    errors: parsed.error.issues.map(({ path, message }) => ({
      field: path.join('.') || '(body)',
      value: shown(valueAt(json, path)),
      rule: message,
    })),
  };
}
