import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiOptions, callApi, UserError } from './api-client.ts';

/** What the API shows of a credential, as far as something is waited for. */
export interface ShownCredential {
  readonly id: string;
  readonly status: string;
  readonly secretName: string;
  readonly keys: readonly { readonly keyId: string; readonly phase: string }[];
  readonly accessRemovedAt?: string;
  readonly suspension?: { readonly accessRemovedAt?: string };
  readonly replacement?: object;
  readonly blocked?: { readonly code: string };
}

export type Reached = (now: ShownCredential) => boolean;

/** Provisioning and revocation take seconds, longer only where something blocks them. */
const WAIT_MS = 180_000;
const ASK_AGAIN_MS = 2_000;

export const isActive: Reached = ({ status }) => status === 'active';
export const isRevoked: Reached = ({ status }) => status === 'revoked';

/** Asks until the credential is as wanted. Throws a `UserError` where it can't get there any more, or not in time. */
export async function until(options: ApiOptions, id: string, reached: Reached): Promise<ShownCredential> {
  const stopAt = Date.now() + WAIT_MS;
  for (;;) {
    const now = await callApi<ShownCredential>(options, 'GET', `/v1/credentials/${id}`);
    if (reached(now)) return now;
    if (now.status === 'revoked') throw new UserError(`${id} was revoked before that; \`nhi credential show ${id}\` tells why.`);
    const blocked = now.blocked ? `, blocked by ${now.blocked.code}` : '';
    if (Date.now() > stopAt)
      throw new UserError(`${id} is ${now.status}${blocked}, and not there yet; it goes on by itself: \`nhi credential show ${id}\`.`, 5);
    process.stderr.write(`${now.status}${blocked} …\n`);
    await sleep(ASK_AGAIN_MS);
  }
}
