import { showOwner } from '../../lib/application/consult.ts';
import { killOwner } from '../../lib/application/kill-owner.ts';
import type { RequestPorts } from '../../lib/application/request-credential.ts';
import { Reason, read } from '../shared/read-body.ts';
import { inPath, type Route, signedBy } from './http.ts';
import { invalid, json, refusal } from './problem.ts';
import { credentialView, ownerView } from './view.ts';

export const ownerRoutes = (ports: RequestPorts): readonly Route[] => [
  { method: 'GET', path: '/v1/owners/{ref}', handler: getOwner(ports) },
  { method: 'POST', path: '/v1/owners/{ref}/kill', handler: postKill(ports, 'kill') },
  { method: 'POST', path: '/v1/owners/{ref}/unkill', handler: postKill(ports, 'unkill') },
];

function getOwner(ports: RequestPorts): Route['handler'] {
  const owner = showOwner(ports);
  return async (event) => {
    const { arn, caller } = signedBy(ports.policy, event);
    const result = await owner(caller, arn, inPath(event, 'ref'));
    return result.ok
      ? json(200, { ...ownerView(result.owner, result.killEntry), credentials: result.credentials.map(credentialView), more: result.more })
      : refusal(result);
  };
}

function postKill(ports: RequestPorts, verb: 'kill' | 'unkill'): Route['handler'] {
  const kill = killOwner(ports);
  return async (event) => {
    const asked = read(Reason, event.body);
    if (!asked.ok) return invalid(asked.errors);
    const { arn, caller } = signedBy(ports.policy, event);
    const result = await kill(caller, arn, inPath(event, 'ref'), verb, asked.value.reason);
    return result.ok ? json(202, ownerView(result.owner)) : refusal(result);
  };
}
