import { Counts } from './counts.ts';
import { Faults } from './faults.ts';
import { Keys, type KeyTimes } from './keys.ts';
import { Upstream } from './upstream.ts';

/** All that a gateway remembers. */
export interface State {
  readonly keys: Keys;
  readonly counts: Counts;
  readonly faults: Faults;
  readonly now: () => number;
  /** Absent until the emulator, which has to know the gateway's port first, is up. */
  upstream: Upstream | undefined;
}

export const newState = (times: KeyTimes, now: () => number): State => {
  return { keys: new Keys(times), counts: new Counts(), faults: new Faults(), now, upstream: undefined };
};

export const connect = (state: State, port: number): void => {
  state.upstream = new Upstream(port);
};
