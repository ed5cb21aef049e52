import type { Credential } from '../../../lib/domain/credential/state.ts';
import type { DenyList } from '../../../lib/domain/deny-list.ts';
import { PROTOCOL } from '../../protocol.ts';
import type { Planted } from '../wiring.ts';

import { type Bug, outcomes, protocol, tagFirst } from './bug.ts';

/** Of how access ends, and comes back. */
export const END_BUGS: readonly Bug[] = [
  { name: 'absence believed at once', planted: { timing: { settleMs: 0 } }, caughtBy: /^(2 |15 |4 AWSPENDING)/ },
  {
    name: 'a deny that is not sent',
    planted: { connector: (real) => ({ ...real, deny: async () => undefined }) },
    caughtBy: /^8 (access is gone|no key of who is killed works)/,
  },
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
    name: 'a deny taken off as soon as somebody resumes',
    story: 'suspend and resume at once',
    planted: protocol({
      decide: (state, command, nowMs, timing) =>
        PROTOCOL.decide(state, command, nowMs, command.type === 'resume' ? { ...timing, leaseMs: 0, settleMs: 0 } : timing),
    }),
    caughtBy: /^4 /,
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
