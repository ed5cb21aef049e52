import type { APIGatewayProxyEventV2WithIAMAuthorizer, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { type Caller, callerOf } from '../../lib/domain/authorize.ts';
import type { Policy } from '../../lib/domain/policy.ts';

export type HttpEvent = APIGatewayProxyEventV2WithIAMAuthorizer;
export type HttpResult = APIGatewayProxyStructuredResultV2;

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly handler: (event: HttpEvent) => Promise<HttpResult>;
}

/** API Gateway has checked the signature; the ARN is whose it was. */
export function signedBy(
  { callers }: Policy,
  { requestContext }: HttpEvent,
): { readonly arn: string; readonly caller: Caller | undefined } {
  const arn = requestContext.authorizer.iam.userArn;
  return { arn, caller: callerOf(callers, arn) };
}

/** A part of the path, decoded; what can't be is as it came, and will be found nowhere. */
export function inPath({ pathParameters }: HttpEvent, name: string): string {
  const part = pathParameters?.[name] ?? '';
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
