import type { MemoryLedger } from '../../../lib/adapters/memory/ledger.ts';
import type { Ledger } from '../../../lib/application/ports.ts';
import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import type { DenyList } from '../../../lib/domain/deny-list.ts';
import { type Bug, events, plan, unchecked } from './bug.ts';

/** What the list of denied sessions is told with an event of that type, it is not told. */
const untold =
  (type: CredentialEvent['type'], isMeant: (list: DenyList) => boolean = () => true) =>
  (real: MemoryLedger): Ledger => ({
    ...real,
    appendCredential: (append) => {
      const isTold = !append.envelopes.some(({ data }) => data.type === type);
      return real.appendCredential({
        ...append,
        companions: append.companions.filter((one) => isTold || one.item !== 'deny-list' || !isMeant(one.state)),
      });
    },
  });

/** Of time, of roles, and of the policy. */
export const LIMIT_BUGS: readonly Bug[] = [
  {
    name: 'an end at the first warning',
    story: 'its time is over',
    planted: plan((step) => (step.do === 'warn' ? { do: 'give-up', cause: 'expired' } : step)),
    caughtBy: /^10 what is limited ends at its end/,
  },
  {
    name: 'an end without a warning',
    story: 'its time is over',
    planted: plan((step, state, nowMs) =>
      step.do === 'warn' && state.expiry
        ? nowMs < state.expiry.atMs
          ? { do: 'wait', untilMs: state.expiry.atMs }
          : { do: 'give-up', cause: 'expired' }
        : step,
    ),
    caughtBy: /^10 warned before the end/,
  },
  {
    name: 'a suspension that outlives its time',
    story: 'suspended when its time is over',
    planted: plan((step, state) =>
      state.status === 'suspended' && step.do === 'give-up' && step.cause === 'expired'
        ? { do: 'wait', untilMs: Number.MAX_SAFE_INTEGER as never }
        : step,
    ),
    caughtBy: /^10 /,
  },
  {
    name: 'a renewal that does not look at the owner',
    story: 'renewed for somebody who leaves in that moment',
    planted: unchecked('ExpiryRenewed'),
    caughtBy: /^7 /,
  },
  {
    name: 'a renewal after which the old end comes all the same',
    story: 'a token renewed in time, and then its time is over',
    planted: events((event) => (event.type === 'ExpiryRenewed' ? { ...event, ttlMs: 60_000 } : event)),
    caughtBy: /^10 a renewal begins|^10 nothing gets stuck/,
  },
  {
    name: 'sessions left alone when access is denied',
    story: 'suspended while roles are assumed, and resumed',
    planted: { ledger: untold('AccessDenied') },
    caughtBy: /^8 sessions of what is denied/,
  },
  {
    name: 'sessions left alone when a key is replaced',
    story: 'replaced while roles are assumed',
    planted: { ledger: untold('VersionDisabled') },
    caughtBy: /^8 no session/,
  },
  {
    name: 'sessions denied for ever',
    story: 'suspended while roles are assumed, and resumed',
    planted: { ledger: untold('SuspensionLifted') },
    caughtBy: /^4 a role can be assumed/,
  },
  {
    name: 'a receipt that is silent on what goes on',
    story: 'a leave while roles are assumed, to be suspended, and then revoked',
    planted: events((event) => (event.type === 'CredentialRevoked' ? { ...event, receipt: { ...event.receipt, mayOutlive: [] } } : event)),
    caughtBy: /^15 a receipt names/,
  },
  {
    name: 'another policy that is noted, and followed up in an empty list',
    story: 'another policy, by which nobody but the steward may have it',
    planted: { ledger: (real) => ({ ...real, live: async () => ({ page: [], unreadable: [], nextCursor: undefined }) }) },
    caughtBy: /^(10 |a mover)/,
  },
  {
    name: 'another policy that is never put on record',
    story: 'a leave that was only observed, and then is enforced',
    planted: { ledger: (real) => ({ ...real, appendPolicy: async () => undefined }) },
    caughtBy: /^(7, 8|10) /,
  },
];
