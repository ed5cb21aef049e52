import { Fault } from '../../lib/domain/faults.ts';
import { type EpochMs, plusMs } from '../../lib/domain/types.ts';

/**
 * What can go wrong with one call.
 * `before`: it fails and has no effect, and nobody knows. `after`: it takes effect, the answer is lost. `throttle`: answered, later.
 * `kill-before`, `kill-after`: the process dies. `late`: the worker is cut off, the effect lands within the time a call may still land.
 * `slow`: the same, but the worker lives and gets its answer, with its lease long gone.
 */
export const FAULT_KINDS = ['before', 'after', 'throttle', 'kill-before', 'kill-after', 'late', 'slow'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** How late a call may land, as the world has it: the lease and the settle time of the defaults. A policy that says less is wrong. */
export const LANDS_WITHIN_MS = 150_000;

/** Far more than a run makes. */
const MAX_CALLS = 20_000;

/** The process is gone: nothing below runs on. */
export class Killed extends Error {}

interface Parked {
  readonly landAtMs: EpochMs;
  readonly land: () => Promise<void>;
}

/** Stands between the workers and everything they call. */
interface FaultLine {
  wrap<T extends object>(site: string, port: T): T;
  /** What lands by `nowMs`, in its order. */
  land(nowMs: EpochMs): Promise<void>;
  readonly parked: readonly Parked[];
  /** Calls seen, by site. */
  readonly reached: Map<string, number>;
  calls(): number;
  /** Calls `listener` whenever a call is held up; gives back how to stop that. */
  onPark(listener: () => void): () => void;
}

/** The fault of call number `n` (from 0), if it has one. */
export type FaultPlan = (n: number, site: string) => FaultKind | undefined;

/** `landWithinMs`: how late the call of that number lands. */
export function faultLine(plan: FaultPlan, now: () => EpochMs, landWithinMs: (n: number) => number): FaultLine {
  const reached = new Map<string, number>();
  const parked: Parked[] = [];
  const listeners = new Set<() => void>();
  let count = 0;

  const park = (n: number, act: () => Promise<unknown>): Promise<unknown> =>
    new Promise((resolve, reject) => {
      parked.push({
        landAtMs: plusMs(now(), landWithinMs(n)),
        land: async () => {
          const landed = act();
          landed.then(resolve, reject);
          await landed.catch(() => undefined);
          for (let turn = 0; turn < 3; turn += 1) await new Promise((next) => setImmediate(next)); // lets whoever waited for it go on
        },
      });
      for (const listener of listeners) listener();
    });

  const call = async (site: string, act: () => Promise<unknown>): Promise<unknown> => {
    const n = count;
    count += 1;
    if (count > MAX_CALLS) throw new Error(`endless: ${site}`); // a loop that the clock does not move is a defect, not a long run
    reached.set(site, (reached.get(site) ?? 0) + 1);
    const ledger = site.startsWith('ledger.');
    const lost = (): Error => (ledger ? new Error(`${site}: connection lost`) : new Fault('provider-unknown', true, site));
    switch (plan(n, site)) {
      case undefined:
        return act();
      case 'before':
        throw lost();
      case 'after':
        await act();
        throw lost();
      case 'throttle':
        throw ledger ? lost() : new Fault('provider-throttled', true, site);
      case 'kill-before':
        throw new Killed();
      case 'kill-after':
        await act();
        throw new Killed();
      case 'late':
        void park(n, act).catch(() => undefined); // nobody waits for its answer any more
        throw lost();
      case 'slow':
        return park(n, act);
    }
  };

  return {
    reached,
    parked,
    calls: () => count,
    onPark: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    wrap: <T extends object>(name: string, port: T): T =>
      new Proxy(port, {
        get: (target, member, receiver) => {
          const value: unknown = Reflect.get(target, member, receiver);
          if (typeof value !== 'function' || member === 'keyIdOf') return value;
          return (...args: readonly unknown[]) => call(`${name}.${String(member)}`, async () => Reflect.apply(value, target, args));
        },
      }),
    land: async (nowMs) => {
      for (;;) {
        parked.sort((a, b) => a.landAtMs - b.landAtMs);
        const [first] = parked;
        if (!first || first.landAtMs > nowMs) return;
        parked.shift();
        await first.land();
      }
    },
  };
}
