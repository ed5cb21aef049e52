import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { AwsV4Signer } from 'aws4fetch';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface SignedCall {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** e.g. `execute-api`, `sts`. */
  readonly service: string;
  readonly region: string;
  readonly credentials: AwsCredentials;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** From the first byte sent to the last received. @default 30000 */
  readonly timeoutMs?: number;
}

/** A signing key holds for a day, and takes four of the five MACs of a signature. */
const signingKeys = new Map<string, ArrayBuffer>();

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** `*.localhost` is this machine (RFC 6761), but not every resolver knows. */
const lookup: LookupFunction = (_hostname, options, callback) =>
  options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);

/** One request signed with Signature Version 4, sent once. Rejects when there is no answer. */
export async function signedCall(call: SignedCall): Promise<Answer> {
  const { url, method, service, region, credentials, headers = {}, body, timeoutMs = 30_000 } = call;
  const { sessionToken, ...keys } = credentials;
  const signer = new AwsV4Signer({
    url,
    method,
    service,
    region,
    headers: { ...headers },
    ...keys,
    cache: signingKeys,
    ...(sessionToken && { sessionToken }),
    ...(body !== undefined && { body }),
  });
  const signed = await signer.sign();
  const { hostname, protocol } = signed.url;
  const send = protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers: Object.fromEntries(signed.headers),
      signal: AbortSignal.timeout(timeoutMs),
      ...(hostname.endsWith('.localhost') && { lookup }),
    };
    const sent = send(signed.url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    });
    sent.on('error', (error) => reject(error.name === 'AbortError' ? new Error(`no answer within ${timeoutMs / 1_000} s`) : error));
    sent.end(body);
  });
}
