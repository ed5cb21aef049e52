import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { RESET_ENV } from '../../../lib/contract/env.ts';

/** Answers as the API of API Gateway, which the local cloud has not. */
const asked: { readonly method: string | undefined; readonly url: string | undefined; readonly service: string | undefined }[] = [];
let status = 204;
const server = createServer((incoming, outgoing) => {
  const service = /\/us-east-1\/([a-z]+)\/aws4_request/.exec(incoming.headers.authorization ?? '')?.[1];
  asked.push({ method: incoming.method, url: incoming.url, service });
  outgoing.writeHead(status).end();
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  for (const [name, value] of Object.entries({
    ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's', AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` },
    ...{ [RESET_ENV.apiId]: 'api1', [RESET_ENV.stage]: '$default' },
  }))
    vi.stubEnv(name, value);
});
afterAll(() => {
  vi.unstubAllEnvs();
  server.close();
});
beforeEach(() => {
  asked.length = 0;
});

describe('the answers kept for tokens', () => {
  it('are forgotten by one signed call', async () => {
    const { handler } = await import('../../../functions/reset-token-answers/handler.ts');
    await handler();
    expect(asked).toEqual([{ method: 'DELETE', url: '/v2/apis/api1/stages/%24default/cache/authorizers', service: 'apigateway' }]);
  });

  it('that were not forgotten make the function fail, so that Lambda asks again', async () => {
    status = 429;
    const { handler } = await import('../../../functions/reset-token-answers/handler.ts');
    await expect(handler()).rejects.toThrow('ResetAuthorizersCache: 429');
  });
});
