import { isLoopback } from '../endpoint.ts';
import type { State } from './state.ts';
import type { Answer, Request } from './wire.ts';

/** No bucket name starts with an underscore and no service has such a path, so it is nobody else's. */
export const CONTROL = '/_nhi/';

const json = (status: number, value: unknown): Answer => {
  return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value)) };
};

const hostOf = (host: string | undefined): string => (URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '');

/**
 * Answers what tests ask of the gateway itself; neither counted nor forwarded.
 * The socket is on loopback, yet a web page may send there too: its Host, or its content type, gives it away.
 */
export async function answerControl(state: State, { method, url, headers, body }: Request): Promise<Answer> {
  if (!isLoopback(hostOf(headers.host))) return json(403, { message: 'only for this machine' });
  if (method === 'POST' && headers['content-type'] !== 'application/json') return json(415, { message: 'application/json only' });
  switch (`${method} ${url.slice(CONTROL.length)}`) {
    case 'GET counts':
      return json(200, state.counts.all());
    case 'GET fired':
      return json(200, state.faults.fired());
    case 'POST faults':
      return arm(state, body);
    case 'POST reset':
      return reset(state, body);
    default:
      return json(404, { message: `no such control: ${method} ${url}` });
  }
}

function arm({ faults }: State, body: Buffer): Answer {
  try {
    const rules: unknown = JSON.parse(body.toString());
    if (!Array.isArray(rules)) return json(400, { message: 'a list of faults is needed' });
    faults.arm(rules);
    return json(200, {});
  } catch (error) {
    return json(400, { message: error instanceof Error ? error.message : String(error) });
  }
}

/** What is true of the keys is forgotten only together with the keys. */
async function reset({ keys, counts, faults, upstream }: State, body: Buffer): Promise<Answer> {
  counts.clear();
  faults.arm([]);
  if (!body.toString().includes('"resources":true')) return json(200, {});
  keys.forget();
  const done = await upstream?.send({ method: 'POST', url: '/_ministack/reset', headers: { host: 'localhost' }, body: Buffer.alloc(0) });
  return done?.status === 200 ? json(200, {}) : json(502, { message: 'the emulator did not reset' });
}
