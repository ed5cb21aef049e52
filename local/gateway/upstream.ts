import http from 'node:http';
import type { Answer, Request } from './wire.ts';

/** They belong to one connection, not to the message (RFC 9110, 7.6.1); `expect` has been answered by then. */
const OF_THE_CONNECTION = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const withoutConnection = <T>(headers: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_THE_CONNECTION.has(name)));

/** The emulator behind the gateway. */
export class Upstream {
  readonly #port: number;
  /** Idle connections close here before they close there (75 s), or a call would be sent into a closing one. */
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 256, timeout: 60_000 });

  constructor(port: number) {
    this.#port = port;
  }

  /** The Host header stays as it came, since it is signed. */
  send({ method, url, headers, body }: Request): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const length = body.length > 0 || headers['content-length'] !== undefined ? { 'content-length': String(body.length) } : {};
    const request = http.request({
      agent: this.#agent,
      host: '127.0.0.1',
      port: this.#port,
      method,
      path: url,
      headers: { ...withoutConnection(headers), ...length },
      setHost: false,
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 502, headers: withoutConnection(response.headers), body: Buffer.concat(chunks) });
      });
    });
    request.end(body);
    return promise;
  }

  close(): void {
    this.#agent.destroy();
  }
}
