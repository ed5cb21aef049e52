import { CreateRoleCommand, EntityAlreadyExistsException, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { AwsCredentials } from '../../lib/client/signed-call.ts';

/** What the played company has besides the manager: roles of people, feed and services, and a queue that the issued keys are for. */
export interface Company {
  readonly account: string;
  readonly ordersUrl: string;
  readonly consumerArn: string;
  /** Signs in as one of the roles; the session's name is who it is. */
  signIn(role: keyof typeof ROLES, session: string): Promise<AwsCredentials>;
}

const TRUST = (account: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'sts:AssumeRole' }],
  });

/** What each role may do by its own policy. The service may read secrets as far as *its* policy goes; whether a secret lets it is the manager's. */
const ROLES = {
  person: ['execute-api:Invoke'],
  team: ['execute-api:Invoke'],
  security: ['execute-api:Invoke'],
  auditor: ['execute-api:Invoke'],
  'hr-feed': ['events:PutEvents', 's3:PutObject'],
  directory: ['events:PutEvents'],
  stranger: ['events:PutEvents', 'secretsmanager:GetSecretValue', 'execute-api:Invoke'],
  service: ['secretsmanager:GetSecretValue'],
} as const;

export async function foundCompany(account: string): Promise<Company> {
  const iam = new IAMClient({});
  const sts = new STSClient({});
  for (const [name, actions] of Object.entries(ROLES)) {
    const RoleName = `demo-${name}`;
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: TRUST(account) })).catch((error: unknown) => {
      if (!(error instanceof EntityAlreadyExistsException)) throw error;
    });
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] });
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'may', PolicyDocument }));
  }
  const { QueueUrl: ordersUrl = '' } = await new SQSClient({}).send(new CreateQueueCommand({ QueueName: 'demo-orders' }));
  return {
    account,
    ordersUrl,
    consumerArn: `arn:aws:iam::${account}:role/demo-service`,
    signIn: async (role, session) => {
      const assumed = await sts.send(
        new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${account}:role/demo-${role}`, RoleSessionName: session }),
      );
      const { AccessKeyId = '', SecretAccessKey = '', SessionToken } = assumed.Credentials ?? {};
      return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    },
  };
}
