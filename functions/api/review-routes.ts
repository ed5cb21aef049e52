import { listFindings } from '../../lib/application/consult.ts';
import { listBatches, releaseBatch } from '../../lib/application/release-batch.ts';
import type { RequestPorts } from '../../lib/application/request-credential.ts';
import { Reason, read } from '../shared/read-body.ts';
import { inPath, type Route, signedBy } from './http.ts';
import { invalid, json, refusal } from './problem.ts';
import { SEAL } from './request.ts';
import { findingView } from './view.ts';
import { batchView, releaseView } from './view-batch.ts';

/** What auditors and stewards look at, and let go. */
export const reviewRoutes = (ports: RequestPorts): readonly Route[] => [
  { method: 'GET', path: '/v1/findings', handler: getFindings(ports) },
  { method: 'GET', path: '/v1/batches', handler: getBatches(ports) },
  { method: 'POST', path: '/v1/batches/{seal}/release', handler: postRelease(ports) },
];

function getFindings({ ledger, policy }: RequestPorts): Route['handler'] {
  const findings = listFindings(ledger);
  return async (event) => {
    const { arn, caller } = signedBy(policy, event);
    const result = await findings(caller, arn);
    return result.ok ? json(200, { findings: result.findings.map(findingView) }) : refusal(result);
  };
}

function getBatches(ports: RequestPorts): Route['handler'] {
  const batches = listBatches(ports);
  return async (event) => {
    const { arn, caller } = signedBy(ports.policy, event);
    const result = await batches(caller, arn);
    if (!result.ok) return refusal(result);
    const { held, released, names } = result;
    return json(200, { held: held ? batchView(held) : null, released: released.map((one) => releaseView(one, names)) });
  };
}

function postRelease(ports: RequestPorts): Route['handler'] {
  const release = releaseBatch(ports);
  return async (event) => {
    const seal = inPath(event, 'seal');
    if (!SEAL.test(seal)) return invalid([{ field: 'seal', value: seal.slice(0, 100), rule: 'must be what `GET /v1/batches` calls seal' }]);
    const asked = read(Reason, event.body);
    if (!asked.ok) return invalid(asked.errors);
    const { arn, caller } = signedBy(ports.policy, event);
    const result = await release(caller, arn, seal, asked.value.reason);
    return result.ok ? json(200, { ...releaseView(result.release), owners: result.owners }) : refusal(result);
  };
}
