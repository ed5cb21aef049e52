import type { Grant } from '../../domain/credential/state.ts';
import { Secret } from '../../domain/faults.ts';
import type { AttemptId, KeyId } from '../../domain/types.ts';
import { parseSecretBody } from '../secret-body.ts';

/** What consumers find in the secret. */
export interface KeyBody {
  readonly v: 1;
  readonly kind: 'aws-access-key';
  readonly accessKeyId: KeyId;
  readonly secretAccessKey: string;
  readonly accountId: string;
  readonly userName: string;
  readonly versionId: AttemptId;
}

export const keyBody = ({ account, accountName }: Grant, versionId: AttemptId, accessKeyId: KeyId, secretAccessKey: string): Secret => {
  const body: KeyBody = {
    v: 1,
    kind: 'aws-access-key',
    accessKeyId,
    secretAccessKey,
    accountId: account,
    userName: accountName,
    versionId,
  };
  return new Secret(JSON.stringify(body));
};

export const parseKeyBody = (body: Secret): KeyBody =>
  parseSecretBody<KeyBody>(body, 'aws-access-key', ['accessKeyId', 'secretAccessKey', 'accountId', 'userName', 'versionId']);
