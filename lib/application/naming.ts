import { NAMES } from '../contract/env.ts';
import type { Grant, TokenTerms } from '../domain/credential/state.ts';
import type { Profile } from '../domain/policy.ts';
import { tokenIdOf } from '../domain/token/format.ts';
import type { CredentialId } from '../domain/types.ts';

const ULID = /^[0-9a-hjkmnp-tv-z]{26}$/;

/** The credential that an account's name stands for; `undefined`: it is none that we give. */
export const credentialOf = (accountName: string): CredentialId | undefined => {
  const ulid = accountName.slice(NAMES.userPrefix.length);
  return accountName.startsWith(NAMES.userPrefix) && ULID.test(ulid) ? (`cred_${ulid.toUpperCase()}` as CredentialId) : undefined;
};

/** What a request becomes: names end in the credential's id, so that none is ever reused, and hold no owner, since owners change. */
export const grantFor = (
  id: CredentialId,
  connector: Grant['connector'],
  account: string,
  asked: Pick<Grant, 'profile' | 'purpose' | 'environment' | 'consumers'>,
  { token, mayAssume = [] }: { readonly token?: TokenTerms | undefined; readonly mayAssume?: readonly string[] | undefined } = {},
): Grant => ({
  connector,
  account,
  profile: asked.profile,
  purpose: asked.purpose,
  environment: asked.environment,
  consumers: asked.consumers,
  accountName: connector === 'api-token' ? tokenIdOf(id) : `${NAMES.userPrefix}${tokenIdOf(id)}`, // IAM names are unique without regard to case
  secretName: `nhi/${asked.profile}/${id}`,
  ...(token && { token }),
  ...(mayAssume.length > 0 && { mayAssume }),
});

/** What a token of the profile is good for; `undefined` where the profile is of another kind. */
export const tokenTermsOf = ({ connector, scopes = [], delivery, onLeave }: Profile): TokenTerms | undefined =>
  connector === 'api-token'
    ? { scopes, outlivesLeave: onLeave.action === 'transfer', ...(delivery === 'once' && { delivery }) }
    : undefined;
