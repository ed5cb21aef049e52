import { DeleteUserCommand, DeleteUserPolicyCommand, type IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { ask } from '../../adapters/aws/aws-fault.ts';
import { Fault } from '../../domain/faults.ts';
import { takeAwayWhatHangsOn } from './attachments.ts';

const DENY = 'nhi-deny';
const DENY_ALL = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] });

/** Refuses everything to a user, whatever keys it has. Not yet asked whether the user is there. */
export const putDeny = (iam: IAMClient, UserName: string): Promise<unknown> =>
  iam.send(new PutUserPolicyCommand({ UserName, PolicyName: DENY, PolicyDocument: DENY_ALL }));

/**
 * Takes away what hangs on a denied user, the deny last, and deletes it. `false`: something came in between, and the deny is back.
 * `once` must not repeat by itself: a repetition could take the deny off again after it was put back. `from`: see `takeAwayWhatHangsOn`.
 */
export async function removeUser(
  iam: IAMClient,
  once: IAMClient,
  UserName: string,
  deny: (userName: string) => Promise<unknown>,
  from = 0,
): Promise<boolean> {
  const done = await takeAwayWhatHangsOn(iam, UserName, DENY, from);
  try {
    if (await deleteUser(once, UserName)) return true;
  } catch (fault) {
    await deny(UserName).catch(() => undefined); // the fault that came first says more, and the step is repeated
    throw fault instanceof Fault ? fault.after(done) : fault;
  }
  await deny(UserName);
  return false;
}

const gone = () => undefined;

/** `once` must not repeat by itself: a repetition could come after a new deny. Not yet asked whether there is one to take off. */
export const takeDenyOff = (once: IAMClient, UserName: string): Promise<unknown> =>
  once.send(new DeleteUserPolicyCommand({ UserName, PolicyName: DENY }));

async function deleteUser(once: IAMClient, UserName: string): Promise<boolean> {
  await ask('DeleteUserPolicy', () => takeDenyOff(once, UserName), { NoSuchEntity: gone });
  return ask('DeleteUser', async () => void (await once.send(new DeleteUserCommand({ UserName }))), {
    NoSuchEntity: gone,
    DeleteConflict: () => false,
  }).then((conflict) => conflict !== false);
}
