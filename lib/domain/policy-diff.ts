import { canonicalJson } from './canonical-json.ts';
import { type Entitled, entitlement } from './entitlement.ts';
import type { Policy } from './policy.ts';

/** One entry of a policy that is other than it was. */
export interface PolicyChange {
  /** e.g. `profiles.ci-deploy`, `timing`. */
  readonly part: string;
  readonly how: 'added' | 'removed' | 'changed';
}

/** What a policy file says differently: by source and profile, and the rest by its parts. */
export function policyChanges(before: Policy, after: Policy): readonly PolicyChange[] {
  const named = (part: 'sources' | 'profiles'): readonly PolicyChange[] =>
    [...new Set([...Object.keys(before[part]), ...Object.keys(after[part])])].flatMap((name) =>
      changed(`${part}.${name}`, before[part][name], after[part][name]),
    );
  return [
    ...named('sources'),
    ...named('profiles'),
    ...(['mode', 'accountable', 'steward', 'succession', 'guard', 'reapproval', 'callers', 'sweeps', 'timing'] as const).flatMap((part) =>
      changed(part, before[part], after[part]),
    ),
  ];
}

function changed(part: string, before: unknown, after: unknown): readonly PolicyChange[] {
  if (before === after) return [];
  if (before === undefined) return [{ part, how: 'added' }];
  if (after === undefined) return [{ part, how: 'removed' }];
  return canonicalJson(before) === canonicalJson(after) ? [] : [{ part, how: 'changed' }];
}

export interface Held {
  readonly profile: string;
  readonly environment: string;
  readonly owner: Entitled;
}

/** Why a credential that its owner may have by the one policy is too much by the other; `undefined`: it is not touched. */
export function losesBy(before: Policy, after: Policy, { profile, environment, owner }: Held): string | undefined {
  if (!entitlement(before, owner, profile, environment).ok) return undefined; // it was too much already
  const now = entitlement(after, owner, profile, environment);
  return now.ok ? undefined : `${now.why}: ${now.value}`;
}
