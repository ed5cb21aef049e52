import type { Credential } from '../../domain/credential/state.ts';
import { Secret } from '../../domain/faults.ts';
import type { AttemptId } from '../../domain/types.ts';
import { notAfterOf, parseSecretBody } from '../secret-body.ts';

/** What consumers find in the secret. */
export interface TokenSecret {
  readonly v: 1;
  readonly kind: 'api-token';
  readonly token: string;
  readonly versionId: AttemptId;
  readonly notAfter: string | null;
}

export const tokenSecretBody = (token: string, versionId: AttemptId, expiry: Credential['expiry']): Secret => {
  const body: TokenSecret = { v: 1, kind: 'api-token', token, versionId, notAfter: notAfterOf(expiry) };
  return new Secret(JSON.stringify(body));
};

export const parseTokenBody = (body: Secret): TokenSecret => parseSecretBody<TokenSecret>(body, 'api-token', ['token', 'versionId']);
