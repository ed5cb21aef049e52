import { describe, expect, it } from 'vitest';
import type { Connector, Ledger } from '../../lib/application/ports.ts';
import { everyFault, everyPair, type Leave, tell } from './story.ts';

const LEAVES: readonly Leave[] = ['when-active', 'at-once', 'when-rotated'];
/** Calls after the first fault that get a second one: through the recovery and the look after it. */
const REACH = 12;

const failures: string[] = [];
const note = (faults: unknown, violation: string | undefined): void => {
  if (violation) failures.push(`${JSON.stringify(faults)}: ${violation}`);
};

describe('one owner joins, gets a credential, leaves', () => {
  it('without a fault it takes each step once', async () => {
    const { violation, reached } = await tell([], 'when-active');
    expect(violation).toBeUndefined();
    const once = [
      'connector.ensureAccount',
      'secrets.ensure',
      'connector.createVersion',
      'secrets.put',
      'connector.verify',
      'connector.deny',
    ];
    expect(Object.fromEntries(once.map((site) => [site, reached.get(site)]))).toEqual(Object.fromEntries(once.map((site) => [site, 1])));
  });

  it.each(LEAVES)('every kind of fault at every call, the owner leaving %s: no key is left, none unknown', async (leave) => {
    failures.length = 0;
    for await (const { faults, violation } of everyFault(leave)) note(faults, violation);
    expect(failures).toEqual([]);
  });

  it.each(['when-active', 'at-once'] as const)('a second fault in what follows the first, the owner leaving %s', async (leave) => {
    failures.length = 0;
    for await (const { faults, violation } of everyPair(leave, REACH)) note(faults, violation);
    expect(failures).toEqual([]);
  });

  it('every call there is was reached, and so had its faults', async () => {
    const reached = new Set<string>();
    for (const leave of LEAVES) for await (const told of everyFault(leave)) for (const site of told.reached.keys()) reached.add(site);
    const connector: readonly (keyof Connector)[] = [
      ...(['ensureAccount', 'createVersion', 'listVersions', 'verify', 'lastUsed', 'disableVersion', 'deleteVersion'] as const),
      ...(['deny', 'removeAccount', 'accountExists'] as const),
    ];
    const ledger: readonly (keyof Ledger)[] = [
      ...(['credential', 'owner', 'ownerByAlias', 'credentialByRequest', 'heldBy'] as const),
      ...(['appendCredential', 'appendOwner', 'due', 'postpone'] as const),
    ];
    const secrets = ['ensure', 'put', 'read', 'promote', 'share', 'withdraw', 'readable'];
    const sites = [
      ...connector.map((name) => `connector.${name}`),
      ...ledger.map((name) => `ledger.${name}`),
      ...secrets.map((name) => `secrets.${name}`),
      ...['wake.send', 'wake.depth'],
    ];
    expect(sites.filter((site) => !reached.has(site))).toEqual([]);
  });
});
