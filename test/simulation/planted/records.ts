import { Fault } from '../../../lib/domain/faults.ts';
import type { EpochMs } from '../../../lib/domain/types.ts';
import { PROTOCOL } from '../../protocol.ts';

import { type Bug, outcomes, protocol } from './bug.ts';

/** Of what is on record, and when it is due. */
export const RECORD_BUGS: readonly Bug[] = [
  {
    name: 'an outcome recorded whatever its fence',
    planted: outcomes((state, fence, ...rest) =>
      PROTOCOL.decideOutcome(state.lease ? { ...state, lease: { ...state.lease, fence } } : state, fence, ...rest),
    ),
    caughtBy: /^12 a stale fence/,
  },
  { name: 'a sweep that finds nothing due', planted: { ledger: (real) => ({ ...real, due: async () => [] }) }, caughtBy: /^10 / },
  {
    name: 'a write that lost taken for done',
    planted: {
      ledger: (real) => ({
        ...real,
        appendCredential: (append) =>
          real.appendCredential(append).catch((error: unknown) => {
            if (!(error instanceof Fault && error.code === 'ledger-conflict')) throw error;
          }),
      }),
    },
    caughtBy: /^(1|2|4|11|12|17) /,
  },
  {
    name: 'a revocation that is in no due index',
    planted: protocol({ dueAtMs: (state, nowMs) => (state.status === 'revoking' ? undefined : PROTOCOL.dueAtMs(state, nowMs)) }),
    caughtBy: /^10 /,
  },
  {
    name: 'a secret value in an error, and so in the ledger',
    planted: {
      connector: (real) => ({
        ...real,
        verify: async (body) => {
          if (await real.verify(body)) return true;
          throw new Fault('provider-refused', false, body.reveal());
        },
      }),
    },
    caughtBy: /^3 /,
  },
  {
    name: 'an event that says something else than when it was hashed',
    planted: {
      ledger: (real) => ({
        ...real,
        appendCredential: (append) => {
          const envelopes = append.envelopes.map((one) => (one.data.type === 'VersionVerified' ? { ...one, cause: 'another' } : one));
          return real.appendCredential({ ...append, envelopes });
        },
      }),
    },
    caughtBy: /^11 the chain verifies/,
  },
  {
    name: 'a state that no event accounts for',
    planted: {
      ledger: (real) => ({
        ...real,
        appendCredential: (append) =>
          real.appendCredential(
            append.state.status === 'active' ? { ...append, state: { ...append.state, rotateAtMs: 0 as EpochMs } } : append,
          ),
      }),
    },
    caughtBy: /^(10|11) /,
  },
];
