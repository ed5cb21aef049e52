import { randomBytes } from 'node:crypto';
import { BillingMode, CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetUserCommand } from '@aws-sdk/client-iam';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from 'vitest';
import { dynamodbTokenStore } from '../../lib/adapters/aws/dynamodb-token-store.ts';
import { REPEATABLE } from '../../lib/adapters/aws/request-limits.ts';
import type { Connector } from '../../lib/application/ports.ts';
import type { TokenStore } from '../../lib/application/token-store.ts';
import { apiTokenConnector } from '../../lib/connectors/api-token/connector.ts';
import { tokenIdOf } from '../../lib/domain/token/format.ts';
import { KEYRING } from '../unit/token/given-tokens.ts';
import { PROPAGATION_MS } from './cloud.ts';
import { ACCOUNT, type Candidate, conforms, credentialOf } from './connector-conformance.ts';
import { useProvider } from './providers.ts';

const { cloud, aws, iam, onAws } = useProvider();

/** The one call in which a member has its effect. */
const EFFECT: Readonly<Partial<Record<keyof Connector, string>>> = {
  ensureAccount: 'iam:CreateUser',
  createVersion: 'iam:CreateAccessKey',
  disableVersion: 'iam:UpdateAccessKey',
  deleteVersion: 'iam:DeleteAccessKey',
  deny: 'iam:PutUserPolicy',
  removeAccount: 'iam:DeleteUser',
};

/** As often as a client may repeat the call by itself. */
const loseAnswers = (match: string): Promise<void> =>
  cloud().control.faults([{ match, kind: 'drop-after', times: REPEATABLE.maxAttempts }]);
const TABLE = 'tokens';

const ofIam = (): Candidate => {
  const { connector, isDenied } = onAws();
  return {
    connector,
    isDenied,
    calm: () => cloud().control.faults([]),
    loseAnswer: (member) => loseAnswers(EFFECT[member] ?? ''),
    ownerOf: async ({ grant }) => {
      const { User } = await iam().send(new GetUserCommand({ UserName: grant.accountName }));
      return User?.Tags?.find(({ Key }) => Key === 'nhi:owner')?.Value;
    },
    propagationMs: PROPAGATION_MS,
  };
};

const tokenStore = (): TokenStore => {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ ...aws(), ...REPEATABLE }), {
    marshallOptions: { removeUndefinedValues: true },
  });
  return dynamodbTokenStore({ client, table: TABLE });
};

const tokensInDynamodb = (): Candidate => {
  const store = tokenStore();
  return {
    connector: apiTokenConnector({ store, keyring: async () => KEYRING, account: ACCOUNT, randomBytes }),
    calm: () => cloud().control.faults([]),
    loseAnswer: () => loseAnswers('dynamodb:TransactWriteItems'),
    isDenied: async ({ id }) => (await store.read(tokenIdOf(id)))?.denied ?? false,
    ownerOf: async ({ id }) => (await store.read(tokenIdOf(id)))?.ownerId,
    propagationMs: 0,
  };
};

beforeAll(async () => {
  const client = new DynamoDBClient(aws());
  const attributes = ['pk', 'sk'] as const;
  await client.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: BillingMode.PAY_PER_REQUEST,
      AttributeDefinitions: attributes.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: attributes.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
    }),
  );
});

describe('IAM access keys, of the local cloud', () => conforms('aws-iam-user', ofIam));
describe('API tokens in DynamoDB, of the local cloud', () => conforms('api-token', tokensInDynamodb));

/** Where it is more lenient than AWS: each shown, so that it is noticed when it no longer is. The model in memory is as strict as AWS. */
describe('the local cloud, unlike AWS', () => {
  it('lists a key at once; IAM may miss one that is seconds old', async () => {
    const { connector } = onAws();
    const made = credentialOf('aws-iam-user');
    await connector.ensureAccount(made);
    const { keyId } = await connector.createVersion(made, crypto.randomUUID() as never);
    expect(await connector.listVersions(made)).toEqual([keyId]);
  });
});

describe('the count of what a key is needed for', () => {
  it('follows every version, made twice, deleted and removed, without a scan', async () => {
    const store = tokenStore();
    const connector = apiTokenConnector({ store, keyring: async () => KEYRING, account: ACCOUNT, randomBytes });
    const made = credentialOf('api-token');
    const [one, two] = [crypto.randomUUID() as never, crypto.randomUUID() as never];
    const before = await store.usesOf(KEYRING.current);
    const uses = async () => (await store.usesOf(KEYRING.current)) - before;
    await connector.ensureAccount(made);
    const { keyId } = await connector.createVersion(made, one);
    await connector.createVersion(made, one);
    expect(await uses()).toBe(1);
    await connector.createVersion(made, two);
    await connector.disableVersion(made, keyId);
    expect(await uses()).toBe(2); // it may be enabled again
    await Promise.all([connector.deleteVersion(made, keyId), connector.deleteVersion(made, keyId)]);
    expect(await uses()).toBe(1);
    await connector.removeAccount(made);
    await connector.removeAccount(made);
    expect(await uses()).toBe(0);
  });
});
