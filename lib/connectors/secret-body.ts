import type { Credential } from '../domain/credential/state.ts';
import { Fault, type Secret } from '../domain/faults.ts';

/** What every secret's value has, as consumers find it. */
interface SecretBody {
  readonly v: 1;
  readonly kind: string;
}

/** ISO 8601, UTC: the end of the credential as it was when the value was made; a renewal makes another. */
export const notAfterOf = (expiry: Credential['expiry']): string | null => (expiry ? new Date(expiry.atMs).toISOString() : null);

/** The stored value of that kind, with `texts` none of which is empty; throws, and never tells what it found instead. */
export function parseSecretBody<Body extends SecretBody>(body: Secret, kind: Body['kind'], texts: readonly (keyof Body & string)[]): Body {
  const parsed = parsedOrUndefined(body);
  if (isBody<Body>(parsed, kind, texts)) return parsed;
  throw new Fault('provider-refused', false, `the stored value is no ${kind} of ours`);
}

/** An error of `JSON.parse` quotes what it stumbled over, so none gets out. */
function parsedOrUndefined(body: Secret): unknown {
  try {
    return JSON.parse(body.reveal());
  } catch {
    return undefined;
  }
}

function isBody<Body>(value: unknown, kind: string, texts: readonly string[]): value is Body {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const full = texts.every((name) => typeof fields.get(name) === 'string' && fields.get(name) !== '');
  return full && fields.get('v') === 1 && fields.get('kind') === kind;
}
