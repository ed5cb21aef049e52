import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { AwsCredentials } from '../../lib/client/signed-call.ts';
import { ofSdk } from './outside.ts';
import type { Person } from './people.ts';

const BATCH = 10;

export const factOf = (
  bus: string,
  type: 'Joined' | 'Left',
  person: Person,
  sequence: number,
  occurredAt: Date,
): PutEventsRequestEntry => ({
  EventBusName: bus,
  Source: 'hr',
  DetailType: `Owner ${type}`,
  Detail: JSON.stringify({
    specversion: '1',
    id: `hr-${person.id}-${sequence}`,
    source: 'hr',
    subject: person.id,
    sequence,
    occurredAt: occurredAt.toISOString(),
    attributes: { email: person.email, roles: [person.job], team: person.department, manager: person.manager, zone: 'UTC' },
  }),
});

/** Says facts on the inbound bus, ten a call; throws when the bus refuses one. */
export async function say(credentials: AwsCredentials, entries: readonly PutEventsRequestEntry[]): Promise<void> {
  const events = new EventBridgeClient({ credentials: ofSdk(credentials) });
  for (let from = 0; from < entries.length; from += BATCH) {
    const { FailedEntryCount = 0, Entries = [] } = await events.send(new PutEventsCommand({ Entries: entries.slice(from, from + BATCH) }));
    if (FailedEntryCount > 0) throw new Error(`the bus refused a fact: ${Entries.find(({ ErrorCode }) => ErrorCode)?.ErrorCode}`);
  }
}
