import { CreateGroupCommand, CreatePolicyCommand, GetUserCommand, GetUserPolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ulid } from 'ulid';
import { beforeAll } from 'vitest';
import { secretsManagerStore } from '../../lib/adapters/aws/secrets-manager.ts';
import { memoryIam } from '../../lib/adapters/memory/iam.ts';
import { providerWorld } from '../../lib/adapters/memory/provider-world.ts';
import { memorySecrets } from '../../lib/adapters/memory/secrets-manager.ts';
import { grantFor } from '../../lib/application/naming.ts';
import type { Connector, SecretStore } from '../../lib/application/ports.ts';
import { iamUserConnector } from '../../lib/connectors/aws-iam-user/connector.ts';
import { decide } from '../../lib/domain/credential/decide.ts';
import { evolve } from '../../lib/domain/credential/evolve.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import { DEFAULT_TIMING } from '../../lib/domain/timing.ts';
import type { AttemptId, CredentialId, EpochMs, OwnerId, OwnerKey } from '../../lib/domain/types.ts';
import { localClient } from '../../local/endpoint.ts';
import { rotation } from '../unit/domain/given.ts';
import { PROPAGATION_MS, useLocalCloud } from './cloud.ts';

export const ACCOUNT = '000000000000';

/** Both ports, and what somebody sees who looks at the provider itself. */
export interface Provider {
  readonly connector: Connector;
  readonly secrets: SecretStore;
  isDenied(credential: Credential): Promise<boolean>;
  /** The attempt whose value is staged AWSPENDING. */
  pending(credential: Credential): Promise<string | undefined>;
  /** Values of the owner tags: of the account, of the secret. */
  ownerTags(credential: Credential): Promise<readonly (string | undefined)[]>;
}

export const inMemory = (): Provider => {
  const world = providerWorld(PROPAGATION_MS);
  const clock = { now: () => Date.now() as EpochMs };
  return {
    connector: memoryIam(world, clock, () => `AKIA${ulid()}`),
    secrets: memorySecrets(world, clock),
    isDenied: async ({ grant }) => world.users.get(grant.accountName)?.denied === true,
    pending: async ({ grant }) => world.secrets.get(grant.secretName)?.labels.get('AWSPENDING'),
    ownerTags: async ({ grant }) => [world.users.get(grant.accountName)?.ownerKey, world.secrets.get(grant.secretName)?.ownerKey],
  };
};

/** A cloud with a group and a boundary, for the tests of one file. */
export function useProvider() {
  const cloud = useLocalCloud();
  const aws = () => localClient(cloud().endpoint);
  const iam = () => new IAMClient({ ...aws(), maxAttempts: 1 });
  let boundaryArn = '';
  beforeAll(async () => {
    const document = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
    const made = await iam().send(new CreatePolicyCommand({ PolicyName: 'b', Path: '/nhi/', PolicyDocument: JSON.stringify(document) }));
    boundaryArn = made.Policy?.Arn ?? '';
    await iam().send(new CreateGroupCommand({ GroupName: 'nhi-p', Path: '/nhi/' }));
  });
  const onAws = (): Provider => ({
    connector: iamUserConnector({ stack: 'nhi', account: ACCOUNT, boundaryArn, groupOf: (profile) => `nhi-${profile}`, aws: aws() }),
    secrets: secretsManagerStore({
      stack: 'nhi',
      keyArn: 'alias/aws/secretsmanager',
      managerRoleArns: [`arn:aws:iam::${ACCOUNT}:role/nhi-work-aws-iam-user`],
      aws: aws(),
    }),
    isDenied: async ({ grant: { accountName: UserName } }) => {
      const policy = iam().send(new GetUserPolicyCommand({ UserName, PolicyName: 'nhi-deny' }));
      return policy.then(
        ({ PolicyDocument = '' }) => decodeURIComponent(PolicyDocument).includes('"Deny"'),
        (error: unknown) => {
          if (error instanceof Error && error.name === 'NoSuchEntityException') return false;
          throw error;
        },
      );
    },
    pending: async ({ grant }) => {
      const secret = await new SecretsManagerClient(aws()).send(new DescribeSecretCommand({ SecretId: grant.secretName }));
      return Object.entries(secret.VersionIdsToStages ?? {}).find(([, stages]) => stages.includes('AWSPENDING'))?.[0];
    },
    ownerTags: async ({ grant }) => {
      const { User } = await iam().send(new GetUserCommand({ UserName: grant.accountName }));
      const secret = await new SecretsManagerClient(aws()).send(new DescribeSecretCommand({ SecretId: grant.secretName }));
      return [User?.Tags, secret.Tags].map((tags) => tags?.find(({ Key }) => Key === 'nhi:owner')?.Value);
    },
  });
  return { cloud, aws, iam, onAws, boundaryArn: () => boundaryArn };
}

export const attempt = (): AttemptId => crypto.randomUUID() as AttemptId;

/** A credential as it is on record when a step begins, with these attempts made. */
export function credential(...attempts: readonly AttemptId[]): Credential {
  const id = `cred_${ulid()}` as CredentialId;
  const grant = grantFor(id, 'aws-iam-user', ACCOUNT, { profile: 'p', purpose: 'a contract', environment: 'dev', consumers: [] });
  const holder = { id: 'own_1' as OwnerId, key: 'k' as OwnerKey, epoch: 0 };
  const decision = decide(undefined, { type: 'request', id, holder, grant, rotation }, 0 as EpochMs, DEFAULT_TIMING);
  const state = decision.ok ? decision.events.reduce<Credential | undefined>(evolve, undefined) : undefined;
  if (!state) throw new Error('no credential');
  return { ...state, attempts };
}
