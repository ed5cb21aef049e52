import type { Grant } from '../../domain/credential/state.ts';
import { Fault, Secret } from '../../domain/faults.ts';
import type { AttemptId, KeyId } from '../../domain/types.ts';

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

export function parseKeyBody(body: Secret): KeyBody {
  const parsed = parsedOrUndefined(body);
  if (isKeyBody(parsed)) return parsed;
  throw new Fault('provider-refused', false, 'the stored value is no access key of ours');
}

/** An error of `JSON.parse` quotes what it stumbled over, so none gets out. */
function parsedOrUndefined(body: Secret): unknown {
  try {
    return JSON.parse(body.reveal());
  } catch {
    return undefined;
  }
}

const TEXTS = ['accessKeyId', 'secretAccessKey', 'accountId', 'userName', 'versionId'] as const;

const isKeyBody = (value: unknown): value is KeyBody => {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const texts = TEXTS.every((name) => typeof fields.get(name) === 'string' && fields.get(name) !== '');
  return texts && fields.get('v') === 1 && fields.get('kind') === 'aws-access-key';
};
