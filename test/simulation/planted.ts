import { PROTOCOL, type Protocol } from '../../lib/application/protocol.ts';
import type { CredentialEvent } from '../../lib/domain/credential/events.ts';
import type { NextStep } from '../../lib/domain/credential/next-step.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import type { DenyList } from '../../lib/domain/deny-list.ts';
import { Fault } from '../../lib/domain/faults.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import type { Planted } from './world.ts';

export interface Bug {
  readonly name: string;
  readonly planted: Planted;
  /** Where a fault at one of its calls shows it; otherwise seeded runs do. */
  readonly story?: string;
  /** The rules it may be caught by: whichever is seen to be broken first. */
  readonly caughtBy: RegExp;
}

const protocol = (change: Partial<Protocol>): Planted => ({ protocol: { ...PROTOCOL, ...change } });

/** Another plan, which leases are taken by, and due times are told by, too. */
const plan = (change: (step: NextStep, state: Credential, nowMs: EpochMs) => NextStep): Planted => {
  const nextStep: Protocol['nextStep'] = (state, nowMs) => change(PROTOCOL.nextStep(state, nowMs), state, nowMs);
  return protocol({
    nextStep,
    decide: (state, command, nowMs, timing) => PROTOCOL.decide(state, command, nowMs, timing, nextStep),
    dueAtMs: (state, nowMs) => PROTOCOL.dueAtMs(state, nowMs, nextStep),
  });
};
const events = (change: (event: CredentialEvent, state: Credential | undefined) => CredentialEvent | undefined): Planted =>
  protocol({
    evolve: (state, event) => {
      const changed = change(event, state);
      if (changed) return PROTOCOL.evolve(state, changed);
      if (!state) throw new Error('no state to leave as it is');
      return state;
    },
  });
const outcomes = (change: Protocol['decideOutcome']): Planted => protocol({ decideOutcome: change });

/** Appends of these events do not look at the owner. */
const unchecked = (...types: readonly CredentialEvent['type'][]): Planted => ({
  ledger: (real) => ({
    ...real,
    appendCredential: ({ requires, ...append }) =>
      real.appendCredential(append.envelopes.some(({ data }) => types.includes(data.type)) || !requires ? append : { ...append, requires }),
  }),
});

const FIVE_MINUTES_MS = 300_000;

const tagFirst = plan((step, state, nowMs) => {
  const heir =
    state.status === 'active' && !state.lease && nowMs >= (state.blocked?.nextTryAtMs ?? 0) ? state.replacement?.heir?.to : undefined;
  return heir && state.taggedFor !== heir.id && step.do === 'wait' ? { do: 'retag', to: heir } : step;
});

/** Bugs that somebody's manager of credentials has, or that a change could bring. */
export const BUGS: readonly Bug[] = [
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
    name: 'an outcome recorded whatever its fence',
    planted: outcomes((state, fence, ...rest) =>
      PROTOCOL.decideOutcome(state.lease ? { ...state, lease: { ...state.lease, fence } } : state, fence, ...rest),
    ),
    caughtBy: /^12 a stale fence/,
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
  { name: 'absence believed at once', planted: { timing: { settleMs: 0 } }, caughtBy: /^(2|15) / },
  {
    name: 'a deny that is not sent',
    planted: { connector: (real) => ({ ...real, deny: async () => undefined }) },
    caughtBy: /^8 (access is gone|no key of who is killed works)/,
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
  { name: 'a resumption that does not look at the owner', planted: unchecked('ResumptionStarted'), caughtBy: /^7 / },
  { name: 'a request that does not look at the owner', planted: unchecked('CredentialRequested'), caughtBy: /^7 / },
  { name: 'passed on without a look at the heir', planted: unchecked('CredentialHandedOver'), caughtBy: /^7 / },
  {
    name: 'a receipt on schedule instead of absence',
    story: 'leave, to be revoked',
    planted: outcomes((state, fence, outcome, ...rest) => {
      const removed = outcome.of === 'refused' && outcome.step === 'remove-account';
      const gone = outcome.of === 'confirm-absence' ? { ...outcome, absent: true } : outcome;
      return PROTOCOL.decideOutcome(state, fence, removed ? { of: 'remove-account', removed } : gone, ...rest);
    }),
    caughtBy: /^15 /,
  },
  {
    name: 'an account reported gone that is there',
    planted: { connector: (real) => ({ ...real, removeAccount: async () => true, accountExists: async () => false }) },
    caughtBy: /^15 /,
  },
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
    caughtBy: /^(1|2|11|12|17) /,
  },
  {
    name: 'an old key deleted where it should be disabled',
    planted: { connector: (real) => ({ ...real, disableVersion: (credential, keyId) => real.deleteVersion(credential, keyId) }) },
    caughtBy: /^5 /,
  },
  {
    name: 'a deny taken off as soon as somebody resumes',
    story: 'suspend and resume at once',
    planted: protocol({
      decide: (state, command, nowMs, timing) =>
        PROTOCOL.decide(state, command, nowMs, command.type === 'resume' ? { ...timing, leaseMs: 0, settleMs: 0 } : timing),
    }),
    caughtBy: /^4 /,
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
  {
    name: 'a revocation taken back by a late outcome',
    planted: protocol({
      evolve: (state, event) => {
        const next = PROTOCOL.evolve(state, event);
        return event.type === 'VersionCreated' && next.status === 'revoking'
          ? ({ ...PROTOCOL.evolve(state, event), status: 'suspended' } as Credential)
          : next;
      },
    }),
    caughtBy: /^6 /,
  },
  {
    name: 'two kills that overwrite each other',
    story: 'two are killed at once',
    planted: {
      ledger: (real) => {
        const versionOf = (list: DenyList): number => real.denyLists.get(list.id)?.version ?? 0;
        return {
          ...real,
          putDenyList: (_before, list, dueAtMs) => real.putDenyList(versionOf(list), list, dueAtMs),
          appendOwner: (append) => {
            const companions = append.companions.map((one) => (one.item === 'deny-list' ? { ...one, before: versionOf(one.state) } : one));
            return real.appendOwner({ ...append, companions });
          },
        };
      },
    },
    caughtBy: /^(8 whoever is killed is on the list|10 )/,
  },
  {
    name: 'a transfer that goes on through a kill, and lifts it',
    story: 'kill as soon as a transfer is asked for',
    planted: ((): Planted => {
      const isUnderWay = (state: Credential | undefined): boolean => state?.status === 'active' && state.replacement?.heir !== undefined;
      const { decide } = tagFirst.protocol ?? PROTOCOL;
      return protocol({
        ...tagFirst.protocol,
        decide: (state, command, ...rest) =>
          command.type === 'kill' && isUnderWay(state) ? { ok: true, events: [] } : decide(state, command, ...rest),
      });
    })(),
    caughtBy: /^(8 no key of who is killed|17 the tag never moves off who is killed)/,
  },
  {
    name: 'a kill completed though no credential carries its own deny',
    story: 'kill',
    planted: protocol({
      decide: (state, command, ...rest) =>
        command.type === 'kill' && state?.status === 'active' ? { ok: true, events: [] } : PROTOCOL.decide(state, command, ...rest),
    }),
    caughtBy: /^(7, 8|10) /,
  },
  {
    name: 'a policy that denies nobody, and is taken for rendered',
    story: 'kill',
    planted: { denyPolicy: (real) => ({ ...real, render: async () => undefined }) },
    caughtBy: /^8 no key of who is killed works/,
  },
  {
    name: 'a lifting that gives back what was suspended before the kill',
    story: 'suspend, kill, and lift',
    planted: protocol({
      decide: (state, command, ...rest) => {
        const decision = PROTOCOL.decide(state, command, ...rest);
        if (command.type !== 'kill' || !decision.ok) return decision;
        return { ...decision, events: decision.events.map((one) => (one.type === 'SuspensionStarted' ? { ...one, why: 'killed' } : one)) };
      },
    }),
    caughtBy: /^(7|10) /,
  },
];
