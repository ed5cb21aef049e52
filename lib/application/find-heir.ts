import type { Grant, Holder, Rung } from '../domain/credential/state.ts';
import type { Owner } from '../domain/owner/state.ts';
import { LONGEST_CHAIN, type Reference, referenceOn, unfit } from '../domain/owner/succession.ts';
import type { Policy } from '../domain/policy.ts';
import type { OwnerId } from '../domain/types.ts';
import type { Ledger } from './ports.ts';
import { unlessUnreadable } from './record.ts';

export interface FoundHeir {
  readonly heir: { readonly to: Holder; readonly rung: Rung } | undefined;
  /** Who was asked before, and why they can't: for the notice. */
  readonly passedOver: readonly string[];
}

const PASSED_OVER = 'passed over ';
/** What a decision says of whom it passed over: in its cause, and so in every notice of it. */
export const noteOf = ({ passedOver }: Pick<FoundHeir, 'passedOver'>): readonly string[] =>
  passedOver.length ? [`${PASSED_OVER}${passedOver.join(', ')}`] : [];
/** The same, found again in a cause. */
export const passedOverIn = (cause: string): string | undefined =>
  cause
    .split('; ')
    .find((part) => part.startsWith(PASSED_OVER))
    ?.slice(PASSED_OVER.length);

export const holderOf = ({ id, key, epoch }: Owner): Holder => ({ id, key, epoch });

/** Goes up the succession of `line` to the first who is active and may hold it. Managers who left too, records that do not parse, and chains that bite their own tail, are passed over. */
export async function findHeir(
  { ledger, policy }: { readonly ledger: Ledger; readonly policy: Policy },
  line: Owner,
  grant: Pick<Grant, 'profile' | 'environment'>,
  excluded: readonly OwnerId[],
): Promise<FoundHeir> {
  const passedOver: string[] = [];
  const asked = new Map<string, Owner | undefined>();
  const find = async ({ source, externalId }: Reference): Promise<Owner | undefined> => {
    const id = await ledger.ownerByAlias(source, externalId);
    const owner = await (id && ledger.owner(id).catch(unlessUnreadable));
    return owner?.state;
  };
  for (const rung of policy.succession) {
    let reference = referenceOn(rung, line, policy.steward);
    for (let up = 0; reference && up < LONGEST_CHAIN; up += 1) {
      const ref = `${reference.source}:${reference.externalId}`;
      if (!asked.has(ref)) {
        const found = await find(reference);
        const why = unfit(policy, found, grant, excluded);
        if (found && why === undefined) return { heir: { to: holderOf(found), rung }, passedOver };
        passedOver.push(`${ref} as ${rung}: ${why}`);
        asked.set(ref, found);
      }
      const candidate = asked.get(ref); // who was passed over as named successor may have a manager all the same
      reference = rung === 'manager' && candidate ? referenceOn(rung, candidate, undefined) : undefined;
    }
  }
  return { heir: undefined, passedOver };
}
