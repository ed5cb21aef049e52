import { randomBytes } from 'node:crypto';
import { secretTokenKeys } from '../../lib/adapters/aws/token-keys.ts';
import { rotateTokenKey } from '../../lib/application/rotate-token-key.ts';
import { awsJson, plainItem } from '../../lib/client/aws-json.ts';
import { ENV } from '../../lib/contract/env.ts';
import { KEYS } from '../../lib/contract/table.ts';
import { Secret } from '../../lib/domain/faults.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { ofEnvironment } from './aws-environment.ts';
import { type Env, need } from './env.ts';

/** What the rotation of the token keys works with: their secret, and the counts of what they are needed for. */
export function composeTokenKeys(env: Env) {
  const dynamodb = awsJson({ ...ofEnvironment(env), service: 'dynamodb', json: '1.0' });
  const TableName = need(env, ENV.table);
  return rotateTokenKey({
    tokenKeys: secretTokenKeys(awsJson({ ...ofEnvironment(env), service: 'secretsmanager', json: '1.1' }), need(env, ENV.tokenKeys)),
    store: {
      usesOf: async (keyId) => {
        const { pk, sk } = KEYS.keyUses(keyId);
        const input = { TableName, Key: { pk: { S: pk }, sk: { S: sk } }, ConsistentRead: true };
        const { Item = {} } = (await dynamodb('DynamoDB_20120810.GetItem', input)) as { readonly Item?: Parameters<typeof plainItem>[0] };
        return Number(plainItem(Item)['uses'] ?? 0);
      },
    },
    clock: { now: () => Date.now() as EpochMs },
    newKey: () => new Secret(randomBytes(48).toString('base64url')),
  });
}
