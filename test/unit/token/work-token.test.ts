import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { providerWorld } from '../../../lib/adapters/memory/provider-world.ts';
import { memorySecrets } from '../../../lib/adapters/memory/secrets-manager.ts';
import { memoryTokenStore } from '../../../lib/adapters/memory/token-store.ts';
import type { Connector } from '../../../lib/application/ports.ts';
import { requestCredential } from '../../../lib/application/request-credential.ts';
import { workOnCredential } from '../../../lib/application/work-credential.ts';
import { apiTokenConnector } from '../../../lib/connectors/api-token/connector.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import { plusMs } from '../../../lib/domain/types.ts';
import { givenPolicy, givenProfile } from '../../given-policy.ts';
import { as, company } from '../application/company.ts';
import { KEYRING } from './given-tokens.ts';

const LEASE_MS = 90_000;

/** A token asked for that goes to a secret, and its worker. */
async function given(plant: (real: Connector) => Partial<Connector>) {
  const made = company(
    givenPolicy({ profiles: { p: givenProfile({ connector: 'api-token', scopes: ['orders:read'], environments: ['prod'] }) } }),
  );
  await made.joins('hr:1');
  const asked = { profile: 'p', purpose: 'x', environment: 'prod', consumers: ['c'], idempotencyKey: 'x' };
  const result = await requestCredential(made.ports)(as('hr:1', ['request']), 'arn', asked);
  if (!result.ok) throw new Error(result.why);
  const { id } = result.credential;
  const store = memoryTokenStore();
  const real = apiTokenConnector({ store, keyring: async () => KEYRING, account: '1', randomBytes });
  const secrets = memorySecrets(providerWorld(), made.ports.clock);
  const ports = { ...made.ports, connector: { ...real, ...plant(real) }, secrets, requestTimeoutMs: 10_000 };
  return { ...made, store, work: () => workOnCredential(ports)(id, plusMs(made.now(), 40_000)), stateOf: () => made.state(id) };
}

describe('a token whose making was not answered', () => {
  it('is made again under its attempt when the lease is over: the provider never has one that nobody knows', async () => {
    const lost: string[] = [];
    const here = await given((real) => ({
      createVersion: async (credential, attempt) => {
        const made = await real.createVersion(credential, attempt);
        if (lost.push(attempt) === 1) throw new Fault('provider-unknown', true, 'createVersion');
        return made;
      },
    }));
    expect((await here.work()).end).toBe('answer-lost');
    here.later(LEASE_MS);
    expect((await here.work()).state?.versions).toMatchObject([{ phase: 'current' }]);
    here.later(LEASE_MS); // nothing is out that could still land, and its readers may have it
    await here.work();
    const { status, attempts, versions } = await here.stateOf();
    expect([status, attempts, versions.map(({ phase }) => phase)]).toEqual(['active', [lost[0]], ['current']]);
    expect([...here.store.records.values()].flatMap((record) => record.versions.map(({ attempt }) => attempt))).toEqual(attempts);
  });
});
