import * as z from 'zod';
import { shown, valueAt } from '../../lib/contract/told-value.ts';

export const CREDENTIAL_ID = /^cred_[0-9A-HJKMNP-TV-Z]{26}$/;
export const text = (max: number) => z.string().trim().min(1).max(max);
/** Why somebody changes something; stands in its history. */
export const Reason = z.strictObject({ reason: text(500) });

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
