import type { EpochMs } from '../domain/types.ts';
import type { Clock } from './ports.ts';

/** A call that can't be repeated starts only with this much of its lease left beyond its socket's time-out. */
const SPARE_LEASE_MS = 5_000;

export interface Caller {
  readonly clock: Clock;
  /** The longest one provider request may take, in ms: its socket's time-out. */
  readonly requestTimeoutMs: number;
}

export const isStillHeld = ({ clock, requestTimeoutMs }: Caller, untilMs: EpochMs): boolean =>
  untilMs - clock.now() > requestTimeoutMs + SPARE_LEASE_MS;
