import { Fault } from '../../lib/domain/faults.ts';
import { type EpochMs, plusMs } from '../../lib/domain/types.ts';

/**
 * What can go wrong with one call.
 * `before`: it fails and has no effect, and nobody knows. `after`: it takes effect, the answer is lost. `throttle`: answered, later.
 * `kill-before`, `kill-after`: the process dies. `late`: the worker is cut off, the effect lands within the time a call may still land.
 * `slow`: the same, but the worker lives and gets its answer, with its lease long gone.
 * `twice`: it takes effect and is answered, and lands once more; only where its client repeats it by itself.
 */
export const FAULT_KINDS = ['before', 'after', 'throttle', 'kill-before', 'kill-after', 'late', 'slow', 'twice'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface PlannedFault {
  readonly kind: FaultKind;
  /** How late what is late lands. */
  readonly delayMs: number;
}

/** How late a call may land at most, as the world has it: the lease and the settle time of the defaults. A policy that says less is wrong. */
export const LANDS_WITHIN_MS = 150_000;

/** Far more than is made without the clock moving. */
const MAX_CALLS = 6_000;

/** One run of one function. Dead, it does nothing any more, and whatever waits in it waits for ever. */
export interface Process {
  dead: boolean;
  /** Told when it is dead or one of its calls is held up. */
  onHold: () => void;
  /** No call of the step it is at lands any later: `settleMs` after the end of its lease. `undefined`: it has none. */
  landsByMs: EpochMs | undefined;
}

interface Parked {
  readonly landAtMs: EpochMs;
  readonly land: () => Promise<void>;
}

/** One kind of call: made once, used for each. */
export interface Call {
  readonly site: string;
  readonly repeatable: boolean;
  /** How often it was seen. */
  seen: number;
}

/** Stands between the processes and everything they call. */
export interface FaultLine {
  call<T>(process: Process, call: Call, act: () => T | Promise<T>): Promise<T>;
  /** The call of that name, and of that kind: what one method may repeat another may not. Always the same. */
  kind(site: string, repeatable: boolean): Call;
  /** `port` as each process has it: with each of its calls going through here. */
  wrap<T extends object>(name: string, port: T): (process: Process) => T;
  /** The process waits so long. */
  hold(process: Process, ms: number): Promise<void>;
  /** What lands by `nowMs`, in its order. */
  land(nowMs: EpochMs): Promise<void>;
  readonly parked: readonly Parked[];
  /** Calls seen, by site. */
  reached(): ReadonlyMap<string, number>;
  calls(): number;
}

/** Lets everything that can go on go on. */
export const drained = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const lostConnection = (error: unknown): boolean => error instanceof Error && error.message.endsWith('connection lost');

/** `plan` is asked once a call, in their order. */
export function faultLine(plan: (site: string) => PlannedFault | undefined, now: () => EpochMs): FaultLine {
  const kinds = { repeatable: new Map<string, Call>(), once: new Map<string, Call>() };
  const parked: Parked[] = [];
  let count = 0;
  const since = { atMs: now(), count };

  const kind = (site: string, repeatable: boolean): Call => {
    const alike = repeatable ? kinds.repeatable : kinds.once;
    const known = alike.get(site);
    if (known) return known;
    const first = { site, repeatable, seen: 0 };
    alike.set(site, first);
    return first;
  };
  const seen = (what: Call): void => {
    count += 1;
    what.seen += 1;
    if (since.atMs !== now()) [since.atMs, since.count] = [now(), count];
  };
  const park = (delayMs: number, land: () => Promise<void>): void => {
    parked.push({ landAtMs: plusMs(now(), delayMs), land });
  };
  const alone = (act: () => unknown) => async (): Promise<void> => {
    await Promise.resolve()
      .then(act)
      .catch(() => undefined); // nobody waits for its answer any more
  };

  const call = <T>(process: Process, what: Call, act: () => T | Promise<T>): Promise<T> => {
    if (process.dead) {
      process.onHold();
      return new Promise<T>(() => undefined);
    }
    seen(what);
    if (count - since.count > MAX_CALLS) return Promise.reject(new Error(`endless: ${what.site}`)); // a loop that the clock does not move is a defect
    const fault = plan(what.site);
    if (fault) return goWrong(process, what, fault, act);
    try {
      const done = act();
      return done instanceof Promise ? done : Promise.resolve(done);
    } catch (error) {
      return Promise.reject(error);
    }
  };

  const goWrong = async <T>(process: Process, { site, repeatable }: Call, fault: PlannedFault, act: () => T | Promise<T>): Promise<T> => {
    const { landsByMs } = process;
    const inside = site.startsWith('ledger.') || site.startsWith('wake.');
    const lost = (): Error => (inside ? new Error(`${site}: connection lost`) : new Fault('provider-unknown', true, site));
    const delayMs = inside || landsByMs === undefined ? fault.delayMs : Math.max(0, Math.min(fault.delayMs, landsByMs - 1 - now()));
    const die = (): Promise<T> => {
      process.dead = true;
      process.onHold();
      return new Promise<T>(() => undefined);
    };
    switch (fault.kind) {
      case 'before':
        throw lost();
      case 'after':
        await act();
        throw lost();
      case 'throttle':
        throw inside ? lost() : new Fault('provider-throttled', true, site);
      case 'kill-before':
        return die();
      case 'kill-after':
        await act();
        return die();
      case 'late':
        park(delayMs, alone(act));
        throw lost();
      case 'slow':
        return new Promise<T>((resolve, reject) => {
          park(delayMs, async () => {
            await Promise.resolve().then(act).then(resolve, reject);
            await drained();
          });
          process.onHold();
        });
      case 'twice':
        if (repeatable) park(delayMs, alone(act));
        return act();
    }
  };

  return {
    call,
    kind,
    reached: () => {
      const bySite = new Map<string, number>();
      for (const { site, seen: times } of [...kinds.repeatable.values(), ...kinds.once.values()])
        if (times) bySite.set(site, times + (bySite.get(site) ?? 0));
      return bySite;
    },
    parked,
    calls: () => count,
    wrap: <T extends object>(name: string, port: T) => {
      const members = Object.entries(port).map(([member, value]) => ({ member, value, what: kind(`${name}.${member}`, true) }));
      return (process) => {
        const wrapped: Record<string, unknown> = {};
        for (const { member, value, what } of members)
          wrapped[member] =
            typeof value === 'function' ? (...args: readonly unknown[]) => call(process, what, () => value(...args)) : value;
        return wrapped as T;
      };
    },
    hold: (process, ms) =>
      new Promise((resolve) => {
        park(ms, async () => {
          resolve();
          await drained();
        });
        process.onHold();
      }),
    land: async (nowMs) => {
      for (;;) {
        let first: Parked | undefined;
        for (const one of parked) if (!first || one.landAtMs < first.landAtMs) first = one;
        if (!first || first.landAtMs > nowMs) return;
        parked.splice(parked.indexOf(first), 1);
        await first.land();
      }
    },
  };
}
