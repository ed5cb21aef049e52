import { awsHost } from '../../lib/client/aws-host.ts';
import { signedCall } from '../../lib/client/signed-call.ts';
import { RESET_ENV } from '../../lib/contract/env.ts';
import { ofEnvironment } from '../shared/aws-environment.ts';
import { need } from '../shared/env.ts';

const { env } = process;
const { region, endpoint, credentials } = ofEnvironment(env);
const stage = encodeURIComponent(need(env, RESET_ENV.stage));
const url = `${endpoint ?? `https://${awsHost('apigateway', region)}`}/v2/apis/${need(env, RESET_ENV.apiId)}/stages/${stage}/cache/authorizers`;

/** API Gateway forgets single answers of an HTTP API by nothing but their time, so all of the stage go. Throws, and Lambda asks again. */
export async function handler(): Promise<void> {
  const { status } = await signedCall({ url, method: 'DELETE', service: 'apigateway', region, credentials, timeoutMs: 3_000 });
  if (status !== 204) throw new Error(`ResetAuthorizersCache: ${status}`);
}
