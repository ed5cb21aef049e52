import { GetUserCommand, IAMClient, ListAccessKeysCommand, paginateListUsers } from '@aws-sdk/client-iam';
import { DescribeSecretCommand, GetSecretValueCommand, paginateListSecrets, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { AwsCredentials } from '../../lib/client/signed-call.ts';

/** What the provider says, asked by somebody who is not the manager and reads none of its records. */

/** As the SDK wants them: a member that is `undefined` is not the same to it as none. */
export const ofSdk = ({ accessKeyId, secretAccessKey, sessionToken }: AwsCredentials) => ({
  accessKeyId,
  secretAccessKey,
  ...(sessionToken && { sessionToken }),
});

/** The value as a consuming service reads it; `undefined` when it may not, or it is gone. */
export async function readSecret(credentials: AwsCredentials, name: string): Promise<AwsCredentials | undefined> {
  try {
    const { SecretString = '{}' } = await new SecretsManagerClient({ credentials: ofSdk(credentials) }).send(
      new GetSecretValueCommand({ SecretId: name }),
    );
    const { accessKeyId, secretAccessKey } = JSON.parse(SecretString);
    return { accessKeyId, secretAccessKey };
  } catch (error) {
    if (error instanceof Error && /AccessDenied|ResourceNotFound|InvalidRequest/.test(error.name)) return undefined;
    throw error;
  }
}

/** A real signed call with an issued key, the one its profile grants. */
export async function sendOrder(key: AwsCredentials, queueUrl: string): Promise<'accepted' | 'refused'> {
  try {
    await new SQSClient({ credentials: ofSdk(key), maxAttempts: 1, useQueueUrlAsEndpoint: false }).send(
      new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'order' }),
    );
    return 'accepted';
  } catch (error) {
    if (
      error instanceof Error &&
      /AccessDenied|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|InvalidAccessKeyId|Forbidden/.test(error.name)
    )
      return 'refused';
    throw error;
  }
}

export interface Outside {
  /** `<user>: <number of active keys>` under the manager's path. */
  readonly users: ReadonlyMap<string, number>;
  /** Secrets of the manager that could still be read. */
  readonly secrets: ReadonlySet<string>;
}

/** Everything the provider lists under our path, all pages. */
export async function listOutside(): Promise<Outside> {
  const iam = new IAMClient({});
  const users = new Map<string, number>();
  for await (const { Users = [] } of paginateListUsers({ client: iam }, { PathPrefix: '/nhi/' })) {
    const keys = await Promise.all(Users.map(({ UserName = '' }) => iam.send(new ListAccessKeysCommand({ UserName }))));
    for (const [index, { UserName = '' }] of Users.entries())
      users.set(UserName, keys[index]?.AccessKeyMetadata?.filter(({ Status }) => Status === 'Active').length ?? 0);
  }
  const secrets = new Set<string>();
  for await (const { SecretList = [] } of paginateListSecrets(
    { client: new SecretsManagerClient({}) },
    { Filters: [{ Key: 'name', Values: ['nhi/'] }] },
  ))
    for (const { Name = '', DeletedDate } of SecretList) if (!DeletedDate) secrets.add(Name);
  return { users, secrets };
}

interface Named {
  readonly userName: string;
  readonly secretName: string;
}

/** Values of the owner tag: of the user, and of the secret. */
export async function ownerTagsOf({ userName, secretName }: Named): Promise<readonly [string, string]> {
  const [{ User }, secret] = await Promise.all([
    new IAMClient({}).send(new GetUserCommand({ UserName: userName })),
    new SecretsManagerClient({}).send(new DescribeSecretCommand({ SecretId: secretName })),
  ]);
  const [ofUser, ofSecret] = [User?.Tags, secret.Tags].map((tags) => tags?.find(({ Key }) => Key === 'nhi:owner')?.Value ?? '');
  return [ofUser ?? '', ofSecret ?? ''];
}

/** Ids of the keys that IAM lists as active. */
export async function activeKeysOf({ userName }: Pick<Named, 'userName'>): Promise<readonly string[]> {
  const { AccessKeyMetadata = [] } = await new IAMClient({}).send(new ListAccessKeysCommand({ UserName: userName }));
  return AccessKeyMetadata.flatMap(({ AccessKeyId, Status }) => (Status === 'Active' && AccessKeyId ? [AccessKeyId] : []));
}
