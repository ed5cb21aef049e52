import http from 'node:http';
import https from 'node:https';
import { LocalCloudError } from './errors.ts';
import type { CallCounts } from './gateway/counts.ts';
import type { FaultRule, FiredFault } from './gateway/faults.ts';
import { CONTROL } from './gateway/routes.ts';

export interface Control {
  /** These faults from now on, instead of those before. */
  faults(rules: readonly FaultRule[]): Promise<void>;
  /** The faults that fired since they were set. */
  fired(): Promise<readonly FiredFault[]>;
  /** All calls since the start or the last reset. */
  counts(): Promise<CallCounts>;
  /** Forgets counts and faults; with `resources`, everything that was ever created as well. */
  reset(what?: { readonly resources?: boolean }): Promise<void>;
}

/** Over HTTP even in the same process, so that a cloud which another command started is no different. */
export const controlOf = (endpoint: string): Control => ({
  faults: async (rules) => void (await ask(endpoint, 'POST', 'faults', rules)),
  fired: async () => (await ask(endpoint, 'GET', 'fired')) as readonly FiredFault[],
  counts: async () => (await ask(endpoint, 'GET', 'counts')) as CallCounts,
  reset: async ({ resources = false } = {}) => void (await ask(endpoint, 'POST', 'reset', { resources })),
});

async function ask(endpoint: string, method: string, what: string, input?: unknown): Promise<unknown> {
  const { status, body } = await get(new URL(`${CONTROL}${what}`, endpoint), method, input);
  if (status === 400) throw new LocalCloudError(JSON.parse(body).message);
  if (status !== 200) throw new LocalCloudError(`${endpoint} has no faults and counts: it is not the embedded local cloud.`);
  return JSON.parse(body);
}

/** Not `fetch`: that would obey a proxy setting and keep the connection. */
export function get(url: URL, method = 'GET', input?: unknown): Promise<{ readonly status: number; readonly body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly status: number; readonly body: string }>();
  const options = { method, agent: false, timeout: 5_000, headers: { 'content-type': 'application/json' } } as const;
  const request = (url.protocol === 'https:' ? https : http).request(url, options, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('error', reject);
    response.on('data', (text: string) => {
      body += text;
    });
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
  });
  request.on('timeout', () => request.destroy(new Error('no answer in time')));
  request.on('error', (cause) => reject(new LocalCloudError(`Nothing answers at ${url.origin}.`, { cause })));
  request.end(input === undefined ? undefined : JSON.stringify(input));
  return promise;
}
