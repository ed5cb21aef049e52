import { globSync, readFileSync } from 'node:fs';
import { memoryLedger } from '../../lib/adapters/memory/ledger.ts';
import { memoryTokenStore } from '../../lib/adapters/memory/token-store.ts';

const HERE = `${import.meta.dirname}/../../lib/adapters/memory`;

/** Of consoles, of feeds, and of what can't be read: nobody in this world asks for them. */
const ELSEWHERE: readonly string[] = ['events', 'setAside', 'feed', 'appendFeed'];
/** What a test looks at, and no function calls. */
const LOOKED_AT: readonly string[] = ['credentials', 'owners', 'denyLists', 'policies', 'history', 'damaged', 'watch', 'records'];

/** Every call there is, as its adapter has it: the requests to a provider by their operation, what else there is by its method. */
export function sitesThereAre(): readonly string[] {
  const requests = globSync(`${HERE}/*.ts`).flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/\bsend\(\s*'([^']+)'/g)].map(
      ([, operation]) => `${path.includes('secrets') ? 'secrets' : 'iam'}.${operation}`,
    ),
  );
  const methods = (name: string, port: object): readonly string[] =>
    Object.keys(port)
      .filter((method) => !LOOKED_AT.includes(method) && !ELSEWHERE.includes(method))
      .map((method) => `${name}.${method}`);
  const plain = ['wake.send', 'wake.depth', 'keys.read', 'keys.write', 'api.answer'];
  return [...new Set([...requests, ...methods('ledger', memoryLedger()), ...methods('tokens', memoryTokenStore()), ...plain])];
}

/** So many worker steps reach each of them, where a run has time for a token key to grow old. */
export const STEPS_TO_REACH_ALL = 60_000;

/** Those that no run reached: their faults were never seen. */
export const unreached = (reached: ReadonlySet<string>): readonly string[] => sitesThereAre().filter((site) => !reached.has(site));
