import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ulid } from 'ulid';
import { dynamodbLedger } from '../../lib/adapters/aws/dynamodb-ledger.ts';
import { sqsRejectBin } from '../../lib/adapters/aws/sqs-reject-bin.ts';
import { sqsWake } from '../../lib/adapters/aws/sqs-wake.ts';
import type { FactPorts } from '../../lib/application/apply-fact.ts';
import type { FollowPolicyPorts } from '../../lib/application/follow-policy.ts';
import type { Clock, Ids, RejectBin, Wake } from '../../lib/application/ports.ts';
import type { RecordPorts } from '../../lib/application/record.ts';
import type { RequestPorts } from '../../lib/application/request-credential.ts';
import type { SweepPorts } from '../../lib/application/sweep-due.ts';
import { parseCompiledPolicy } from '../../lib/contract/compiled-policy.ts';
import { ENV, POLICY_FILE } from '../../lib/contract/env.ts';
import { CONNECTOR_KINDS } from '../../lib/domain/credential/capabilities.ts';
import type { Policy } from '../../lib/domain/policy.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { type Env, need } from './env.ts';
import { onUnreadable } from './unreadable.ts';

const clock: Clock = { now: () => Date.now() as EpochMs };
const ids: Ids = { ulid: () => ulid(), uuid: () => crypto.randomUUID() };

/** The longest one request to a provider may take. */
export const REQUEST_TIMEOUT_MS = 10_000;

export interface Records extends RecordPorts {
  readonly wake: Wake;
  readonly policy: Policy;
  readonly policyDigest: string;
}

/** The ledger, the queues and the policy: what every function that decides works with. */
export function composeRecords(env: Env): Records {
  const { policy, digest } = parseCompiledPolicy(readFileSync(new URL(POLICY_FILE, import.meta.url), 'utf8'));
  const urls = {
    'aws-iam-user': need(env, ENV.workQueueUrl),
    'api-token': need(env, ENV.tokenQueueUrl),
    owner: need(env, ENV.ownerQueueUrl),
    'deny-list': need(env, ENV.denyListQueueUrl),
    feed: env[ENV.feedQueueUrl] ?? '', // of the sweep alone, where a source has a feed
  };
  return {
    ...composeLedger(env),
    ids,
    timing: policy.timing,
    policy,
    policyDigest: digest,
    wake: sqsWake(urls),
  };
}

const composeLedger = (env: Env) => {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
  return { clock, ledger: dynamodbLedger({ client, table: need(env, ENV.table), onUnreadable }) };
};

export const composeFacts = (env: Env): FactPorts & { readonly rejects: RejectBin } => ({
  ...composeRecords(env),
  rejects: sqsRejectBin(need(env, ENV.rejectQueueUrl)),
});

export const composeRequests = (env: Env): RequestPorts => ({ ...composeRecords(env), account: need(env, ENV.account) });

export const composeOwnerWork = (env: Env): FollowPolicyPorts => ({ ...composeRequests(env), kinds: CONNECTOR_KINDS });

export const composeSweep = (env: Env): SweepPorts & Records => ({
  ...composeRecords(env),
  queues: ['deny-list', 'owner', ...CONNECTOR_KINDS, ...(env[ENV.feedQueueUrl] ? (['feed'] as const) : [])],
});
