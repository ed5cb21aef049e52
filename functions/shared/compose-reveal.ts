import { setTimeout as sleep } from 'node:timers/promises';
import type { RevealPorts } from '../../lib/application/reveal-token.ts';
import { composeRecords, REQUEST_TIMEOUT_MS } from './compose.ts';
import { composeTokens } from './compose-token-worker.ts';
import type { Env } from './env.ts';

/** What shows a token once: the connector of tokens, and no secrets. */
export const composeReveal = (env: Env): RevealPorts => ({
  ...composeRecords(env),
  connector: composeTokens(env),
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
  pause: async (ms) => void (await sleep(ms)),
});
