import { answered, begun, type DenyList, type DenyOutcome, denyListDueAtMs, nextDenyStep } from '../domain/deny-list.ts';
import { Fault } from '../domain/faults.ts';
import type { Timing } from '../domain/timing.ts';
import type { DenyListId, EpochMs } from '../domain/types.ts';
import { type Caller, isStillHeld } from './lease.ts';
import type { Ledger, Loaded, Wake } from './ports.ts';
import { retryingConflicts } from './record.ts';
import type { WorkEnd } from './work-credential.ts';

/** The one policy at a provider that a list is rendered into. Throws `Fault('provider-…')`. */
export interface DenyPolicy {
  /**
   * Denies everything to exactly these. In force at once; NOT repeatable by itself: a second call could land after a newer list. Where
   * room has to be made first, `isHeld` is asked once more, and without the lease it is throttled.
   */
  render(keys: readonly string[], isHeld: () => boolean): Promise<void>;
  /** Whom the policy in force denies. */
  rendered(): Promise<readonly string[]>;
  /** Removes what is not in force any more; it never touches what is. */
  prune(): Promise<void>;
}

export interface DenyListPorts extends Caller {
  readonly ledger: Ledger;
  readonly wake: Wake;
  readonly timing: Timing;
  readonly denyPolicy: DenyPolicy;
}

export interface DenyListWorked {
  readonly end: WorkEnd;
  readonly state: DenyList | undefined;
}

type Held = Pick<Loaded<DenyList>, 'state' | 'version'>;

const LONGEST_DELAY_MS = 900_000;

/** Does what a deny list wants until it rests or must wait. A call without an answer is left to the end of its lease, and looked into later. */
export const workOnDenyList =
  (ports: DenyListPorts) =>
  async (id: DenyListId, stopAtMs: EpochMs): Promise<DenyListWorked> => {
    const { ledger, clock, wake, timing } = ports;
    const item = { queue: 'deny-list', id } as const;
    for (let acted = false; ; acted = true) {
      const before = await ledger.denyList(id);
      if (!before) return { end: 'unknown', state: undefined };
      const { state } = before;
      const nowMs = clock.now();
      const next = nextDenyStep(state, nowMs);
      if (next.do === 'rest') return { end: 'rest', state };
      if (next.do === 'wait') {
        const delayMs = next.untilMs - nowMs;
        if (acted && delayMs <= LONGEST_DELAY_MS) await wake.send(item, delayMs);
        return { end: 'waiting', state };
      }
      if (nowMs >= stopAtMs) {
        await wake.send(item, 0);
        return { end: 'out-of-time', state };
      }
      const begins = begun(state, next.do, nowMs, timing.settleMs);
      const won = await put(ports, before, begins).then(
        () => true,
        (error: unknown) => lostRace(error),
      );
      if (!won) continue;
      const isHeld = (): boolean => isStillHeld(ports, begins.lease?.untilMs ?? nowMs);
      const late = next.do === 'render' && !isHeld(); // it could land over a newer list
      const outcome = late ? undefined : await perform(ports.denyPolicy, next, isHeld);
      if (!outcome) {
        await wake.send(item, (begins.lease?.untilMs ?? nowMs) - clock.now());
        return { end: 'answer-lost', state: begins };
      }
      await record(ports, id, begins.fence, outcome);
    }
  };

async function perform(
  policy: DenyPolicy,
  next: Exclude<ReturnType<typeof nextDenyStep>, { readonly do: 'rest' | 'wait' }>,
  isHeld: () => boolean,
): Promise<DenyOutcome | undefined> {
  try {
    switch (next.do) {
      case 'render':
        await policy.render(next.keys, isHeld);
        return { of: 'render', keys: next.keys };
      case 'check':
        return { of: 'check', keys: await policy.rendered() };
      case 'prune':
        await policy.prune();
        return { of: 'prune' };
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.code === 'provider-unknown' && next.do === 'render' ? undefined : { of: 'refused', code: error.message };
  }
}

const record = (ports: DenyListPorts, id: DenyListId, fence: number, outcome: DenyOutcome): Promise<void> =>
  retryingConflicts(async () => {
    const now = await ports.ledger.denyList(id);
    const state = now && answered(now.state, fence, outcome, ports.clock.now());
    if (state) await put(ports, now, state); // else another worker's by now: its lease found the answer missing, and owes a look
  });

const put = ({ ledger, clock }: DenyListPorts, before: Held, state: DenyList): Promise<void> =>
  ledger.putDenyList(before.version, state, denyListDueAtMs(state, clock.now()));

function lostRace(error: unknown): false {
  if (error instanceof Fault && error.code === 'ledger-conflict') return false;
  throw error;
}
