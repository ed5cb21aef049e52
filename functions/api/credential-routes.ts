import { randomUUID } from 'node:crypto';
import { changeCredential } from '../../lib/application/change-credential.ts';
import { listCredentials, showCredential } from '../../lib/application/consult.ts';
import { type RequestPorts, requestCredential } from '../../lib/application/request-credential.ts';
import { VERBS, type Verb } from '../../lib/domain/authorize.ts';
import { Fault } from '../../lib/domain/faults.ts';
import type { CredentialId } from '../../lib/domain/types.ts';
import { CREDENTIAL_ID, Reason, read } from '../shared/read-body.ts';
import { type HttpEvent, type HttpResult, inPath, type Route, signedBy } from './http.ts';
import { cannot } from './in-words.ts';
import { invalid, json, refusal } from './problem.ts';
import { IDEMPOTENCY_KEY, NewCredential, Transfer } from './request.ts';
import { credentialView, listedView } from './view.ts';
import { timelineView } from './view-timeline.ts';

export const credentialRoutes = (ports: RequestPorts): readonly Route[] => [
  { method: 'POST', path: '/v1/credentials', handler: postCredential(ports) },
  { method: 'GET', path: '/v1/credentials', handler: getCredentials(ports) },
  { method: 'GET', path: '/v1/credentials/{id}', handler: getCredential(ports) },
  ...VERBS.map((verb): Route => ({ method: 'POST', path: `/v1/credentials/{id}/${verb}`, handler: postChange(ports, verb) })),
];

const credentialId = (event: HttpEvent): CredentialId | undefined => {
  const id = inPath(event, 'id');
  return CREDENTIAL_ID.test(id) ? (id as CredentialId) : undefined;
};
const badId = (event: HttpEvent): HttpResult =>
  invalid([{ field: 'id', value: inPath(event, 'id').slice(0, 100), rule: 'must be cred_ and 26 characters' }]);

function postCredential(ports: RequestPorts): Route['handler'] {
  const request = requestCredential(ports);
  return async (event) => {
    const asked = read(NewCredential, event.body);
    if (!asked.ok) return invalid(asked.errors);
    const idempotencyKey = event.headers['idempotency-key'] ?? randomUUID();
    if (!IDEMPOTENCY_KEY.test(idempotencyKey)) {
      const rule = 'must be 1 to 100 printable ASCII characters without spaces';
      return invalid([{ field: 'Idempotency-Key', value: idempotencyKey.slice(0, 100), rule }]);
    }
    const { arn, caller } = signedBy(ports.policy, event);
    const { owner: ownerRef, ...rest } = asked.value;
    const result = await request(caller, arn, { ...rest, ...(ownerRef !== undefined && { owner: ownerRef }), idempotencyKey });
    return result.ok ? json(result.created ? 201 : 200, credentialView(result.credential)) : refusal(result);
  };
}

function getCredential({ ledger, policy }: RequestPorts): Route['handler'] {
  const show = showCredential(ledger);
  return async (event) => {
    const id = credentialId(event);
    if (!id) return badId(event);
    const { arn, caller } = signedBy(policy, event);
    const result = await show(caller, arn, id);
    return result.ok ? json(200, timelineView(result)) : refusal(result);
  };
}

function postChange(ports: RequestPorts, verb: Verb): Route['handler'] {
  const change = changeCredential(ports);
  return async (event) => {
    const id = credentialId(event);
    if (!id) return badId(event);
    const asked = read(verb === 'transfer' ? Transfer : Reason, event.body);
    if (!asked.ok) return invalid(asked.errors);
    const { arn, caller } = signedBy(ports.policy, event);
    const result = await change(caller, arn, id, { verb, ...asked.value });
    if (result.ok) return json(202, credentialView(result.credential));
    return refusal(result, 'credential' in result && result.credential ? cannot(verb, result.credential) : undefined);
  };
}

function getCredentials({ ledger, policy }: RequestPorts): Route['handler'] {
  const list = listCredentials(ledger);
  return async (event) => {
    const { arn, caller } = signedBy(policy, event);
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
  };
}
