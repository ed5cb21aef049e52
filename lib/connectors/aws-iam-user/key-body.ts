import type { Credential } from '../../domain/credential/state.ts';
import { Secret } from '../../domain/faults.ts';
import type { AttemptId, KeyId } from '../../domain/types.ts';
import { notAfterOf, parseSecretBody } from '../secret-body.ts';

/** What consumers find in the secret. */
export interface KeyBody {
  readonly v: 1;
  readonly kind: 'aws-access-key';
  readonly accessKeyId: KeyId;
  readonly secretAccessKey: string;
  readonly accountId: string;
  readonly userName: string;
  readonly versionId: AttemptId;
  /** ISO 8601, UTC: the end of the credential, as it was when the key was made; a renewal makes another. */
  readonly notAfter: string | null;
}

export const keyBody = (
  { grant: { account, accountName }, expiry }: Pick<Credential, 'grant' | 'expiry'>,
  versionId: AttemptId,
  accessKeyId: KeyId,
  secretAccessKey: string,
): Secret => {
  const body: KeyBody = {
    v: 1,
    kind: 'aws-access-key',
    accessKeyId,
    secretAccessKey,
    accountId: account,
    userName: accountName,
    versionId,
    notAfter: notAfterOf(expiry),
  };
  return new Secret(JSON.stringify(body));
};

export const parseKeyBody = (body: Secret): KeyBody =>
  parseSecretBody<KeyBody>(body, 'aws-access-key', ['accessKeyId', 'secretAccessKey', 'accountId', 'userName', 'versionId']);
