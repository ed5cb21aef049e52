import { Stack } from 'aws-cdk-lib';
import { NAMES } from '../contract/env.ts';
import { TOKEN_PARTITIONS } from '../contract/table.ts';
import { acknowledgeWildcards } from './acknowledge.ts';
import type { NhiFunction } from './nhi-function.ts';

/** The records of tokens, and the keys that tokens are told by. To the records themselves the right to write the ledger is enough. */
export function allowTokens(worker: NhiFunction, stackName: string, tableArn: string): void {
  allowTokenKeys(worker, stackName, 'GetSecretValue');
  worker.allow(['dynamodb:UpdateItem'], [tableArn], leadingKeys('ForAllValues', TOKEN_PARTITIONS.keyUses));
}

/** No function but the workers of tokens reads or writes what a token is told by, whatever else it may do in the table. */
export const denyTokens = (to: NhiFunction, tableArn: string): void =>
  to.deny(
    ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
    [tableArn],
    leadingKeys('ForAnyValue', TOKEN_PARTITIONS.token, TOKEN_PARTITIONS.keyUses),
  );

export const leadingKeys = (match: 'ForAllValues' | 'ForAnyValue', ...prefixes: readonly string[]) => ({
  [`${match}:StringLike`]: { 'dynamodb:LeadingKeys': prefixes.map((prefix) => `${prefix}*`) },
});

/** By its name, since those who read it may be of another stack. */
export function allowTokenKeys(to: NhiFunction, stackName: string, ...actions: readonly string[]): void {
  const { account, partition, region } = Stack.of(to);
  const arn = `arn:${partition}:secretsmanager:${region}:${account}:secret:${NAMES.tokenKeys(stackName)}-??????`;
  to.allow(
    actions.map((action) => `secretsmanager:${action}`),
    [arn],
  );
  acknowledgeWildcards(to.role, [arn], 'Secrets Manager ends the ARN of every secret in six characters of its own.');
}
