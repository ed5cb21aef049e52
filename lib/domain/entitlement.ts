import type { Owner } from './owner/state.ts';
import type { Policy, Profile } from './policy.ts';

export type Entitlement =
  | { readonly ok: true; readonly profile: Profile }
  | {
      readonly ok: false;
      readonly why: 'unknown-profile' | 'owner-not-active' | 'not-eligible' | 'environment-not-allowed';
      /** What was asked for, or is the case. */
      readonly value: string;
      /** What would have been right. */
      readonly allowed: readonly string[];
    };

/** Whether the owner may have what they are given: what they could ask for, or anything, where they are the steward. */
export const mayHold = (
  policy: Pick<Policy, 'profiles' | 'steward'>,
  owner: Entitled & Pick<Owner, 'source' | 'subject'>,
  profileName: string,
  environment: string,
): Entitlement => {
  const entitled = entitlement(policy, owner, profileName, environment);
  if (entitled.ok || entitled.why === 'unknown-profile' || entitled.why === 'owner-not-active') return entitled;
  const profile = policy.profiles[profileName];
  return profile && policy.steward === `${owner.source}:${owner.subject}` ? { ok: true, profile } : entitled;
};

/** What of an owner decides. */
export interface Entitled {
  readonly status: Owner['status'];
  readonly attributes: { readonly roles: readonly string[] };
}

/** Whether the owner, as they are now, may hold a credential of that profile in that environment. */
export function entitlement(policy: Pick<Policy, 'profiles'>, owner: Entitled, profileName: string, environment: string): Entitlement {
  const profile = Object.hasOwn(policy.profiles, profileName) ? policy.profiles[profileName] : undefined;
  if (!profile) return { ok: false, why: 'unknown-profile', value: profileName, allowed: Object.keys(policy.profiles) };
  if (owner.status !== 'active') return { ok: false, why: 'owner-not-active', value: owner.status, allowed: ['active'] };
  const { roles } = owner.attributes;
  if (!roles.some((role) => profile.eligible.roles.includes(role)))
    return { ok: false, why: 'not-eligible', value: roles.join(', ') || '(no role)', allowed: profile.eligible.roles };
  if (!profile.environments.includes(environment))
    return { ok: false, why: 'environment-not-allowed', value: environment, allowed: profile.environments };
  return { ok: true, profile };
}
