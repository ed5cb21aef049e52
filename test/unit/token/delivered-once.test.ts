import { describe, expect, it } from 'vitest';
import { deliveringOnce } from '../../../lib/application/delivered-once.ts';
import type { SecretStore } from '../../../lib/application/ports.ts';
import { usesAdded } from '../../../lib/application/token-store.ts';
import type { Credential, Holder } from '../../../lib/domain/credential/state.ts';
import { Secret } from '../../../lib/domain/faults.ts';
import { active, attempt, grant, holder } from '../domain/given.ts';
import { givenRecord, givenToken } from './given-tokens.ts';

const having = (delivery?: 'once'): Credential => {
  const token = { scopes: [], outlivesLeave: false, ...(delivery && { delivery }) };
  return { ...active().state, grant: { ...grant, connector: 'api-token', token } } as Credential;
};
const once = having('once');
const stored = having();
const BODY = new Secret('value');
const OTHER = new Secret('of the store');

/** A store that notes what it is asked. */
function noted() {
  const asked: string[] = [];
  const note =
    <T>(name: string, answer: T) =>
    async (credential: Credential, ...rest: readonly (string | Secret | Holder)[]): Promise<T> => {
      asked.push(
        [
          name,
          credential === stored ? 'stored' : 'once',
          ...rest.map((one) => (one instanceof Secret || typeof one === 'object' ? 'x' : one)),
        ].join(' '),
      );
      return answer;
    };
  const store: SecretStore = {
    ...{ ensure: note('ensure', undefined), put: note('put', undefined), read: note('read', OTHER), promote: note('promote', undefined) },
    ...{ unstage: note('unstage', undefined), tagOwner: note('tagOwner', undefined), share: note('share', undefined) },
    ...{ close: note('close', undefined), withdraw: note('withdraw', undefined), readable: note('readable', true) },
  };
  return { store, asked };
}
const everything = async (secrets: SecretStore, credential: Credential) => {
  await secrets.ensure(credential);
  await secrets.put(credential, attempt(1), BODY);
  await secrets.promote(credential, attempt(1));
  await secrets.unstage(credential);
  await secrets.tagOwner(credential, holder);
  await secrets.share(credential);
  await secrets.close(credential);
  await secrets.withdraw(credential);
  return [await secrets.read(credential, attempt(1)), await secrets.readable(credential)];
};

describe('what is delivered once', () => {
  it('is kept in this process alone, and nothing of it is asked of a store', async () => {
    const { store, asked } = noted();
    const { secrets, made } = deliveringOnce(store);
    expect(await everything(secrets, once)).toEqual([BODY, false]);
    expect([made(attempt(1)), made(attempt(2)), asked]).toEqual([BODY, undefined, []]);
  });

  it('is, to every other process, not stored', async () => {
    await deliveringOnce().secrets.put(once, attempt(1), BODY);
    expect(await deliveringOnce().secrets.read(once, attempt(1))).toBeUndefined();
  });

  it('leaves everything else to the store', async () => {
    const { store, asked } = noted();
    const { secrets, made } = deliveringOnce(store);
    expect(await everything(secrets, stored)).toEqual([OTHER, true]);
    expect(asked).toEqual([
      ...['ensure stored', `put stored ${attempt(1)} x`, `promote stored ${attempt(1)}`, 'unstage stored', 'tagOwner stored x'],
      ...['share stored', 'close stored', 'withdraw stored', `read stored ${attempt(1)}`, 'readable stored'],
    ]);
    expect(made(attempt(1))).toBeUndefined();
  });

  it('is all that a function without secrets can do: the rest fails, and says so', async () => {
    const { secrets } = deliveringOnce();
    expect(await everything(secrets, once)).toEqual([BODY, false]);
    const missing = { code: 'misconfigured', retryable: false, message: expect.stringContaining('this function has no secrets') };
    await expect(secrets.ensure(stored)).rejects.toMatchObject(missing);
    await expect(secrets.put(stored, attempt(1), BODY)).rejects.toMatchObject(missing);
    await expect(secrets.read(stored, attempt(1))).rejects.toMatchObject(missing);
    await expect(secrets.readable(stored)).rejects.toMatchObject(missing);
  });
});

describe('by how many live tokens a key is needed more', () => {
  const by = (...keys: readonly string[]) => givenRecord(keys.map((macKey) => givenToken({ macKey }).version));
  it.each<readonly [string, readonly string[] | undefined, readonly string[], readonly (readonly [string, number])[]]>([
    ['a record that is new', undefined, ['k1'], [['k1', 1]]],
    ['one more of the same key', ['k1'], ['k1', 'k1'], [['k1', 1]]],
    ['one of another', ['k1'], ['k1', 'k2'], [['k2', 1]]],
    [
      'one in place of another',
      ['k1'],
      ['k2'],
      [
        ['k2', 1],
        ['k1', -1],
      ],
    ],
    ['two that go', ['k1', 'k1'], [], [['k1', -2]]],
    ['none, where none changed its key', ['k1', 'k2'], ['k2', 'k1'], []],
  ])('%s', (_what, before, after, expected) => {
    expect([...usesAdded(before && by(...before), by(...after))]).toEqual(expected);
  });
});
