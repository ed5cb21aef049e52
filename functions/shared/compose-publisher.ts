import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { OUTBOUND_SOURCE } from '../../lib/contract/detail-types.ts';
import { ENV } from '../../lib/contract/env.ts';
import { type Env, need } from './env.ts';

export interface OutboundEvent {
  readonly id: string;
  readonly detailType: string;
  readonly detail: string;
}

/** Puts at most ten events on the outbound bus; gives how many at the front went through. */
export function composePublisher(env: Env): (events: readonly OutboundEvent[]) => Promise<number> {
  const client = new EventBridgeClient({});
  const EventBusName = need(env, ENV.bus);
  return async (events) => {
    const Entries = events.map(({ detailType, detail }) => ({
      EventBusName,
      Source: OUTBOUND_SOURCE,
      DetailType: detailType,
      Detail: detail,
    }));
    const answer = await client.send(new PutEventsCommand({ Entries }));
    const failed = answer.Entries?.findIndex(({ ErrorCode }) => ErrorCode !== undefined) ?? -1;
    return failed < 0 ? events.length : failed;
  };
}
