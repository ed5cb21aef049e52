import type { APIGatewayRequestAuthorizerEventV2 } from 'aws-lambda';
import { tokenVerifier } from '../../lib/client/token-verifier.ts';
import { AUTHORIZER_ENV } from '../../lib/contract/env.ts';
import { ofEnvironment } from '../shared/aws-environment.ts';
import { need } from '../shared/env.ts';
import { bearerIn, scopesOfRoutes } from './request.ts';

const { env } = process;
const verify = tokenVerifier({
  ...ofEnvironment(env),
  table: need(env, AUTHORIZER_ENV.table),
  tokenKeys: need(env, AUTHORIZER_ENV.tokenKeys),
  environment: need(env, AUTHORIZER_ENV.environment),
});
const scopes = scopesOfRoutes(need(env, AUTHORIZER_ENV.scopes));

interface Answer {
  readonly isAuthorized: boolean;
  /** For the service behind: who it is. Nothing where the answer is no. */
  readonly context?: { readonly credentialId: string; readonly ownerId: string; readonly scopes: string };
}

/** API Gateway asks once a token and route, and keeps the answer for the stage's time. The reason of a refusal stays in the log. */
export async function handler(event: APIGatewayRequestAuthorizerEventV2): Promise<Answer> {
  const scope = scopes.get(event.routeKey);
  const token = bearerIn(event.headers?.['authorization']);
  const verdict = scope === undefined || token === undefined ? undefined : await verify(token, scope);
  if (verdict?.ok) {
    const { credentialId, ownerId, scopes: granted } = verdict;
    return { isAuthorized: true, context: { credentialId, ownerId, scopes: granted.join(' ') } };
  }
  const why = verdict?.why ?? (scope === undefined ? 'route-without-scope' : 'no-bearer');
  console.info(JSON.stringify({ message: 'refused', why, route: event.routeKey, requestId: event.requestContext.requestId }));
  return { isAuthorized: false };
}
