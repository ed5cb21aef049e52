import { type AwsCredentials, signedCall } from '../../lib/client/signed-call.ts';

export type Call = (
  credentials: AwsCredentials,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
) => Promise<{ readonly status: number; readonly json: Answer }>;
interface Answer {
  readonly id: string;
  readonly status: string;
  readonly code: string;
  readonly userName: string;
  readonly secretName: string;
  readonly activeSince: string;
  readonly requestedAt: string;
  readonly findings: readonly { readonly kind: string; readonly subject: string; readonly status: string }[];
  readonly reviewed?: { readonly receivedAt: string; readonly doneAt: string };
  readonly convergence?: {
    readonly sourceLagMs: number;
    readonly ourLagMs: number;
    readonly completeAt: string;
    readonly receivedAt: string;
  };
}

/** The manager's API, called as whoever is given. */
export const apiOf =
  ({ apiUrl, region }: { readonly apiUrl: string; readonly region: string }): Call =>
  async (credentials, method, path, body) => {
    const headers: Readonly<Record<string, string>> = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await signedCall({
      url: `${apiUrl.replace(/\/$/, '')}${path}`,
      method,
      service: 'execute-api',
      region,
      credentials,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, json: JSON.parse(answer.body || '{}') };
  };
