import * as z from 'zod';

export const CREDENTIAL_ID = /^cred_[0-9A-HJKMNP-TV-Z]{26}$/;

/** `lost`: the last answer never came, or is known to somebody else. */
const Reveal = z.strictObject({ reason: z.string().trim().min(1).max(500), lost: z.boolean().default(false) });

/** The body, or what is wrong with it, field by field. */
export function revealIn(body: string | undefined) {
  let json: unknown;
  try {
    json = JSON.parse(body ?? '');
  } catch {
    return { ok: false, errors: [{ field: '(body)', value: '', rule: 'is no JSON' }] } as const;
  }
  const parsed = Reveal.safeParse(json);
  if (parsed.success) return { ok: true, asked: parsed.data } as const;
  const errors = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.') || '(body)', value: '', rule: message }));
  return { ok: false, errors } as const;
}
