import { openAsBlob } from 'node:fs';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { AwsV4Signer } from 'aws4fetch';
import { awsHost } from '../../client/aws-host.ts';
import { Fault } from '../../domain/faults.ts';
import { environmentCredentials } from './environment-credentials.ts';

/** One version of an object, as it streams in. */
interface ReadObject {
  readonly version: string;
  readonly lastModified: string;
  /** `x-amz-meta-*`, by lower-case name. */
  readonly metadata: (name: string) => string | undefined;
  readonly body: () => Readable;
}

export interface Objects {
  /** `version` undefined: the current one. `undefined`: there is none. */
  read(key: string, version: string | undefined): Promise<ReadObject | undefined>;
  /** Gives the version it becomes. A file is sent from the disk. */
  write(key: string, content: { readonly text: string } | { readonly file: string }): Promise<string>;
}

const ANSWER_WITHIN_MS = 10_000;
const WRITE_WITHIN_MS = 300_000;
const TRIES = 3;

/** A bucket with versions, by the two calls that are needed: a client of the service would be most of the bundle. */
export function s3Objects(bucket: string): Objects {
  const region = process.env['AWS_REGION'] ?? 'us-east-1';
  const endpoint = process.env['AWS_ENDPOINT_URL'];
  const base = endpoint ? `${endpoint}/${bucket}` : `https://${bucket}.${awsHost('s3', region)}`;

  /** Repeated where there was no answer: a second write is a second version with the same content. */
  const call = async (method: 'GET' | 'PUT', key: string, version: string | undefined, body?: Blob): Promise<Response> => {
    const url = `${base}/${key.split('/').map(encodeURIComponent).join('/')}${version ? `?versionId=${encodeURIComponent(version)}` : ''}`;
    const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }; // TLS holds it together; the bucket takes nothing else
    for (let tries = 1; ; tries += 1) {
      const { sessionToken, ...keys } = environmentCredentials();
      const signer = new AwsV4Signer({ url, method, service: 's3', region, headers, ...keys, ...(sessionToken && { sessionToken }) });
      const signed = await signer.sign();
      // The time limit is on the head of the answer: a body of a million rows takes its time.
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(), body ? WRITE_WITHIN_MS : ANSWER_WITHIN_MS);
      const answer = await fetch(signed.url, { method, headers: signed.headers, signal: late.signal, ...(body && { body }) })
        .catch(() => undefined)
        .finally(() => clearTimeout(timer));
      if (answer && answer.status < 500 && answer.status !== 429) return answer;
      await answer?.body?.cancel();
      if (tries === TRIES) throw new Fault('provider-unknown', true, `${method} of an object: ${answer?.status ?? 'no answer'}`);
    }
  };

  return {
    read: async (key, version) => {
      const answer = await call('GET', key, version);
      if (answer.status === 404) {
        await answer.body?.cancel();
        return undefined;
      }
      await refuseUnless(answer, 'GetObject');
      return {
        version: answer.headers.get('x-amz-version-id') ?? '',
        lastModified: answer.headers.get('last-modified') ?? '',
        metadata: (name) => answer.headers.get(`x-amz-meta-${name}`) ?? undefined,
        body: () => (answer.body ? Readable.fromWeb(answer.body as ReadableStream) : Readable.from([])),
      };
    },
    write: async (key, content) => {
      const blob = 'file' in content ? await openAsBlob(content.file) : new Blob([content.text]);
      const answer = await call('PUT', key, undefined, blob);
      await refuseUnless(answer, 'PutObject');
      return answer.headers.get('x-amz-version-id') ?? '';
    },
  };
}

async function refuseUnless(answer: Response, operation: string): Promise<void> {
  if (answer.ok) return;
  const code = /<Code>(\w+)<\/Code>/.exec(await answer.text())?.[1] ?? answer.status;
  throw new Fault('provider-refused', false, `${operation}: ${code}`);
}
