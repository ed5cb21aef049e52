import type { DenyListPorts } from '../../lib/application/work-deny-list.ts';
import { killPolicy } from '../../lib/connectors/aws-iam-user/kill-policy.ts';
import { ENV } from '../../lib/contract/env.ts';
import { composeRecords, REQUEST_TIMEOUT_MS } from './compose.ts';
import { type Env, need } from './env.ts';

/** What the worker of the kill list works with: the one policy, and nothing else at a provider. */
export const composeDenyList = (env: Env): DenyListPorts => ({
  ...composeRecords(env),
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
  denyPolicy: killPolicy({ policyArn: need(env, ENV.killPolicyArn) }),
});
