import type { APIGatewayProxyEventV2WithIAMAuthorizer as HttpEvent, APIGatewayProxyStructuredResultV2 as HttpResult } from 'aws-lambda';
import { revealToken } from '../../lib/application/reveal-token.ts';
import { callerOf } from '../../lib/domain/authorize.ts';
import type { CredentialId } from '../../lib/domain/types.ts';
import { composeReveal } from '../shared/compose-reveal.ts';
import { log } from '../shared/log.ts';
import { CREDENTIAL_ID, read } from '../shared/read-body.ts';
import { Reveal } from './request.ts';

const ports = composeReveal(process.env);
const reveal = revealToken(ports);

const HEADERS = { 'cache-control': 'no-store' };
const STATUS: Readonly<Record<string, number>> = { 'unmapped-caller': 403, 'right-missing': 403, 'not-the-owner': 403, 'not-found': 404 };
const TITLE: Readonly<Record<string, string>> = {
  'unmapped-caller': 'No rule under `callers` of the policy matches this caller',
  'not-the-owner': 'Only the owner of the credential, or who acts for them, may see its token',
  'not-found': 'There is no such thing, or not for this caller',
  'not-delivered-once': 'Its token is in its secret, for its consumers',
  'not-made': 'No token could be made just now; ask again',
  'already-rotating': 'Two tokens of it are there already: the old one goes when its time is over, or at once with `lost`',
  'not-active': 'The credential is not active',
  'already-ending': 'The credential is revoked, or about to be; nothing revives it',
};

const problem = (status: number, code: string, errors: readonly object[]): HttpResult => ({
  statusCode: status,
  headers: { ...HEADERS, 'content-type': 'application/problem+json' },
  body: JSON.stringify({ type: `urn:nhi-lifecycle:problem:${code}`, title: TITLE[code] ?? code, status, code, errors }),
});

/** `POST /v1/credentials/{id}/token`: the one answer in which a token ever stands. It is logged that it was shown, and to whom; never what. */
export async function handler(event: HttpEvent): Promise<HttpResult> {
  const id = event.pathParameters?.['id'] ?? '';
  if (!CREDENTIAL_ID.test(id))
    return problem(400, 'invalid-request', [{ field: 'id', value: id, rule: 'must be cred_ and 26 characters' }]);
  const asked = read(Reveal, event.body);
  if (!asked.ok) return problem(400, 'invalid-request', asked.errors);
  const arn = event.requestContext.authorizer.iam.userArn;
  const found = await reveal(callerOf(ports.policy.callers, arn), arn, id as CredentialId, asked.value);
  if (!found.ok)
    return problem(STATUS[found.why] ?? 409, found.why, [{ field: found.field, value: found.value, rule: TITLE[found.why] ?? found.why }]);
  log.info('token shown', { credential: id, to: arn });
  return { statusCode: 201, headers: { ...HEADERS, 'content-type': 'application/json' }, body: found.body.reveal() };
}
