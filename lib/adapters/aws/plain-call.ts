import { type SignedCall, signedCall } from '../../client/signed-call.ts';

/** A refusal in the shape in which the SDK throws one, so that `ask` knows both. */
class Refused extends Error {
  readonly $fault: 'client' | 'server';
  readonly $metadata: { readonly httpStatusCode: number };
  constructor(code: string, httpStatusCode: number) {
    super(code);
    this.name = code;
    this.$fault = httpStatusCode < 500 ? 'client' : 'server';
    this.$metadata = { httpStatusCode };
  }
}

/**
 * One call, sent once, without the SDK's client of its service: where a function makes but one kind of call to a service, a client would
 * be 20 KB of its cold start. Gives the body of the answer.
 */
export async function plainCall(call: Omit<SignedCall, 'method'> & { readonly timeoutMs: number }): Promise<string> {
  const { status, body } = await signedCall({ ...call, method: 'POST' });
  if (status < 300) return body;
  throw new Refused(codeIn(body), status);
}

/** `<Code>…</Code>` in XML, `"__type":"…#…"` in JSON. */
const codeIn = (body: string): string =>
  /<Code>([\w.]+)<\/Code>|"__type":\s*"(?:[\w.]+#)?([\w.]+)"/.exec(body)?.slice(1).join('') || 'Unknown';
