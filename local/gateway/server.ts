import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalCloudError } from '../errors.ts';
import { badPage, paged } from './iam-lists.ts';
import type { KeyTimes } from './keys.ts';
import { answerControl, CONTROL } from './routes.ts';
import { connect, newState, type State } from './state.ts';
import { badToken } from './tokens.ts';
import { type Answer, type Call, classify, type Request, refuse, throttled } from './wire.ts';

export interface GatewaySettings extends KeyTimes {
  /** 0 takes one that is free. */
  readonly port: number;
  readonly now?: () => number;
}

export interface Gateway {
  readonly port: number;
  /** Calls are refused as "unavailable" until the port of the emulator is known. */
  connect(port: number): void;
  close(): Promise<void>;
}

/** Stands before the emulator on a port of its own, and makes it behave as AWS does where the emulator does not. */
export async function startGateway({ port, now = Date.now, ...times }: GatewaySettings): Promise<Gateway> {
  const state = newState(times, now);
  const server = http.createServer((incoming, outgoing) => void serve(state, incoming, outgoing));
  server.keepAliveTimeout = 65_000;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EADDRINUSE' ? new LocalCloudError(`Port ${port} is taken: stop what listens there or choose another.`) : error;
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    connect: (upstream) => connect(state, upstream),
    close: async () => {
      state.upstream?.close();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(state: State, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  try {
    const answer = await handle(state, await read(incoming));
    if (answer) send(incoming, outgoing, answer);
    else incoming.socket.destroy();
  } catch (error) {
    if (incoming.destroyed && !incoming.complete) return; // the caller hung up while it was still talking
    send(incoming, outgoing, { status: 502, headers: { 'content-type': 'text/plain' }, body: Buffer.from(`gateway: ${error}`) });
  }
}

async function read(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return { method: incoming.method ?? 'GET', url: incoming.url ?? '/', headers: incoming.headers, body: Buffer.concat(chunks) };
}

function send(incoming: IncomingMessage, outgoing: ServerResponse, { status, headers, body }: Answer): void {
  const length = incoming.method === 'HEAD' ? {} : { 'content-length': body.length }; // a HEAD keeps the length of what GET would give
  outgoing.writeHead(status, status === 204 || status === 304 ? headers : { ...headers, ...length });
  outgoing.end(body);
}

/** `undefined`: the connection closes without an answer. */
async function handle(state: State, request: Request): Promise<Answer | undefined> {
  if (request.url.startsWith(CONTROL)) return answerControl(state, request);
  const call = classify(request);
  state.counts.note(call);
  const fault = state.faults.take(call, state.now());
  switch (fault?.kind) {
    case 'drop':
      return undefined;
    case 'throttle':
      return refuse(call, throttled(call));
    case 'error':
      return refuse(call, { status: fault.status ?? 500, code: fault.code ?? 'InternalFailure', message: 'injected' });
    case 'delay':
      await sleep(fault.ms ?? 1000);
      return perform(state, call, request);
    case 'drop-after':
      await perform(state, call, request);
      return undefined;
    case 'duplicate': {
      const first = await perform(state, call, request);
      await perform(state, call, request);
      return first;
    }
    case undefined:
      return perform(state, call, request);
  }
}

async function perform({ keys, upstream, now }: State, call: Call, request: Request): Promise<Answer> {
  if (!upstream) return refuse(call, { status: 503, code: 'ServiceUnavailable', message: 'the emulator is not up yet' });
  const refusal = badToken(call, request) ?? badPage(call);
  if (refusal) return refuse(call, refusal);
  const answer = await upstream.send(keys.seen(call, request, now()));
  keys.learn(call, answer, now());
  if (call.service !== 'iam' || answer.status !== 200) return answer;
  const xml = answer.body.toString();
  const corrected = call.operation === 'GetAccessKeyLastUsed' ? keys.withLastUse(call, xml) : paged(call, xml);
  return { ...answer, body: Buffer.from(corrected) };
}
