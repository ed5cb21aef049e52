import { Secret } from '../../domain/faults.ts';
import type { AttemptId } from '../../domain/types.ts';
import { parseSecretBody } from '../secret-body.ts';

/** What consumers find in the secret. */
export interface TokenSecret {
  readonly v: 1;
  readonly kind: 'api-token';
  readonly token: string;
  readonly versionId: AttemptId;
}

export const tokenSecretBody = (token: string, versionId: AttemptId): Secret => {
  const body: TokenSecret = { v: 1, kind: 'api-token', token, versionId };
  return new Secret(JSON.stringify(body));
};

export const parseTokenBody = (body: Secret): TokenSecret => parseSecretBody<TokenSecret>(body, 'api-token', ['token', 'versionId']);
