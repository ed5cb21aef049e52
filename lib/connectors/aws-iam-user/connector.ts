import {
  AddUserToGroupCommand,
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  GetAccessKeyLastUsedCommand,
  IAMClient,
  type IAMClientConfig,
  paginateListAccessKeys,
  TagUserCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { ask } from '../../adapters/aws/aws-fault.ts';
import { ONE_TRY, REPEATABLE } from '../../adapters/aws/request-limits.ts';
import type { Connector } from '../../application/ports.ts';
import { NAMES } from '../../contract/env.ts';
import type { Credential } from '../../domain/credential/state.ts';
import { Fault } from '../../domain/faults.ts';
import type { EpochMs, KeyId } from '../../domain/types.ts';
import { allPages } from './attachments.ts';
import { keyBody, parseKeyBody } from './key-body.ts';
import { putDeny, removeUser, takeDenyOff } from './removal.ts';
import { findUser, isOurs, tagsOf } from './user.ts';
import { isUsable } from './verify.ts';

export interface IamUserConfig {
  /** Value of the `nhi:stack` tag. */
  readonly stack: string;
  /** The one account whose users this connector touches. */
  readonly account: string;
  readonly boundaryArn: string;
  readonly groupOf: (profile: string) => string;
  /** @default '/nhi/' */
  readonly path?: string;
  /** @default what the environment says */
  readonly aws?: Pick<IAMClientConfig, 'credentials'> & { readonly endpoint?: string; readonly region?: string };
}

/** One IAM user a credential, its access keys the versions. */
export function iamUserConnector(config: IamUserConfig): Connector {
  const { stack, account, boundaryArn, groupOf, path = NAMES.iamPath, aws = {} } = config;
  const iam = new IAMClient({ ...aws, ...REPEATABLE });
  const once = new IAMClient({ ...aws, ...ONE_TRY });
  const sts = {
    endpoint: aws.endpoint ?? process.env['AWS_ENDPOINT_URL'],
    region: aws.region ?? process.env['AWS_REGION'] ?? 'us-east-1',
    timeoutMs: ONE_TRY.requestHandler.requestTimeout,
  };

  /** The user to act on. A record of another account, or one that names somebody else's user, is never acted on. */
  const userOf = ({ id, grant }: Credential): string => {
    if (grant.connector !== 'aws-iam-user' || grant.account !== account || !grant.accountName.endsWith(id.toLowerCase()))
      throw new Fault('misconfigured', false, `${id} is no credential for the IAM users of account ${account}`);
    return grant.accountName;
  };

  /**
   * A call on something that may be gone, which is success. Our role acts on users that carry our tag, and one that is not there
   * carries none: to that role IAM may say AccessDenied instead of NoSuchEntity, so it is asked whether there is a user at all.
   */
  const unlessGone = async (operation: string, user: string, send: () => Promise<unknown>): Promise<void> => {
    await ask(operation, send, {
      NoSuchEntity: () => undefined,
      AccessDenied: async (refusal) => {
        if (await findUser(iam, user)) throw refusal;
      },
    });
  };

  const deny = (UserName: string): Promise<void> => unlessGone('PutUserPolicy', UserName, () => putDeny(iam, UserName));

  return {
    ensureAccount: async (credential) => {
      const UserName = userOf(credential);
      const create = new CreateUserCommand({
        UserName,
        Path: path,
        PermissionsBoundary: boundaryArn,
        Tags: tagsOf(credential, stack),
      });
      await ask('CreateUser', () => once.send(create), {
        EntityAlreadyExists: async () => {
          const user = await findUser(iam, UserName);
          if (!user) throw new Fault('provider-throttled', true, 'GetUser: a user that is there is not seen yet');
          if (!isOurs(user, credential, path, stack)) throw new Fault('foreign-account', false, UserName);
          if (user.PermissionsBoundary?.PermissionsBoundaryArn !== boundaryArn)
            throw new Fault('provider-refused', false, `drift: ${UserName} has not our boundary`);
        },
      });
      const GroupName = groupOf(credential.grant.profile);
      await ask('AddUserToGroup', () => iam.send(new AddUserToGroupCommand({ UserName, GroupName })));
    },

    createVersion: async (credential, attempt) => {
      const UserName = userOf(credential);
      const { AccessKey } = await ask('CreateAccessKey', () => once.send(new CreateAccessKeyCommand({ UserName })));
      if (!AccessKey?.AccessKeyId || !AccessKey.SecretAccessKey)
        throw new Fault('provider-unknown', true, 'CreateAccessKey: an answer without a key');
      const keyId = AccessKey.AccessKeyId as KeyId;
      return { keyId, body: keyBody(credential, attempt, keyId, AccessKey.SecretAccessKey) };
    },

    listVersions: async (credential) => {
      const UserName = userOf(credential);
      let keyIds: readonly string[] = [];
      await unlessGone('ListAccessKeys', UserName, async () => {
        keyIds = await allPages(paginateListAccessKeys({ client: iam }, { UserName }), ({ AccessKeyMetadata }) =>
          AccessKeyMetadata?.map(({ AccessKeyId }) => AccessKeyId),
        );
      });
      return keyIds as readonly KeyId[];
    },

    keyIdOf: (body) => parseKeyBody(body).accessKeyId,
    verify: (body) => isUsable(parseKeyBody(body), account, path, sts),

    lastUsed: async (credential, AccessKeyId) => {
      const UserName = userOf(credential);
      const answer = await ask('GetAccessKeyLastUsed', () => iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId })), {
        NoSuchEntity: () => undefined,
        AccessDenied: async (refusal) => {
          if (await findUser(iam, UserName)) throw refusal;
        },
      });
      return answer?.AccessKeyLastUsed?.LastUsedDate?.getTime() as EpochMs | undefined;
    },

    disableVersion: async (credential, AccessKeyId) => {
      const UserName = userOf(credential);
      const update = new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Inactive' });
      await unlessGone('UpdateAccessKey', UserName, () => iam.send(update));
    },

    deleteVersion: async (credential, AccessKeyId) => {
      const UserName = userOf(credential);
      await unlessGone('DeleteAccessKey', UserName, () => iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId })));
    },

    deny: async (credential) => deny(userOf(credential)),

    lift: async (credential) => {
      const UserName = userOf(credential);
      await unlessGone('DeleteUserPolicy', UserName, () => takeDenyOff(once, UserName));
    },

    enableVersion: async (credential, AccessKeyId) => {
      const UserName = userOf(credential);
      let there = false;
      await unlessGone('UpdateAccessKey', UserName, async () => {
        await once.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Active' }));
        there = true;
      });
      return there;
    },

    tagOwner: async (credential, holder) => {
      const tag = new TagUserCommand({ UserName: userOf(credential), Tags: [{ Key: 'nhi:owner', Value: holder.key }] });
      await ask('TagUser', () => once.send(tag));
    },

    removeAccount: async (credential) => {
      const UserName = userOf(credential);
      const user = await findUser(iam, UserName);
      if (!user) return true;
      if (!isOurs(user, credential, path, stack)) throw new Fault('foreign-account', false, UserName);
      const { blocked } = credential;
      return removeUser(iam, once, UserName, deny, blocked?.step === 'remove-account' ? blocked.done : 0);
    },

    accountExists: async (credential) => (await findUser(iam, userOf(credential))) !== undefined,
  };
}
