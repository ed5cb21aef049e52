import middy from '@middy/core';
import httpRouter from '@middy/http-router';
import type { RequestPorts } from '../../lib/application/request-credential.ts';
import { log } from '../shared/log.ts';
import { credentialRoutes } from './credential-routes.ts';
import type { HttpEvent, HttpResult } from './http.ts';
import { ownerRoutes } from './owner-routes.ts';
import { problem } from './problem.ts';
import { reviewRoutes } from './review-routes.ts';

/** Every route of the HTTP API, over the ports it works with. */
export const api = (ports: RequestPorts) =>
  middy<HttpEvent, HttpResult>()
    .use(broken)
    .handler(httpRouter({ routes: [...credentialRoutes(ports), ...ownerRoutes(ports), ...reviewRoutes(ports)] }));

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
