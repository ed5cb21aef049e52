import type { Change } from './compare.ts';
import { minuteOf } from './trouble.ts';

/** An owner fact as it goes over the bus, but for the envelope. */
export interface FeedFact {
  readonly detailType: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/**
 * A change as a fact of its source. Its sequence is the minute of the snapshot, so the same snapshot applied twice says nothing new, and
 * an older one nothing at all.
 */
export function factOf({ type, row, ...rest }: Change, source: string, takenAtMs: number): FeedFact {
  const { subject, leftOn, email, roles, team, manager } = row;
  const vanished = 'vanished' in rest && rest.vanished;
  const sequence = minuteOf(takenAtMs);
  return {
    detailType: `Owner ${type}`,
    detail: {
      specversion: '1',
      id: `${source}-${subject}-${sequence}`,
      source,
      subject,
      sequence,
      occurredAt: new Date(takenAtMs).toISOString(),
      ...(type === 'Left' && leftOn && !vanished && { effectiveAt: `${leftOn}T00:00:00Z` }),
      attributes: { email, roles, ...(team && { team }), ...(manager && { manager }) },
    },
  };
}
