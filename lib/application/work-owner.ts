import { Fault } from '../domain/faults.ts';
import { decideLeave, type OwnerStep } from '../domain/owner/decide.ts';
import type { Owner } from '../domain/owner/state.ts';
import type { EpochMs, OwnerId } from '../domain/types.ts';
import { admit, askRelease } from './admit.ts';
import { killPage } from './kill-pages.ts';
import { offboardPage, reviewPage } from './offboard.ts';
import type { Loaded } from './ports.ts';
import { OWNER_RULES } from './protocol.ts';
import { appendOwner, readOrSetAside } from './record.ts';
import { contextOf, type OwnerWorkerPorts } from './removal.ts';
import { wakeAt } from './wake-at.ts';
import type { WorkEnd } from './work-credential.ts';

/** `held`: by the guard, until somebody releases the batch; `escalated`: for longer than the policy bears. */
export type OwnerWorkEnd = WorkEnd | 'held' | 'escalated';

type Acting = Exclude<OwnerStep, { readonly do: 'rest' | 'wait' }>;

/** Does what an owner's record wants: the leave whose day has come, and pages of the offboarding. */
export const workOnOwner =
  (ports: OwnerWorkerPorts) =>
  async (id: OwnerId, stopAtMs: EpochMs): Promise<OwnerWorkEnd> => {
    const { ledger, clock, wake, protocol = OWNER_RULES } = ports;
    const item = { queue: 'owner', id } as const;
    for (let acted = false; ; acted = true) {
      const before = await readOrSetAside(ports, id, () => ledger.owner(id));
      if (!before) return 'unknown';
      if (before === 'unreadable') return before;
      const next = protocol.nextOwnerStep(before.state, clock.now());
      if (next.do === 'rest') return 'rest';
      if (next.do === 'wait') {
        if (acted) await wakeAt(ports, item, next.untilMs);
        return 'waiting';
      }
      if (clock.now() >= stopAtMs) {
        await wake.send(item, 0);
        return 'out-of-time';
      }
      const stillHeld = await act(ports, before, next).catch((error: unknown) => {
        if (error instanceof Fault && error.code === 'ledger-conflict') return false; // another worker did it: read again
        throw error;
      });
      if (stillHeld) return isEscalated(before.state) ? 'escalated' : 'held'; // the sweep asks again
    }
  };

const isEscalated = ({ offboarding, review }: Owner): boolean =>
  [offboarding?.admission, review?.admission].some((admission) => admission?.is === 'held' && admission.escalated);

/** `true`: it is held, and nothing could be done. */
async function act(ports: OwnerWorkerPorts, before: Loaded<Owner>, next: Acting): Promise<boolean> {
  switch (next.do) {
    case 'leave':
      await leave(ports, before);
      return false;
    case 'admit':
      await admit(ports, before, next.of);
      return false;
    case 'ask-release':
      return !(await askRelease(ports, before, next));
    case 'offboard':
      await offboardPage(ports, before, next.offboarding);
      return false;
    case 'deny':
    case 'unlist':
    case 'resume':
      await killPage(ports, before, next.work);
      return false;
    case 'review':
      await reviewPage(ports, before, next.review);
      return false;
  }
}

async function leave(ports: OwnerWorkerPorts, before: Loaded<Owner>): Promise<void> {
  const decision = decideLeave(before.state, ports.clock.now());
  if (decision.ok) await appendOwner(ports, before, decision.events, contextOf(ports, before.state, 'effective'));
}
