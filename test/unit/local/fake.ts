import { once } from 'node:events';
import http from 'node:http';
import { type GatewaySettings, startGateway } from '../../../local/gateway/server.ts';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string;
}

/** What stands where the emulator would: it answers as told and remembers what it was asked. */
async function startUpstream(reply: (seen: Seen) => Reply) {
  const seen: Seen[] = [];
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const asked = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    seen.push(asked);
    const { status = 200, headers = {}, body: answer = '' } = reply(asked);
    response.writeHead(status, headers).end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { seen, server, port: typeof address === 'object' && address ? address.port : 0 };
}

export interface Sent {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A gateway before such an upstream, with a clock that the test moves. */
export async function startFake(reply: (seen: Seen) => Reply = () => ({}), settings: Partial<GatewaySettings> = {}) {
  const upstream = await startUpstream(reply);
  const clock = { now: Date.UTC(2030, 0, 1) };
  const gateway = await startGateway({ port: 0, propagationMs: 3_000, lastUsedLagMs: 900_000, now: () => clock.now, ...settings });
  gateway.connect(upstream.port);

  const send = (path: string, headers: Record<string, string> = {}, body = '', method = body ? 'POST' : 'GET'): Promise<Sent> => {
    const { promise, resolve, reject } = Promise.withResolvers<Sent>();
    const request = http.request({ host: '127.0.0.1', port: gateway.port, path, method, headers, agent: false }, async (response) => {
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
    });
    request.on('error', reject);
    request.end(body);
    return promise;
  };
  const signed = (key: string, service: string) => ({
    authorization: `AWS4-HMAC-SHA256 Credential=${key}/20300101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=00`,
  });
  return {
    gateway,
    clock,
    seen: upstream.seen,
    send,
    iam: (action: string, form: Record<string, string> = {}, key = 'test') => {
      const body = new URLSearchParams({ Action: action, ...form }).toString();
      return send('/', { ...signed(key, 'iam'), 'content-type': 'application/x-www-form-urlencoded' }, body);
    },
    secrets: (operation: string, input: unknown, key = 'test') => {
      const headers = { 'x-amz-target': `secretsmanager.${operation}`, 'content-type': 'application/x-amz-json-1.1' };
      return send('/', { ...signed(key, 'secretsmanager'), ...headers }, JSON.stringify(input));
    },
    signed,
    control: async (method: string, what: string, input?: unknown) => {
      const body = input === undefined ? '' : JSON.stringify(input);
      const { status, body: text } = await send(`/_nhi/${what}`, { 'content-type': 'application/json' }, body, method);
      return { status, json: JSON.parse(text) };
    },
    stop: async () => {
      await gateway.close();
      upstream.server.close();
      upstream.server.closeAllConnections();
    },
  };
}

export type Fake = Awaited<ReturnType<typeof startFake>>;
