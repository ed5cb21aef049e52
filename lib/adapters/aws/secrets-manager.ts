import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  type DescribeSecretResponse,
  GetSecretValueCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
  TagResourceCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { SecretStore } from '../../application/ports.ts';
import { type Credential, isGivenUp } from '../../domain/credential/state.ts';
import { Fault, Secret } from '../../domain/faults.ts';
import type { AttemptId } from '../../domain/types.ts';
import { ask } from './aws-fault.ts';
import { ONE_TRY, REPEATABLE } from './request-limits.ts';

export interface SecretsManagerConfig {
  /** Value of the `nhi:stack` tag. */
  readonly stack: string;
  /** Key that values are encrypted with. */
  readonly keyArn: string;
  /** Roles that may read a secret besides its consumers: the workers'. */
  readonly managerRoleArns: readonly string[];
  /** Of the SDK's clients. @default what the environment says */
  readonly aws?: Pick<SecretsManagerClientConfig, 'endpoint' | 'region' | 'credentials'>;
}

/** Days in which a withdrawn secret can be restored, as far as Secrets Manager lets that be shortened: 7 to 30. */
const RECOVERY_DAYS = 7;
const gone = () => undefined;
const no = () => false as const;

/** One secret a credential; a version of it is named by the attempt that made it. */
export function secretsManagerStore({ stack, keyArn, managerRoleArns, aws = {} }: SecretsManagerConfig): SecretStore {
  const client = new SecretsManagerClient({ ...aws, ...REPEATABLE });
  const once = new SecretsManagerClient({ ...aws, ...ONE_TRY });

  const describe = (SecretId: string): Promise<DescribeSecretResponse | undefined> =>
    ask('DescribeSecret', async () => client.send(new DescribeSecretCommand({ SecretId })), { ResourceNotFound: gone });

  /** Not by its name alone: anybody could have taken that. */
  const isOurs = ({ Tags = [] }: DescribeSecretResponse, { id }: Credential): boolean => {
    const tags = new Map(Tags.map(({ Key, Value }) => [Key, Value]));
    return tags.get('nhi:credential') === id && tags.get('nhi:stack') === stack;
  };

  const restrict = async (by: SecretsManagerClient, { grant }: Credential, readers: readonly string[]): Promise<void> => {
    const command = new PutResourcePolicyCommand({
      SecretId: grant.secretName,
      ResourcePolicy: JSON.stringify(readPolicy(readers, managerRoleArns)),
      BlockPublicPolicy: true,
    });
    await ask('PutResourcePolicy', () => by.send(command));
  };

  return {
    ensure: async (credential) => {
      const { id, holder, grant } = credential;
      const create = new CreateSecretCommand({
        Name: grant.secretName,
        KmsKeyId: keyArn,
        Description: `${grant.profile}: ${grant.purpose}`.slice(0, 200),
        Tags: [
          { Key: 'nhi:credential', Value: id },
          { Key: 'nhi:owner', Value: holder.key },
          { Key: 'nhi:profile', Value: grant.profile },
          { Key: 'nhi:stack', Value: stack },
        ],
      });
      await ask('CreateSecret', () => once.send(create), {
        ResourceExists: async (refusal) => {
          const secret = await describe(grant.secretName);
          if (!secret) throw new Fault('provider-throttled', true, 'DescribeSecret: a secret that is there is not seen yet');
          if (!isOurs(secret, credential)) throw new Fault('foreign-account', false, grant.secretName);
          if (secret.DeletedDate) throw refusal;
        },
      });
      await restrict(once, credential, []); // before it has a value; repeated by itself, it could close the secret after it was shared
    },

    put: async ({ grant }, attempt, body) => {
      const command = new PutSecretValueCommand({
        SecretId: grant.secretName,
        ClientRequestToken: attempt, // becomes the version's id, so a repetition changes nothing
        SecretString: body.reveal(),
        VersionStages: ['AWSPENDING'],
      });
      await ask('PutSecretValue', () => client.send(command));
    },

    read: ({ grant }, attempt) =>
      ask(
        'GetSecretValue',
        async () => {
          const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: grant.secretName, VersionId: attempt }));
          return SecretString === undefined ? undefined : new Secret(SecretString);
        },
        { ResourceNotFound: gone, InvalidRequest: gone }, // InvalidRequest: the secret is withdrawn
      ),

    promote: async (credential, attempt) => {
      const SecretId = credential.grant.secretName;
      /** `false`: the label is not where it was thought to be. Sent once: repeated, it would find the label gone from there. */
      const move = (from: AttemptId | undefined, otherwise: Readonly<Record<string, () => false>>): Promise<boolean> =>
        ask(
          'UpdateSecretVersionStage',
          async () => {
            const RemoveFromVersionId = from !== undefined && { RemoveFromVersionId: from };
            const to = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: attempt, ...RemoveFromVersionId };
            await once.send(new UpdateSecretVersionStageCommand(to));
            return true;
          },
          otherwise,
        );
      const known = credential.versions.find(({ phase }) => phase === 'current')?.attempt;
      if (known && (await move(known, { InvalidParameter: no, InvalidRequest: no, ResourceNotFound: no }))) return;
      const secret = await describe(SecretId);
      if (!secret) throw new Fault('provider-refused', false, 'DescribeSecret: ResourceNotFound');
      const holder = holderOf(secret, 'AWSCURRENT');
      if (holder === attempt) return;
      if (holder !== undefined && !credential.attempts.some((one) => one === holder))
        throw new Fault('provider-refused', false, 'drift: AWSCURRENT is on a version that is none of ours');
      await move(holder, {});
    },

    unstage: async (credential) => {
      const SecretId = credential.grant.secretName;
      const secret = await describe(SecretId);
      const stray = secret?.DeletedDate ? undefined : holderOf(secret, 'AWSPENDING');
      if (!stray || stray === holderOf(secret, 'AWSCURRENT') || !isGivenUp(credential, stray)) return;
      const off = { SecretId, VersionStage: 'AWSPENDING', RemoveFromVersionId: stray };
      // No longer there by now: it is gone, or on another.
      const otherwise = { InvalidParameter: gone, InvalidRequest: gone, ResourceNotFound: gone };
      await ask('UpdateSecretVersionStage', async () => void (await client.send(new UpdateSecretVersionStageCommand(off))), otherwise);
    },

    tagOwner: async ({ grant }, holder) => {
      const command = new TagResourceCommand({ SecretId: grant.secretName, Tags: [{ Key: 'nhi:owner', Value: holder.key }] });
      await ask('TagResource', () => once.send(command));
    },

    share: (credential) => restrict(client, credential, credential.grant.consumers),

    close: (credential) => restrict(client, credential, []),

    withdraw: async ({ grant }) => {
      const command = new DeleteSecretCommand({ SecretId: grant.secretName, RecoveryWindowInDays: RECOVERY_DAYS });
      await ask('DeleteSecret', () => client.send(command), {
        ResourceNotFound: gone,
        // To a role that acts by the secret's tag, one that isn't there may be refused; one that is withdrawn already is an invalid request.
        AccessDenied: async (refusal) => {
          const secret = await describe(grant.secretName);
          if (secret && !secret.DeletedDate) throw refusal;
        },
        InvalidRequest: async (refusal) => {
          if (!(await describe(grant.secretName))?.DeletedDate) throw refusal;
        },
      });
    },

    readable: async ({ grant }) => {
      const secret = await describe(grant.secretName);
      return secret !== undefined && !secret.DeletedDate;
    },
  };
}

/** Which version a staging label is on. */
function holderOf(secret: DescribeSecretResponse | undefined, label: string): AttemptId | undefined {
  const staged = Object.entries(secret?.VersionIdsToStages ?? {}).find(([, stages]) => stages.includes(label));
  return staged?.[0] as AttemptId | undefined;
}

/**
 * Nobody reads but these, whatever their own policies allow: within an account an identity policy alone would do, so it takes a deny.
 * The principals of an allow must exist, or the service refuses the policy.
 */
function readPolicy(consumers: readonly string[], managers: readonly string[]) {
  const read = { Action: ['secretsmanager:GetSecretValue', 'secretsmanager:BatchGetSecretValue'], Resource: '*' };
  const allow = consumers.length ? [{ Sid: 'Consumers', Effect: 'Allow', Principal: { AWS: [...consumers] }, ...read }] : [];
  const others = { ArnNotEquals: { 'aws:PrincipalArn': [...consumers, ...managers] } };
  return {
    Version: '2012-10-17',
    Statement: [...allow, { Sid: 'NobodyElse', Effect: 'Deny', Principal: '*', ...read, Condition: others }],
  };
}
