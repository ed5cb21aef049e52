import { ask } from '../../adapters/aws/aws-fault.ts';
import { plainCall } from '../../adapters/aws/plain-call.ts';
import { awsHost } from '../../client/aws-host.ts';
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

export interface StsSettings {
  /** @default the regional one of AWS */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly timeoutMs: number;
}

/** Uses the key, and looks whose it is: a value of another user must not be promoted. Sent once. */
export async function isUsable(
  { accessKeyId, secretAccessKey, accountId, userName }: KeyBody,
  account: string,
  path: string,
  { endpoint, region, timeoutMs }: StsSettings,
): Promise<boolean> {
  const call = {
    url: endpoint ?? `https://${awsHost('sts', region)}`,
    ...{ service: 'sts', region, timeoutMs, credentials: { accessKeyId, secretAccessKey } },
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  };
  const answer = await ask('GetCallerIdentity', () => plainCall(call), UNKNOWN_KEY);
  if (answer === undefined) return false;
  const [, arn] = /<Arn>([^<]+)<\/Arn>/.exec(answer) ?? [];
  const [, of] = /<Account>(\d+)<\/Account>/.exec(answer) ?? [];
  if (!arn || !of) throw new Fault('provider-unknown', true, 'GetCallerIdentity: an answer without an identity');
  const ours = accountId === account && of === account && arn.endsWith(`:${account}:user${path}${userName}`);
  if (!ours) throw new Fault('provider-refused', false, 'GetCallerIdentity: the key is of another user than its value says');
  return true;
}
