import { randomBytes } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamodbTokenStore } from '../../lib/adapters/aws/dynamodb-token-store.ts';
import { REPEATABLE } from '../../lib/adapters/aws/request-limits.ts';
import { deliveringOnce } from '../../lib/application/delivered-once.ts';
import type { Connector } from '../../lib/application/ports.ts';
import { awsJson } from '../../lib/client/aws-json.ts';
import { secretKeyring } from '../../lib/client/token-verifier.ts';
import { apiTokenConnector } from '../../lib/connectors/api-token/connector.ts';
import { ENV } from '../../lib/contract/env.ts';
import { ofEnvironment } from './aws-environment.ts';
import { composeRecords } from './compose.ts';
import { composeSecrets } from './compose-secrets.ts';
import { type Env, need } from './env.ts';

/** What the worker of API tokens works with. */
export const composeTokenWorker = (env: Env) => ({
  ...composeRecords(env),
  connector: composeTokens(env),
  secrets: deliveringOnce(composeSecrets(env)).secrets,
});

export function composeTokens(env: Env): Connector {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(REPEATABLE), { marshallOptions: { removeUndefinedValues: true } });
  return apiTokenConnector({
    store: dynamodbTokenStore({ client, table: need(env, ENV.table) }),
    keyring: secretKeyring(awsJson({ ...ofEnvironment(env), service: 'secretsmanager', json: '1.1' }), need(env, ENV.tokenKeys)),
    account: need(env, ENV.account),
    randomBytes,
  });
}
