import { GetUserCommand, type IAMClient, type Tag, type User } from '@aws-sdk/client-iam';
import { ask } from '../../adapters/aws/aws-fault.ts';
import type { Credential } from '../../domain/credential/state.ts';

export const tagsOf = ({ id, holder, grant }: Credential, stack: string): Tag[] => [
  { Key: 'nhi:credential', Value: id },
  { Key: 'nhi:owner', Value: holder.key },
  { Key: 'nhi:profile', Value: grant.profile },
  { Key: 'nhi:stack', Value: stack },
];

/** With tags and boundary, unlike what a listing shows. */
export const findUser = (iam: IAMClient, UserName: string): Promise<User | undefined> =>
  ask('GetUser', async () => (await iam.send(new GetUserCommand({ UserName }))).User, { NoSuchEntity: () => undefined });

/** Whether a user of that name is the account of this credential. Not by its name alone: that could be anybody's choice. */
export const isOurs = ({ Path, Tags = [] }: User, { id }: Credential, path: string, stack: string): boolean => {
  const tags = new Map(Tags.map(({ Key, Value }) => [Key, Value]));
  return Path === path && tags.get('nhi:credential') === id && tags.get('nhi:stack') === stack;
};
