import { type AwsCredentials, signedCall } from '../../lib/client/signed-call.ts';

export type Call = (
  credentials: AwsCredentials,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
) => Promise<{ readonly status: number; readonly json: Answer }>;
/** What of an answer the play looks at. */
export interface Answer {
  readonly id: string;
  readonly status: string;
  readonly code: string;
  readonly owner: string;
  readonly epoch: number;
  readonly userName: string;
  readonly secretName: string;
  readonly activeSince: string;
  readonly requestedAt: string;
  readonly keys: readonly { readonly keyId: string; readonly phase: string }[];
  readonly events: readonly { readonly type: string; readonly cause: string; readonly at: string }[];
  readonly credentials: readonly { readonly id: string }[];
  readonly findings: readonly { readonly kind: string; readonly subject: string; readonly status: string; readonly wouldHave: string }[];
  readonly held: { readonly seal: string; readonly owners: number; readonly credentials: number } | null;
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
