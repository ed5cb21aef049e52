import { secretsManagerStore } from '../../lib/adapters/aws/secrets-manager.ts';
import type { WorkerPorts } from '../../lib/application/work-credential.ts';
import { iamUserConnector } from '../../lib/connectors/aws-iam-user/connector.ts';
import { ENV, NAMES } from '../../lib/contract/env.ts';
import { composeRecords } from './compose.ts';
import { type Env, need } from './env.ts';

/** The longest one request to a provider may take. */
const REQUEST_TIMEOUT_MS = 10_000;

/** What the worker of IAM access keys works with; no other function has a provider. */
export function composeWorker(env: Env): WorkerPorts {
  const stack = need(env, ENV.stack);
  return {
    ...composeRecords(env),
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    connector: iamUserConnector({
      stack,
      account: need(env, ENV.account),
      boundaryArn: need(env, ENV.boundaryArn),
      groupOf: (profile) => NAMES.groupOf(stack, profile),
    }),
    secrets: secretsManagerStore({
      stack,
      keyArn: need(env, ENV.secretKeyArn),
      managerRoleArns: need(env, ENV.managerRoleArns).split(','),
    }),
  };
}
