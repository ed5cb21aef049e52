import type { AwsCredentials } from '../../client/signed-call.ts';
import { Fault } from '../../domain/faults.ts';

/** What Lambda gives a function; there are no others. */
export function environmentCredentials(): AwsCredentials {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = process.env;
  if (!accessKeyId || !secretAccessKey) throw new Fault('misconfigured', false, 'the environment has no credentials');
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}

/**
 * In every bundle this stands for the SDK's chain of providers: a function never asks a file, a metadata service or a sign-on for
 * credentials, and 100 KB of its cold start are gone.
 * @public
 */
export const defaultProvider = () => async (): Promise<AwsCredentials> => environmentCredentials();
