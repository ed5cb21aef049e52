import { CHECKED_ATTRIBUTES, KEYS } from '../contract/table.ts';
import type { TokenOwner, TokenRecord } from '../domain/token/check.ts';
import type { OwnerId } from '../domain/types.ts';
import { type AwsJson, type AwsJsonConfig, awsJson, plainItem } from './aws-json.ts';
import { cachedKeyring, type KeyringSource } from './token-mac.ts';
import { type TokenReader, verifyToken } from './verify-token.ts';

export interface TokenVerifierConfig extends Pick<AwsJsonConfig, 'region' | 'credentials'> {
  /** The manager's table. */
  readonly table: string;
  /** Name or ARN of the secret with the token keys. */
  readonly tokenKeys: string;
  /** The one environment whose tokens count, e.g. `prod`. */
  readonly environment: string;
  /** Of all services. @default each service's own */
  readonly endpoint?: string | undefined;
}

/**
 * For a service that checks tokens itself: gives `(token, scope) => Promise<TokenVerdict>`. Make one and keep it, as it keeps the keys.
 * Its role needs `dynamodb:GetItem` on the table, bound to the partitions `TOKEN#*` and `OWNER#*`, to read the secret, and to decrypt by
 * the manager's key.
 */
export function tokenVerifier(config: TokenVerifierConfig) {
  const { table, tokenKeys, environment, ...aws } = config;
  return verifyToken({
    reader: dynamodbReader(awsJson({ ...aws, service: 'dynamodb', json: '1.0' }), table),
    keyring: secretKeyring(awsJson({ ...aws, service: 'secretsmanager', json: '1.1' }), tokenKeys),
    environment,
    now: Date.now,
  });
}

export const secretKeyring = (call: AwsJson, SecretId: string): KeyringSource =>
  cachedKeyring(async () => {
    const answer = (await call('secretsmanager.GetSecretValue', { SecretId })) as { readonly SecretString?: string };
    return answer.SecretString ?? '';
  }, Date.now);

function dynamodbReader(call: AwsJson, TableName: string): TokenReader {
  const get = async ({ pk, sk }: { readonly pk: string; readonly sk: string }, names: readonly string[]) => {
    const aliases = Object.fromEntries(names.map((name, at) => [`#${at}`, name]));
    const answer = (await call('DynamoDB_20120810.GetItem', {
      TableName,
      Key: { pk: { S: pk }, sk: { S: sk } },
      ConsistentRead: true,
      ProjectionExpression: Object.keys(aliases).join(),
      ExpressionAttributeNames: aliases,
    })) as { readonly Item?: Parameters<typeof plainItem>[0] };
    return answer.Item && plainItem(answer.Item);
  };
  return {
    token: async (id) => (await get(KEYS.token(id), CHECKED_ATTRIBUTES.token)) as TokenRecord | undefined,
    owner: async (id) => {
      const item = await get(KEYS.state(id as OwnerId), CHECKED_ATTRIBUTES.owner);
      if (!item) return undefined;
      const { status, epoch, killed, forCause } = item;
      return {
        status: String(status),
        epoch: Number(epoch),
        killed: killed !== undefined,
        forCause: forCause === true,
      } satisfies TokenOwner;
    },
  };
}
