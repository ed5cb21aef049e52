import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, vi } from 'vitest';
import { run } from '../../../bin/commands/run.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}
export interface Answered {
  readonly status?: number;
  readonly body: unknown;
}

/** An API that answers as it is told, and a terminal that remembers; the command line between them is the real one. */
export function useApi() {
  const asked: Asked[] = [];
  const answers: Answered[] = [];
  const out: string[] = [];
  const err: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      asked.push({ method: request.method ?? '', path: request.url ?? '', body: text ? JSON.parse(text) : undefined });
      const { status = 200, body } = answers.shift() ?? { status: 500, body: 'no answer is left' };
      response.writeHead(status).end(JSON.stringify(body));
    });
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('NHI_API', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example');
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    server.close();
  });
  beforeEach(() => {
    for (const all of [asked, answers, out, err]) all.length = 0;
    vi.spyOn(console, 'log').mockImplementation((text: string) => void out.push(text));
    vi.spyOn(console, 'error').mockImplementation((text: string) => void err.push(text));
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean(out.push(String(text))));
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean(err.push(String(text))));
    return () => vi.restoreAllMocks();
  });
  return {
    asked,
    /** The next answers of the API, in this order. */
    answer: (...more: readonly Answered[]) => answers.push(...more),
    nhi: async (...args: readonly string[]) => {
      const code = await run(args);
      return { code, out: out.join('\n'), err: err.join('') };
    },
  };
}
