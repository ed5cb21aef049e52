import type { Credential } from '../../../lib/domain/credential/state.ts';
import { PROTOCOL } from '../../protocol.ts';

import { type Bug, protocol, tagFirst, unchecked } from './bug.ts';

const FIVE_MINUTES_MS = 300_000;

/** Of who leaves, and who receives. */
export const OWNER_BUGS: readonly Bug[] = [
  {
    name: 'the leaver’s list from an index that lags',
    planted: {
      ledger: (real) => ({
        ...real,
        heldBy: async (...asked) => {
          const found = await real.heldBy(...asked);
          const newest =
            [...real.history.values()]
              .flatMap((history) => history.at(-1)?.at ?? [])
              .sort()
              .at(-1) ?? '';
          const isIndexed = ({ id }: Credential): boolean =>
            Date.parse(real.history.get(id)?.[0]?.at ?? '') + FIVE_MINUTES_MS < Date.parse(newest);
          return { ...found, page: found.page.filter(isIndexed) };
        },
      }),
    },
    caughtBy: /^(8|7, 8) /,
  },
  {
    name: 'one pass over the leaver’s list, whatever it found',
    planted: protocol({
      decidePage: (state, page, ...rest) => PROTOCOL.decidePage(state, { ...page, tally: { ...page.tally, unfinished: 0 } }, ...rest),
    }),
    caughtBy: /^8 a leave is closed/,
  },
  { name: 'a resumption that does not look at the owner', planted: unchecked('ResumptionStarted'), caughtBy: /^7 / },
  { name: 'a request that does not look at the owner', planted: unchecked('CredentialRequested'), caughtBy: /^7 / },
  { name: 'passed on without a look at the heir', planted: unchecked('CredentialHandedOver'), caughtBy: /^7 / },
  {
    name: 'the tag moved before what was known is disabled',
    planted: tagFirst,
    caughtBy: /^17 /,
  },
  {
    name: 'the guard counts outside the transaction, and so too late',
    planted: {
      ledger: (real) => ({
        ...real,
        appendOwner: (append) => real.appendOwner({ ...append, companions: append.companions.filter(({ item }) => item !== 'count') }),
      }),
    },
    caughtBy: /^14 /,
  },
  {
    name: 'what is held is taken all the same',
    planted: protocol({
      nextOwnerStep: (state, nowMs) => {
        const next = PROTOCOL.nextOwnerStep(state, nowMs);
        return next.do === 'ask-release' && next.of === 'leave' && state.offboarding
          ? { do: 'offboard', offboarding: state.offboarding }
          : next;
      },
    }),
    caughtBy: /^14 /,
  },
];
