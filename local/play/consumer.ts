import { setTimeout as sleep } from 'node:timers/promises';
import type { AwsCredentials } from '../../lib/client/signed-call.ts';
import { readSecret, sendOrder } from './outside.ts';

/** How long it holds what it read: less than any overlap. */
const HOLDS_MS = 2_000;
const PAUSE_MS = 200;

export interface Consumed {
  readonly calls: number;
  /** Calls refused, and reads of the secret. */
  readonly refused: number;
  /** Ids of the keys it came to use. */
  readonly keys: ReadonlySet<string>;
}

/** A service that reads AWSCURRENT, calls with it for a while, and reads it again, until it is stopped. */
export function consuming(service: AwsCredentials, secretName: string, ordersUrl: string): () => Promise<Consumed> {
  const keys = new Set<string>();
  let calls = 0;
  let refused = 0;
  let goOn = true;
  const consume = async (): Promise<void> => {
    while (goOn) {
      const held = await readSecret(service, secretName);
      if (!held) refused += 1;
      else keys.add(held.accessKeyId);
      for (const until = Date.now() + HOLDS_MS; goOn && Date.now() < until; await sleep(PAUSE_MS)) {
        if (!held) continue;
        calls += 1;
        if ((await sendOrder(held, ordersUrl)) === 'refused') refused += 1;
      }
    }
  };
  const done = consume();
  return async () => {
    goOn = false;
    await done;
    return { calls, refused, keys };
  };
}
