import { canonicalJson } from './canonical-json.ts';
import { type Entitled, mayHold } from './entitlement.ts';
import type { Owner } from './owner/state.ts';
import type { Policy } from './policy.ts';

/** One value of a policy that is other than it was. */
export interface PolicyChange {
  /** e.g. `profiles.ci-deploy.onMove`, `timing.leaseMs`. */
  readonly part: string;
  readonly how: 'added' | 'removed' | 'changed';
  readonly before: unknown;
  readonly after: unknown;
}

/** What a policy file says differently, value by value; a source or profile that is new, or gone, is one change. */
export const policyChanges = (before: Policy, after: Policy): readonly PolicyChange[] => changes('', before, after);

function changes(part: string, before: unknown, after: unknown): readonly PolicyChange[] {
  if (isRecord(before) && isRecord(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => changes(part ? `${part}.${name}` : name, before[name], after[name]));
  }
  if (before === after) return [];
  if (before === undefined) return [{ part, how: 'added', before, after }];
  if (after === undefined) return [{ part, how: 'removed', before, after }];
  return canonicalJson(before) === canonicalJson(after) ? [] : [{ part, how: 'changed', before, after }];
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export interface Held {
  readonly profile: string;
  readonly environment: string;
  readonly owner: Entitled & Pick<Owner, 'source' | 'subject'>;
}

/** Why a credential that its owner may have by the one policy is too much by the other; `undefined`: it is not touched. */
export function losesBy(before: Policy, after: Policy, { profile, environment, owner }: Held): string | undefined {
  if (!mayHold(before, owner, profile, environment).ok) return undefined; // it was too much already
  const now = mayHold(after, owner, profile, environment);
  return now.ok ? undefined : `${now.why}: ${now.value}`;
}
