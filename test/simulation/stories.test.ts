import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { memoryLedger } from '../../lib/adapters/memory/ledger.ts';
import { STORIES } from './stories/index.ts';
import { singles, tell } from './tell.ts';

const reached = new Set<string>();

describe('the life of a credential', () => {
  it.each(STORIES)('$name: every kind of fault at every call', async (story) => {
    const failures: string[] = [];
    const whole = await tell(story, []);
    expect(whole.violation).toBeUndefined();
    for (const faults of await singles(story)) {
      const { violation, sites } = await tell(story, faults);
      for (const site of sites) reached.add(site);
      for (const { kind, at, delayMs } of violation ? faults : [])
        failures.push(`${kind} at ${sites[at]} (${at}, ${delayMs} ms): ${violation?.message}`);
    }
    expect(failures.slice(0, 3)).toEqual([]);
  });

  it('every call there is was reached by one of them, and so had its faults', () => {
    const sources = globSync('lib/adapters/memory/*.ts').map((path) => [path, readFileSync(path, 'utf8')] as const);
    const requests = sources.flatMap(([path, text]) =>
      [...text.matchAll(/\bsend\(\s*'([^']+)'/g)].map(([, operation]) => `${path.includes('secrets') ? 'secrets' : 'iam'}.${operation}`),
    );
    const { watch: _watch, credentials: _c, owners: _o, history: _h, damaged: _d, ...ledger } = memoryLedger();
    /** Of consoles, of feeds, of another policy, and of what can't be read: no story has them. */
    const elsewhere = [
      'events',
      'live',
      'heldIn',
      'closeBatch',
      'openBatch',
      'release',
      'setAside',
      'credentialsOf',
      'findings',
      'putFinding',
      'unrested',
      ...['denyLists', 'policy', 'appendPolicy', 'feed', 'appendFeed'],
    ];
    const methods = Object.keys(ledger).filter((method) => !elsewhere.includes(method));
    expect(requests.length).toBeGreaterThan(25);
    const sites = [...requests, ...methods.map((method) => `ledger.${method}`), 'wake.send', 'wake.depth'];
    expect(sites.filter((site) => !reached.has(site))).toEqual([]);
  });
});
