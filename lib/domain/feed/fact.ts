import type { Change } from './compare.ts';

/** An owner fact as it goes over the bus, but for the envelope. */
export interface FeedFact {
  readonly detailType: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/**
 * A change as a fact of its source. Its sequence is the minute of the snapshot, so the same snapshot applied twice says nothing new, and
 * an older one nothing at all.
 */
export function factOf({ type, row, ...rest }: Change, source: string, asOfMs: number): FeedFact {
  const { subject, leftOn, email, roles, team, manager } = row;
  const vanished = 'vanished' in rest && rest.vanished;
  return {
    detailType: `Owner ${type}`,
    detail: {
      specversion: '1',
      id: `${source}-${subject}-${sequenceOf(asOfMs)}`,
      source,
      subject,
      sequence: sequenceOf(asOfMs),
      occurredAt: new Date(asOfMs).toISOString(),
      ...(type === 'Left' && leftOn && !vanished && { effectiveAt: `${leftOn}T00:00:00Z` }),
      attributes: { email, roles, ...(team && { team }), ...(manager && { manager }) },
    },
  };
}

const sequenceOf = (asOfMs: number): number => Math.floor(asOfMs / 60_000);
