import type { TokenTerms } from '../credential/state.ts';
import type { AttemptId, CredentialId, EpochMs, OwnerId } from '../types.ts';
import type { Malformed } from './format.ts';

/** One token of a credential, as it is told by. */
export interface TokenVersion {
  readonly attempt: AttemptId;
  /** HMAC-SHA-256 of the token without its checksum, base64url; the token itself is kept nowhere. */
  readonly mac: string;
  /** Which key made it. */
  readonly macKey: string;
  readonly active: boolean;
  /** The end of the credential as it was when the token was made; a renewal makes another. */
  readonly notAfterMs?: EpochMs;
}

/** What the tokens of one credential are told by; at most two versions. */
export interface TokenRecord {
  readonly id: string;
  readonly credentialId: CredentialId;
  readonly ownerId: OwnerId;
  readonly ownerEpoch: number;
  readonly environment: string;
  readonly terms: TokenTerms;
  readonly denied: boolean;
  /** Stays when the credential is gone, so that nothing late revives it. */
  readonly removed: boolean;
  readonly versions: readonly TokenVersion[];
  /** The latest lease that changed it: what gives access under an earlier one comes too late. */
  readonly fence: number;
  readonly revision: number;
}

/** What of an owner's record a token depends on. */
export interface TokenOwner {
  readonly status: string;
  readonly epoch: number;
  readonly killed: boolean;
  /** Left, or about to, for a cause that bears no delay. */
  readonly forCause: boolean;
}

/** Why a token is refused. For the log; its bearer learns 401 or 403 and nothing else. */
type TokenRefusal =
  | Malformed
  | 'unknown' // no such record, or not the token it is told by: one answer and the same work
  | 'revoked'
  | 'disabled' // rotated away
  | 'suspended'
  | 'expired'
  | 'owner-gone' // or not known
  | 'owner-killed'
  | 'owner-in-later-life'
  | 'wrong-scope';

export type TokenVerdict =
  | { readonly ok: true; readonly credentialId: CredentialId; readonly ownerId: OwnerId; readonly scopes: readonly string[] }
  | { readonly ok: false; readonly why: TokenRefusal };

/** The decision, once both records are read and the token's MACs compared: `matched` is the version that is the token. */
export function judgeToken(
  record: TokenRecord | undefined,
  matched: TokenVersion | undefined,
  owner: TokenOwner | undefined,
  { environment, scope, nowMs }: { readonly environment: string; readonly scope: string; readonly nowMs: EpochMs },
): TokenVerdict {
  const why = refusal();
  return why || !record
    ? { ok: false, why: why ?? 'unknown' }
    : { ok: true, credentialId: record.credentialId, ownerId: record.ownerId, scopes: record.terms.scopes };

  function refusal(): TokenRefusal | undefined {
    if (!record || record.environment !== environment) return 'unknown';
    if (record.removed) return 'revoked';
    if (!matched) return 'unknown';
    if (record.denied) return 'suspended';
    if (!matched.active) return 'disabled';
    if (matched.notAfterMs !== undefined && nowMs >= matched.notAfterMs) return 'expired';
    return ownerRefusal(record, owner) ?? (record.terms.scopes.includes(scope) ? undefined : 'wrong-scope');
  }
}

/** A token that somebody takes over lives through the leave until it is replaced, unless there is cause. */
function ownerRefusal({ ownerEpoch, terms }: TokenRecord, owner: TokenOwner | undefined): TokenRefusal | undefined {
  if (!owner) return 'owner-gone';
  if (owner.killed) return 'owner-killed';
  if (owner.forCause) return 'owner-gone';
  if (terms.outlivesLeave) return undefined;
  if (owner.status !== 'active' && owner.status !== 'leaving') return 'owner-gone';
  return owner.epoch === ownerEpoch ? undefined : 'owner-in-later-life';
}
