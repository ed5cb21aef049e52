import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

export interface Request {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** What a request asks for, whichever of AWS's protocols it speaks. */
export interface Call {
  readonly service: string;
  readonly operation: string;
  /** `service:operation`, as faults and counts know it. */
  readonly name: string;
  /** Access key of the signature. */
  readonly caller: string | undefined;
  readonly region: string;
  readonly protocol: 'query' | 'json' | 'rest';
  /** Parameters of a call of the query protocol; empty for the others. */
  readonly form: URLSearchParams;
}

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const CREDENTIAL = /Credential=([^/,\s]+)\/\d+\/([^/]+)\/([^/]+)\//;
const CBOR_PATH = /^\/service\/[^/]+\/operation\/([^/?]+)/;
const OPAQUE_ID = /[0-9a-f-]{16,}/g;

const one = (header: string | string[] | undefined): string => (Array.isArray(header) ? header.join(',') : (header ?? ''));

/** A header signature, or the query of a presigned URL, which says the same with its slashes escaped. */
const credentialOf = ({ url, headers }: Request): RegExpExecArray | null => {
  const signed = CREDENTIAL.exec(one(headers.authorization));
  if (signed || !url.includes('X-Amz-Credential=')) return signed;
  return CREDENTIAL.exec(`Credential=${new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('X-Amz-Credential')}`);
};

export function classify(request: Request): Call {
  const { method, url, headers, body } = request;
  const [, caller, region = 'us-east-1', service = 'none'] = credentialOf(request) ?? [];
  const path = url.split('?', 1)[0] ?? '/';
  const target = one(headers['x-amz-target']);
  const isForm = one(headers['content-type']).startsWith('application/x-www-form-urlencoded');
  const form = new URLSearchParams(isForm ? body.toString() : '');
  const about = (operation: string, protocol: Call['protocol']): Call => {
    return { service, operation, name: `${service}:${operation}`, caller, region, protocol, form };
  };
  if (target) return about(target.slice(target.lastIndexOf('.') + 1), 'json');
  const action = form.get('Action');
  if (action) return about(action, 'query');
  const cbor = CBOR_PATH.exec(path)?.[1];
  if (cbor) return about(cbor, 'json');
  return about(`${method} ${path.replace(OPAQUE_ID, '*')}`, 'rest');
}

const escapeXml = (text: string): string =>
  text.replace(/[<>&]/g, (character) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[character] ?? '');

const xml = (status: number, body: string): Answer => ({ status, headers: { 'content-type': 'text/xml' }, body: Buffer.from(body) });

/** The refusal in the words of the protocol that the call came in. */
export function refuse(call: Call, { status, code, message }: Refusal): Answer {
  const error = `<Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message>`;
  const id = `<RequestId>${randomUUID()}</RequestId>`;
  if (call.protocol === 'query') return xml(status, `<ErrorResponse><Error><Type>Sender</Type>${error}</Error>${id}</ErrorResponse>`);
  if (call.service === 's3') return xml(status, `<?xml version="1.0" encoding="UTF-8"?><Error>${error}${id}</Error>`);
  const type = call.protocol === 'json' ? 'application/x-amz-json-1.1' : 'application/json';
  const body = Buffer.from(JSON.stringify({ __type: code, message }));
  return { status, headers: { 'content-type': type, 'x-amzn-errortype': code }, body };
}

/** "Later", as each protocol says it. */
export function throttled(call: Call): Refusal {
  const message = 'Rate exceeded';
  if (call.protocol === 'query') return { status: 400, code: 'Throttling', message };
  if (call.protocol === 'json') return { status: 400, code: 'ThrottlingException', message };
  return call.service === 's3' ? { status: 503, code: 'SlowDown', message } : { status: 429, code: 'TooManyRequestsException', message };
}

/** The error code of an answer, wherever its protocol puts it. */
export function errorCode({ status, headers, body }: Answer): string | undefined {
  if (status < 400) return undefined;
  const header = headers['x-amzn-errortype'];
  if (typeof header === 'string') return header.split(':', 1)[0];
  const text = body.toString();
  return /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? /"__type"\s*:\s*"(?:[^"#]*#)?([^"]*)"/.exec(text)?.[1];
}

/** The text of the first element called `name`. */
export const textOf = (body: string, name: string): string | undefined => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1];
