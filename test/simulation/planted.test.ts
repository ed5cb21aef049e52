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

const BY_SEED: readonly (readonly [string, number, Planted, RegExp])[] = [
  [
    'CreateAccessKey repeated after a lost answer',
    1,
    {
      connector: (real) => ({
        ...real,
        createVersion: async (credential, attempt) => {
          await real.createVersion(credential, attempt).catch(() => undefined);
          return real.createVersion(credential, attempt);
        },
      }),
    },
    /exactly one key at rest/,
  ],
  ['keys disabled without a deny', 1461, { connector: (real) => ({ ...real, deny: async () => undefined }) }, /access is gone/],
  ['a listing taken for complete', 2, { connector: (real) => ({ ...real, listVersions: async () => [] }) }, /exactly one key at rest/],
  ['an account reported gone that is there', 1, { connector: (real) => ({ ...real, removeAccount: async () => true }) }, /gets stuck/],
  ['a sweep that finds nothing due', 1, { ledger: (real) => ({ ...real, due: async () => [] }) }, /gets stuck/],
  [
    'a write that lost taken for done',
    955,
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

describe('a planted bug is found', () => {
  it.each(BY_STORY)('%s', async (_name, planted, rule) => {
    const found: string[] = [];
    for (const leave of ['when-active', 'at-once'] as const)
      for await (const { violation } of everyFault(leave, planted)) if (violation) found.push(violation);
    expect(found.join('\n')).toMatch(rule);
  });

  it.each(BY_SEED)('%s (seed %i)', async (_name, seed, planted, rule) => {
    expect((await run(seed, 150, planted)).violation).toMatch(rule);
  });
});
