import type { EpochMs } from '../../../lib/domain/types.ts';
import { PROTOCOL } from '../../protocol.ts';

import { type Bug, events, outcomes, protocol } from './bug.ts';

/** Of how keys are made, used and replaced. */
export const KEY_BUGS: readonly Bug[] = [
  {
    name: 'promoted before it was seen to work',
    planted: { connector: (real) => ({ ...real, verify: async () => true }) },
    caughtBy: /^4 AWSCURRENT works/,
  },
  {
    name: 'AWSPENDING left on an attempt given up',
    planted: {
      // Some keys never come to life: that alone breaks nothing.
      connector: (real) => ({ ...real, verify: async (body) => !body.reveal().includes('7') && real.verify(body) }),
      secrets: (real) => ({ ...real, unstage: async () => undefined }),
    },
    caughtBy: /^4 AWSPENDING/,
  },
  {
    name: 'the oldest key deleted to make room',
    planted: {
      connector: (real) => ({
        ...real,
        createVersion: async (credential, attempt) => {
          const [oldest] = await real.listVersions(credential);
          if (oldest) await real.deleteVersion(credential, oldest);
          return real.createVersion(credential, attempt);
        },
      }),
    },
    caughtBy: /^(4|5) /,
  },
  {
    name: 'CreateAccessKey repeated after a lost answer',
    story: 'issue',
    planted: {
      connector: (real) => ({
        ...real,
        createVersion: (credential, attempt) =>
          real.createVersion(credential, attempt).catch(() => real.createVersion(credential, attempt)),
      }),
    },
    caughtBy: /^(2|10) /,
  },
  {
    name: 'the attempt not on record before the call',
    planted: events((event) => {
      if (event.type !== 'StepStarted') return event;
      const { attempt: _attempt, ...rest } = event;
      return rest;
    }),
    caughtBy: /^1 the attempt/,
  },
  {
    name: 'an attempt forgotten since a command came in between',
    planted: protocol({
      evolve: (state, event) => {
        const next = PROTOCOL.evolve(state, event);
        const between = event.type === 'SuspensionStarted' || event.type === 'RevocationStarted';
        return between ? { ...next, versions: next.versions.filter(({ phase }) => phase !== 'attempted') } : next;
      },
    }),
    caughtBy: /^2 /,
  },
  {
    name: 'our own verification taken for use',
    planted: outcomes((state, fence, outcome, ...rest) =>
      PROTOCOL.decideOutcome(
        state,
        fence,
        outcome.of === 'check-use' ? { ...outcome, newUsedAtMs: outcome.newUsedAtMs && (Number.MAX_SAFE_INTEGER as EpochMs) } : outcome,
        ...rest,
      ),
    ),
    caughtBy: /^4 an old key goes/,
  },
  {
    name: 'a promotion that moves no label',
    planted: { secrets: (real) => ({ ...real, promote: async () => undefined }) },
    caughtBy: /^4 /,
  },
  {
    name: 'use that is never seen',
    planted: { connector: (real) => ({ ...real, lastUsed: async () => undefined }) },
    caughtBy: /^10 /,
  },
  {
    name: 'a listing taken for complete',
    planted: { connector: (real) => ({ ...real, listVersions: async () => [] }) },
    caughtBy: /^(2|10) /,
  },
  {
    name: 'an old key deleted where it should be disabled',
    planted: { connector: (real) => ({ ...real, disableVersion: (credential, keyId) => real.deleteVersion(credential, keyId) }) },
    caughtBy: /^5 /,
  },
  {
    name: 'an undo that enables the key once',
    story: 'undo of a rotation',
    planted: events((event) => {
      if (event.type !== 'VersionRestored') return event;
      const { againAtMs: _again, ...rest } = event;
      return rest;
    }),
    caughtBy: /^4 the old key/,
  },
  {
    name: 'keys that a look finds too much, forgotten',
    planted: events((event) => (event.type === 'AttemptsRecovered' ? { ...event, doomed: [] } : event)),
    caughtBy: /^(2|10) |endless/,
  },
];
