import { describe, expect, it } from 'vitest';
import type { Connector, SecretStore } from '../../../lib/application/ports.ts';
import { disableAll, lookForAttempts, usesOf } from '../../../lib/application/provider-looks.ts';
import type { Credential, Version } from '../../../lib/domain/credential/state.ts';
import { Secret } from '../../../lib/domain/faults.ts';
import type { KeyId } from '../../../lib/domain/types.ts';
import { active, at, attempt, key } from '../domain/given.ts';

const having = (...versions: readonly object[]): Credential =>
  ({ ...active().state, versions: versions as readonly Version[] }) as Credential;
const attempted = { phase: 'attempted', attempt: attempt(1), settledAtMs: at(0) };
const of = (phase: Version['phase'], n: number) => ({ phase, attempt: attempt(n), keyId: key(n) });

/** A provider that has these keys, of which those stored have a value, and what was asked of it. */
function provider(listed: readonly number[], stored: readonly number[] = []) {
  const asked: string[] = [];
  const connector = {
    listVersions: async () => {
      asked.push('list');
      return listed.map(key);
    },
    keyIdOf: (body: Secret) => body.reveal() as KeyId,
    lastUsed: async (_credential: Credential, keyId: KeyId) => {
      asked.push(keyId);
      return at(asked.length);
    },
    disableVersion: async (_credential: Credential, keyId: KeyId) => void asked.push(keyId),
  } as Partial<Connector> as Connector;
  const secrets = {
    read: async (_credential, of) => {
      asked.push(of);
      const found = stored.find((n) => attempt(n) === of);
      return found === undefined ? undefined : new Secret(key(found));
    },
  } as Partial<SecretStore> as SecretStore;
  return { connector, secrets, asked };
}

describe('a look for attempts without an answer', () => {
  it.each<readonly [string, Credential, readonly number[], readonly number[], readonly number[]]>([
    ['one that is out is asked for', having(attempted), [1], [1], [1]],
    ['one whose key is on record, but not its value, as well', having(of('created', 1)), [1], [1], [1]],
    ['one that nobody stored is told as not stored', having(of('created', 1)), [1], [], [1]],
    [
      'the others are not asked for: each of these has been answered',
      having(of('current', 1), of('stored', 2), of('doomed', 3)),
      [1, 2],
      [1, 2, 3],
      [],
    ],
    ['beside them it is', having(of('current', 1), of('created', 2)), [1, 2], [1, 2], [2]],
  ])('%s', async (_what, state, listed, stored, read) => {
    const { connector, secrets, asked } = provider(listed, stored);
    expect(await lookForAttempts(connector, secrets, state)).toEqual({
      keyIds: listed.map(key),
      stored: read.filter((n) => stored.includes(n)).map((n) => ({ attempt: attempt(n), keyId: key(n) })),
    });
    expect(asked).toEqual(['list', ...read.map(attempt)]);
  });
});

describe('a look at the use', () => {
  it('is of the key that is current, and of the old one', async () => {
    const { connector, asked } = provider([]);
    expect(await usesOf(connector, having(of('retiring', 1), of('current', 2)), key(1))).toEqual({
      newUsedAtMs: at(1),
      oldUsedAtMs: at(2),
    });
    expect(asked).toEqual([key(2), key(1)]);
  });

  it('where none is current, is of the old one alone', async () => {
    const { connector } = provider([]);
    expect(await usesOf(connector, having(of('retiring', 1)), key(1))).toEqual({ newUsedAtMs: undefined, oldUsedAtMs: at(1) });
  });
});

describe('what is disabled at the end', () => {
  it.each<readonly [string, Credential, readonly number[], readonly (number | 'list')[]]>([
    ['first what the ledger knows, before anything is listed', having(of('current', 1), of('retiring', 2)), [1, 2], [1, 2, 'list']],
    ['then what the listing shows besides', having(of('current', 1)), [1, 7], [1, 'list', 7]],
    ['one that is only attempted has no key to disable', having(attempted), [7], ['list', 7]],
    ['one that the listing does not show yet all the same', having(of('created', 1)), [], [1, 'list']],
  ])('%s', async (_what, state, listed, expected) => {
    const { connector, asked } = provider(listed);
    expect(await disableAll(connector, state, () => undefined)).toEqual(listed.map(key));
    expect(asked).toEqual(expected.map((n) => (n === 'list' ? n : key(n))));
  });

  it('nothing more once the lease is over', async () => {
    const { connector, asked } = provider([7]);
    let left = 1;
    const held = (): void => {
      if (left === 0) throw new Error('over');
      left -= 1;
    };
    await expect(disableAll(connector, having(of('current', 1), of('retiring', 2)), held)).rejects.toThrow('over');
    expect(asked).toEqual([key(1)]);
  });
});
