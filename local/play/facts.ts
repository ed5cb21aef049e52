import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { AwsCredentials } from '../../lib/client/signed-call.ts';
import { ofSdk } from './outside.ts';
import type { Person } from './people.ts';

const BATCH = 10;

export type FactType = 'Joined' | 'Left' | 'Returned';

interface Fact {
  readonly type: FactType;
  readonly source: 'hr' | 'team';
  readonly subject: string;
  readonly sequence: number;
  readonly occurredAt: Date;
  readonly attributes: { readonly email?: string; readonly roles: readonly string[] } & Readonly<Record<string, unknown>>;
}

const entryOf = (bus: string, { type, source, subject, sequence, occurredAt, attributes }: Fact): PutEventsRequestEntry => ({
  EventBusName: bus,
  Source: source,
  DetailType: `Owner ${type}`,
  Detail: JSON.stringify({
    ...{ specversion: '1', id: `${source}-${subject}-${sequence}`, source, subject, sequence },
    occurredAt: occurredAt.toISOString(),
    attributes,
  }),
});

/** What HR says of a person. `successor`: who is to take over what they leave, by staff number. */
export const factOf = (
  bus: string,
  type: FactType,
  { id, email, job, department, manager }: Person,
  sequence: number,
  occurredAt: Date,
  successor?: string,
): PutEventsRequestEntry => {
  const attributes = { email, roles: [job], team: department, manager, zone: 'UTC', ...(successor && { successor }) };
  return entryOf(bus, { type, source: 'hr', subject: id, sequence, occurredAt, attributes });
};

/** What the directory says of a team, which holds what its roles may. */
export const teamFactOf = (bus: string, type: FactType, team: string, roles: readonly string[], sequence: number): PutEventsRequestEntry =>
  entryOf(bus, { type, source: 'team', subject: team, sequence, occurredAt: new Date(), attributes: { roles } });

/** Gives a subject's next sequence. */
export type Next = (subject: string) => number;

/**
 * Numbers higher than any export of the play has, and than any given before to the same subject. They are minutes, as those of the exports
 * are, and none may be more than five ahead of the clock: so each subject has a count of its own.
 */
export const sequences = (startedAtMs = Date.now()): Next => {
  const given = new Map<string, number>();
  return (subject) => {
    const sequence = (given.get(subject) ?? Math.floor(startedAtMs / 60_000) - 1) + 1;
    given.set(subject, sequence);
    return sequence;
  };
};

/** Says facts on the inbound bus, ten a call; throws when the bus refuses one. */
export async function say(credentials: AwsCredentials, entries: readonly PutEventsRequestEntry[]): Promise<void> {
  const events = new EventBridgeClient({ credentials: ofSdk(credentials) });
  for (let from = 0; from < entries.length; from += BATCH) {
    const { FailedEntryCount = 0, Entries = [] } = await events.send(new PutEventsCommand({ Entries: entries.slice(from, from + BATCH) }));
    if (FailedEntryCount > 0) throw new Error(`the bus refused a fact: ${Entries.find(({ ErrorCode }) => ErrorCode)?.ErrorCode}`);
  }
}
