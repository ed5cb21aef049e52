import { describe, expect, it } from 'vitest';
import { Fault } from '../../lib/domain/faults.ts';
import { run } from './run.ts';
import { everyFault } from './story.ts';
import type { Planted } from './world.ts';

/** What the simulation is worth: each of these is a bug that somebody's manager of credentials has, and it must find it. */
const BY_STORY: readonly (readonly [string, Planted, RegExp])[] = [
  ['absence believed before a late call can land', { timing: { settleMs: 0 } }, /no user is unknown/],
  [
    'a request that does not check the owner in its transaction',
    {
      ledger: (real) => ({
        ...real,
        appendCredential: ({ requires: _requires, ...append }) => real.appendCredential(append),
      }),
    },
    /nothing lives for who is not there/,
  ],
  [
    'a key handed over without having been seen to work',
    { propagationMs: 20_000, connector: (real) => ({ ...real, verify: async () => true }) },
    /AWSCURRENT works while active/,
  ],
];

/** Bugs of a rotation, found by the story that has one. */
const BY_ROTATION: readonly (readonly [string, Planted, RegExp])[] = [
  [
    'the oldest key deleted to make room',
    {
      connector: (real) => ({
        ...real,
        createVersion: async (credential, attempt) => {
          const [oldest] = await real.listVersions(credential);
          if (oldest) await real.deleteVersion(credential, oldest);
          return real.createVersion(credential, attempt);
        },
      }),
    },
    /AWSCURRENT works while active/,
  ],
  [
    'an old key deleted where it should be disabled',
    { connector: (real) => ({ ...real, disableVersion: (credential, keyId) => real.deleteVersion(credential, keyId) }) },
    /can be enabled again/,
  ],
  ['a promotion that moves no label', { secrets: (real) => ({ ...real, promote: async () => undefined }) }, /not rotated|gets stuck/],
  ['use that is never seen', { connector: (real) => ({ ...real, lastUsed: async () => undefined }) }, /not rotated/],
];

const BY_SEED: readonly (readonly [string, Planted, RegExp])[] = [
  [
    'CreateAccessKey repeated after a lost answer',
    {
      connector: (real) => ({
        ...real,
        createVersion: async (credential, attempt) => {
          await real.createVersion(credential, attempt).catch(() => undefined);
          return real.createVersion(credential, attempt);
        },
      }),
    },
    /endless|exactly one key at rest/,
  ],
  ['keys disabled without a deny', { connector: (real) => ({ ...real, deny: async () => undefined }) }, /access is gone/],
  ['a listing taken for complete', { connector: (real) => ({ ...real, listVersions: async () => [] }) }, /exactly one key at rest/],
  ['an account reported gone that is there', { connector: (real) => ({ ...real, removeAccount: async () => true }) }, /endless|gets stuck/],
  ['a sweep that finds nothing due', { ledger: (real) => ({ ...real, due: async () => [] }) }, /gets stuck/],
  [
    'a write that lost taken for done',
    {
      ledger: (real) => ({
        ...real,
        appendCredential: (append) =>
          real.appendCredential(append).catch((error: unknown) => {
            if (!(error instanceof Fault && error.code === 'ledger-conflict')) throw error;
          }),
      }),
    },
    /attempt is on record/,
  ],
];

/** Some bugs show only where three things come together. */
const MOST_SEEDS = 6_000;

describe('a planted bug is found', () => {
  it.each(BY_STORY)('%s', async (_name, planted, rule) => {
    const found: string[] = [];
    for (const leave of ['when-active', 'at-once'] as const)
      for await (const { violation } of everyFault(leave, planted)) if (violation) found.push(violation);
    expect(found.join('\n')).toMatch(rule);
  });

  it.each(BY_ROTATION)('%s', async (_name, planted, rule) => {
    for await (const { violation } of everyFault('when-rotated', planted)) if (violation) return expect(violation).toMatch(rule);
    throw new Error('not found');
  });

  it.each(BY_SEED)('%s, by the seeded runs', async (_name, planted, rule) => {
    for (let seed = 1; seed <= MOST_SEEDS; seed += 1) {
      const { violation } = await run(seed, 150, planted);
      if (violation) return expect(violation).toMatch(rule);
    }
    throw new Error(`not found in ${MOST_SEEDS} seeds`);
  });
});
