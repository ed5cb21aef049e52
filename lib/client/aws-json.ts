import { awsHost } from './aws-host.ts';
import { type Answer, type AwsCredentials, signedCall } from './signed-call.ts';

/** One call to a service that speaks JSON over POST; `target` e.g. `DynamoDB_20120810.GetItem`. Rejects when the answer is not 200. */
export type AwsJson = (target: string, input: object) => Promise<unknown>;

export interface AwsJsonConfig {
  /** e.g. `dynamodb` */
  readonly service: string;
  readonly region: string;
  /** @default the service's own in the region */
  readonly endpoint?: string | undefined;
  readonly credentials: AwsCredentials;
  /** Version of the protocol. */
  readonly json: '1.0' | '1.1';
}

const TIMEOUT_MS = 2_000;
/** Of reads: once more where there was no answer. */
const TRIES = 2;

/** Reads of a service, without the client of its SDK, which would be ten times the bundle. */
export function awsJson({ service, region, endpoint, credentials, json }: AwsJsonConfig): AwsJson {
  const url = endpoint ?? `https://${awsHost(service, region)}/`;
  return async (target, input) => {
    const headers = { 'content-type': `application/x-amz-json-${json}`, 'x-amz-target': target };
    const call = {
      url,
      method: 'POST',
      service,
      region,
      credentials,
      headers,
      body: JSON.stringify(input),
      timeoutMs: TIMEOUT_MS,
    } as const;
    for (let tries = 1; ; tries += 1) {
      const answer = await signedCall(call).catch((error: unknown): Answer => ({ status: 0, body: String(error) }));
      if (answer.status === 200) return JSON.parse(answer.body);
      const lost = answer.status === 0 || answer.status === 429 || answer.status >= 500;
      // Never the body: it may hold what it should not. What AWS calls throttling, it says with 400 and a name.
      if ((!lost && !/Throttl|LimitExceeded|ThroughputExceeded/.test(answer.body)) || tries >= TRIES)
        throw new Error(`${target}: ${answer.status || 'no answer'}`);
    }
  };
}

interface Attribute {
  readonly S?: string;
  readonly N?: string;
  readonly BOOL?: boolean;
  readonly L?: readonly Attribute[];
  readonly M?: Readonly<Record<string, Attribute>>;
}

/** An item of DynamoDB as plain JSON. */
export const plainItem = (item: Readonly<Record<string, Attribute>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plain(value)]));

function plain(value: Attribute): unknown {
  if (value.M) return plainItem(value.M);
  if (value.L) return value.L.map(plain);
  if (value.N !== undefined) return Number(value.N);
  return value.S ?? value.BOOL;
}
