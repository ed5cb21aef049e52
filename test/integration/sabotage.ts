import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  IAMClient,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { DeleteSecretCommand, RestoreSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Issued } from '../../local/play/issued.ts';
import { activeKeysOf } from '../../local/play/outside.ts';

/** What somebody does to the account behind the play's back; gives what puts it right again. */
type Plant = (living: Issued) => Promise<() => Promise<unknown>>;

const iam = () => new IAMClient({});
const secrets = () => new SecretsManagerClient({});

/** Each makes one claim of the play's end untrue, and no other. */
export const PLANTS: readonly (readonly [string, RegExp, Plant])[] = [
  [
    'a user nobody asked for',
    /IAM lists exactly \d+ users under \/nhi\/: \+planted$/,
    async () => {
      await iam().send(new CreateUserCommand({ UserName: 'planted', Path: '/nhi/' }));
      const { AccessKey } = await iam().send(new CreateAccessKeyCommand({ UserName: 'planted' }));
      const key = { UserName: 'planted', AccessKeyId: AccessKey?.AccessKeyId };
      return async () => {
        await iam().send(new DeleteAccessKeyCommand(key));
        await iam().send(new DeleteUserCommand({ UserName: 'planted' }));
      };
    },
  ],
  [
    'a second key on a user of ours',
    /each of them has exactly one active key/,
    async ({ userName }) => {
      const { AccessKey } = await iam().send(new CreateAccessKeyCommand({ UserName: userName }));
      const key = { UserName: userName, AccessKeyId: AccessKey?.AccessKeyId };
      return () => iam().send(new DeleteAccessKeyCommand(key));
    },
  ],
  [
    'a secret that is gone',
    /Secrets Manager has exactly \d+ readable secrets under nhi\/: -nhi\//,
    async ({ secretName: SecretId }) => {
      await secrets().send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
      return () => secrets().send(new RestoreSecretCommand({ SecretId }));
    },
  ],
  [
    'another key than the one that is read there',
    /what the services read there makes a real signed call, and it is accepted: cred_/,
    async (living) => {
      const [AccessKeyId] = await activeKeysOf(living);
      const of = { UserName: living.userName };
      const { AccessKey } = await iam().send(new CreateAccessKeyCommand(of));
      await iam().send(new UpdateAccessKeyCommand({ ...of, AccessKeyId, Status: 'Inactive' }));
      return async () => {
        await iam().send(new DeleteAccessKeyCommand({ ...of, AccessKeyId: AccessKey?.AccessKeyId }));
        await iam().send(new UpdateAccessKeyCommand({ ...of, AccessKeyId, Status: 'Active' }));
      };
    },
  ],
];
