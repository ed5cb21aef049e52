import { environmentCredentials } from '../../lib/adapters/aws/environment-credentials.ts';
import type { AwsJsonConfig } from '../../lib/client/aws-json.ts';
import { type Env, need } from './env.ts';

/** Region and credentials as Lambda gives them to a function. */
export const ofEnvironment = (env: Env): Omit<AwsJsonConfig, 'service' | 'json'> => ({
  region: need(env, 'AWS_REGION'),
  endpoint: env['AWS_ENDPOINT_URL'],
  credentials: environmentCredentials(),
});
