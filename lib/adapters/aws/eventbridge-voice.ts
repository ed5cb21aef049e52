import { setTimeout as sleep } from 'node:timers/promises';
import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { Voice } from '../../application/apply-snapshot.ts';
import { Fault } from '../../domain/faults.ts';
import { ask } from './aws-fault.ts';

/** PutEvents may take some entries and throttle others; the SDK repeats whole calls only. */
const TRIES = 6;

/** Says facts of `source` on a bus, whose policy decides whether whoever holds these credentials may. */
export const eventbridgeVoice = (client: EventBridgeClient, bus: string, source: string): Voice => ({
  say: async (facts) => {
    let entries: PutEventsRequestEntry[] = facts.map(({ detailType, detail }) => ({
      ...{ EventBusName: bus, Source: source, DetailType: detailType, Detail: JSON.stringify(detail) },
    }));
    for (let tries = 1; ; tries += 1) {
      const { Entries: answers = [] } = await ask('PutEvents', () => client.send(new PutEventsCommand({ Entries: entries })));
      const codes = answers.map(({ ErrorCode }) => ErrorCode);
      const code = codes.find((one) => one !== undefined);
      if (code === undefined) return;
      const later = codes.every((one) => one === undefined || /Throttl|InternalFailure|InternalException/.test(one));
      if (!later || tries === TRIES) throw new Fault(later ? 'provider-throttled' : 'provider-refused', later, `PutEvents: ${code}`);
      entries = entries.filter((_entry, index) => codes[index] !== undefined);
      await sleep(Math.random() * 100 * 2 ** tries);
    }
  },
});
