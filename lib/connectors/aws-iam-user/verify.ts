import { GetCallerIdentityCommand, STSClient, type STSClientConfig } from '@aws-sdk/client-sts';
import { ask } from '../../adapters/aws/aws-fault.ts';
import { Fault } from '../../domain/faults.ts';
import type { KeyBody } from './key-body.ts';

const notYet = (): undefined => undefined;

/**
 * The refusals of a key that the service does not know: it has not heard of it yet, or the key is inactive or gone. STS says the
 * first; other services say the second for the same, and a service that knows the key id but not its secret yet can but say the third.
 *
 * AccessDenied is not among them. GetCallerIdentity needs no permission, and even an explicit deny of it, ours included, is passed
 * over; what can refuse it is a policy on the way (a VPC endpoint's), after the key was recognised. Waiting would not help, so that is
 * a fault that a person sees.
 */
const UNKNOWN_KEY = { InvalidClientTokenId: notYet, UnrecognizedClient: notYet, SignatureDoesNotMatch: notYet };

/** Uses the key, and looks whose it is: a value of another user must not be promoted. */
export async function isUsable(
  { accessKeyId, secretAccessKey, accountId, userName }: KeyBody,
  account: string,
  path: string,
  settings: STSClientConfig,
): Promise<boolean> {
  const sts = new STSClient({ ...settings, credentials: { accessKeyId, secretAccessKey } });
  const identity = await ask('GetCallerIdentity', () => sts.send(new GetCallerIdentityCommand({})), UNKNOWN_KEY);
  if (!identity) return false;
  const ours = accountId === account && identity.Account === account && identity.Arn?.endsWith(`:${account}:user${path}${userName}`);
  if (!ours) throw new Fault('provider-refused', false, 'GetCallerIdentity: the key is of another user than its value says');
  return true;
}
