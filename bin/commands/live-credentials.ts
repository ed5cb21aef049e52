import { type ApiOptions, callApi } from './api-client.ts';

export interface LiveCredential {
  readonly id: string;
  readonly status: string;
  readonly profile: string;
  readonly purpose: string;
  readonly environment: string;
  readonly ownerRef?: string;
  readonly ownerStatus?: 'active' | 'leaving' | 'left';
  readonly ownerRoles?: readonly string[];
}

interface Page {
  readonly credentials: readonly LiveCredential[];
  readonly next: string | null;
}

/** All pages. One that moves in the order while they are read may come twice: it is given once. */
export async function allCredentials(options: ApiOptions): Promise<readonly LiveCredential[]> {
  const found = new Map<string, LiveCredential>();
  for (let next: string | null = ''; next !== null; ) {
    const page: Page = await callApi<Page>(options, 'GET', next ? `/v1/credentials?after=${encodeURIComponent(next)}` : '/v1/credentials');
    for (const credential of page.credentials) found.set(credential.id, credential);
    ({ next } = page);
  }
  return [...found.values()].sort((a, b) => a.id.localeCompare(b.id));
}
