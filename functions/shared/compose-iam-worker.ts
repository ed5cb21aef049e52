import { iamUserConnector } from '../../lib/connectors/aws-iam-user/connector.ts';
import { ENV, NAMES } from '../../lib/contract/env.ts';
import { composeRecords } from './compose.ts';
import { composeSecrets } from './compose-secrets.ts';
import { type Env, need } from './env.ts';

/** What the worker of IAM access keys works with. */
export function composeIamWorker(env: Env) {
  const stack = need(env, ENV.stack);
  return {
    ...composeRecords(env),
    connector: iamUserConnector({
      stack,
      account: need(env, ENV.account),
      boundaryArn: need(env, ENV.boundaryArn),
      groupOf: (profile) => NAMES.groupOf(stack, profile),
    }),
    secrets: composeSecrets(env),
  };
}
