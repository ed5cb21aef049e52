import type { Grant } from '../credential/state.ts';
import { mayHold } from '../entitlement.ts';
import type { Policy, SuccessionRung } from '../policy.ts';
import type { OwnerId } from '../types.ts';
import type { Owner } from './state.ts';

/** How many managers above one another are asked; a chain that goes on is a mistake. */
export const LONGEST_CHAIN = 10;

/** Where to look for whoever stands on a rung: an alias. */
export interface Reference {
  readonly source: string;
  readonly externalId: string;
}

/** The first of a rung; for `manager` the others follow from each manager's own record. */
export function referenceOn(rung: SuccessionRung, owner: Owner, steward: string | undefined): Reference | undefined {
  const { source, attributes } = owner;
  switch (rung) {
    case 'named':
      return attributes.successor === undefined ? undefined : { source, externalId: attributes.successor };
    case 'manager':
      return attributes.manager === undefined ? undefined : { source, externalId: attributes.manager };
    case 'team':
      return attributes.team === undefined ? undefined : { source: 'team', externalId: attributes.team };
    case 'steward': {
      const colon = steward?.indexOf(':') ?? -1;
      return steward === undefined || colon < 0 ? undefined : { source: steward.slice(0, colon), externalId: steward.slice(colon + 1) };
    }
  }
}

/** Why somebody can't take a credential over; `undefined`: they can. */
export function unfit(
  policy: Policy,
  candidate: Owner | undefined,
  grant: Pick<Grant, 'profile' | 'environment'>,
  excluded: readonly OwnerId[],
): string | undefined {
  if (!candidate) return 'unknown';
  if (candidate.killed) return 'killed';
  if (excluded.includes(candidate.id)) return 'refused it, or is who it is taken from';
  const may = mayHold(policy, candidate, grant.profile, grant.environment);
  return may.ok ? undefined : `${may.why}: ${may.value}`;
}
