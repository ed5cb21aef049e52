import { randomUUID } from 'node:crypto';
import middy from '@middy/core';
import httpRouter from '@middy/http-router';
import type { APIGatewayProxyEventV2WithIAMAuthorizer as HttpEvent, APIGatewayProxyStructuredResultV2 as HttpResult } from 'aws-lambda';
import { changeCredential } from '../../lib/application/change-credential.ts';
import { listCredentials, listFindings, showCredential, showOwner } from '../../lib/application/consult.ts';
import { killOwner } from '../../lib/application/kill-owner.ts';
import { listBatches, releaseBatch } from '../../lib/application/release-batch.ts';
import { requestCredential } from '../../lib/application/request-credential.ts';
import { type Caller, callerOf, VERBS, type Verb } from '../../lib/domain/authorize.ts';
import { Fault } from '../../lib/domain/faults.ts';
import type { CredentialId } from '../../lib/domain/types.ts';
import { composeRequests } from '../shared/compose.ts';
import { log } from '../shared/log.ts';
import { cannot } from './in-words.ts';
import { invalid, json, problem, refusal } from './problem.ts';
import { CREDENTIAL_ID, IDEMPOTENCY_KEY, NewCredential, Reason, read, SEAL, Transfer } from './request.ts';
import { credentialView, findingView, listedView, ownerView } from './view.ts';
import { batchView, releaseView } from './view-batch.ts';
import { timelineView } from './view-timeline.ts';

const ports = composeRequests(process.env);
const request = requestCredential(ports);
const show = showCredential(ports.ledger);
const owner = showOwner(ports);
const kill = killOwner(ports);
const list = listCredentials(ports.ledger);
const findings = listFindings(ports.ledger);
const change = changeCredential(ports);
const batches = listBatches(ports);
const release = releaseBatch(ports);

interface Signed {
  readonly arn: string;
  readonly caller: Caller | undefined;
}

/** API Gateway has checked the signature; the ARN is whose it was. */
function signedBy({ requestContext }: HttpEvent): Signed {
  const arn = requestContext.authorizer.iam.userArn;
  return { arn, caller: callerOf(ports.policy.callers, arn) };
}

const credentialId = (event: HttpEvent): CredentialId | undefined => {
  const id = event.pathParameters?.['id'] ?? '';
  return CREDENTIAL_ID.test(id) ? (id as CredentialId) : undefined;
};
const badId = (event: HttpEvent): HttpResult =>
  invalid([{ field: 'id', value: event.pathParameters?.['id'] ?? '', rule: 'must be cred_ and 26 characters' }]);

async function postCredential(event: HttpEvent): Promise<HttpResult> {
  const asked = read(NewCredential, event.body);
  if (!asked.ok) return invalid(asked.errors);
  const idempotencyKey = event.headers['idempotency-key'] ?? randomUUID();
  if (!IDEMPOTENCY_KEY.test(idempotencyKey))
    return invalid([
      { field: 'Idempotency-Key', value: idempotencyKey.slice(0, 100), rule: 'must be 1 to 100 printable ASCII characters without spaces' },
    ]);
  const { arn, caller } = signedBy(event);
  const { owner: ownerRef, ...rest } = asked.value;
  const result = await request(caller, arn, { ...rest, ...(ownerRef !== undefined && { owner: ownerRef }), idempotencyKey });
  return result.ok ? json(result.created ? 201 : 200, credentialView(result.credential)) : refusal(result);
}

async function getCredential(event: HttpEvent): Promise<HttpResult> {
  const id = credentialId(event);
  if (!id) return badId(event);
  const { arn, caller } = signedBy(event);
  const result = await show(caller, arn, id);
  return result.ok ? json(200, timelineView(result)) : refusal(result);
}

const postChange =
  (verb: Verb) =>
  async (event: HttpEvent): Promise<HttpResult> => {
    const id = credentialId(event);
    if (!id) return badId(event);
    const asked = read(verb === 'transfer' ? Transfer : Reason, event.body);
    if (!asked.ok) return invalid(asked.errors);
    const { arn, caller } = signedBy(event);
    const result = await change(caller, arn, id, { verb, ...asked.value });
    if (result.ok) return json(202, credentialView(result.credential));
    return refusal(result, 'credential' in result && result.credential ? cannot(verb, result.credential) : undefined);
  };

async function getOwner(event: HttpEvent): Promise<HttpResult> {
  const { arn, caller } = signedBy(event);
  const result = await owner(caller, arn, decodeURIComponent(event.pathParameters?.['ref'] ?? ''));
  return result.ok
    ? json(200, { ...ownerView(result.owner, result.killEntry), credentials: result.credentials.map(credentialView), more: result.more })
    : refusal(result);
}

const postKill =
  (verb: 'kill' | 'unkill') =>
  async (event: HttpEvent): Promise<HttpResult> => {
    const asked = read(Reason, event.body);
    if (!asked.ok) return invalid(asked.errors);
    const { arn, caller } = signedBy(event);
    const result = await kill(caller, arn, decodeURIComponent(event.pathParameters?.['ref'] ?? ''), verb, asked.value.reason);
    return result.ok ? json(202, ownerView(result.owner)) : refusal(result);
  };

async function getCredentials(event: HttpEvent): Promise<HttpResult> {
  const { arn, caller } = signedBy(event);
  const after = event.queryStringParameters?.['after'];
  try {
    const result = await list(caller, arn, after);
    return result.ok
      ? json(200, { credentials: result.page.map(listedView), unreadable: result.unreadable, next: result.nextCursor ?? null })
      : refusal(result);
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'misconfigured')) throw error;
    return invalid([{ field: 'after', value: after?.slice(0, 100) ?? '', rule: 'must be what `next` of the page before said' }]);
  }
}

async function getFindings(event: HttpEvent): Promise<HttpResult> {
  const { arn, caller } = signedBy(event);
  const result = await findings(caller, arn);
  return result.ok ? json(200, { findings: result.findings.map(findingView) }) : refusal(result);
}

async function getBatches(event: HttpEvent): Promise<HttpResult> {
  const { arn, caller } = signedBy(event);
  const result = await batches(caller, arn);
  return result.ok
    ? json(200, {
        held: result.held ? batchView(result.held) : null,
        released: result.released.map((one) => releaseView(one, result.names)),
      })
    : refusal(result);
}

async function postRelease(event: HttpEvent): Promise<HttpResult> {
  const seal = event.pathParameters?.['seal'] ?? '';
  if (!SEAL.test(seal)) return invalid([{ field: 'seal', value: seal.slice(0, 100), rule: 'must be what `GET /v1/batches` calls seal' }]);
  const asked = read(Reason, event.body);
  if (!asked.ok) return invalid(asked.errors);
  const { arn, caller } = signedBy(event);
  const result = await release(caller, arn, seal, asked.value.reason);
  return result.ok ? json(200, { ...releaseView(result.release), owners: result.owners }) : refusal(result);
}

const routes = [
  { method: 'POST', path: '/v1/credentials', handler: postCredential },
  { method: 'GET', path: '/v1/credentials', handler: getCredentials },
  { method: 'GET', path: '/v1/credentials/{id}', handler: getCredential },
  ...VERBS.map((verb) => ({ method: 'POST' as const, path: `/v1/credentials/{id}/${verb}`, handler: postChange(verb) })),
  { method: 'GET', path: '/v1/owners/{ref}', handler: getOwner },
  { method: 'POST', path: '/v1/owners/{ref}/kill', handler: postKill('kill') },
  { method: 'POST', path: '/v1/owners/{ref}/unkill', handler: postKill('unkill') },
  { method: 'GET', path: '/v1/findings', handler: getFindings },
  { method: 'GET', path: '/v1/batches', handler: getBatches },
  { method: 'POST', path: '/v1/batches/{seal}/release', handler: postRelease },
] as const;

/** A route nobody has is told as such; anything else that breaks is logged in full and told in one word. */
const broken = {
  onError: (handling: { error: unknown; response: unknown }): void => {
    const status = handling.error instanceof Error && 'statusCode' in handling.error ? Number(handling.error.statusCode) : 500;
    if (status === 404) handling.response = problem(404, 'no-such-route', 'There is no such route; see the README for those there are', []);
    else {
      log.error('request failed', { error: handling.error instanceof Error ? handling.error : new Error('unknown') });
      handling.response = problem(
        500,
        'internal',
        'Something broke; nothing was half done, and asking again with the same Idempotency-Key is safe',
        [],
      );
    }
  },
};

export const handler = middy<HttpEvent, HttpResult>()
  .use(broken)
  .handler(httpRouter({ routes: [...routes] }));
