import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Fault, Secret } from '../../../lib/domain/faults.ts';

describe('a fault', () => {
  it('says what broke, and what of', () => {
    expect(String(new Fault('key-quota', true))).toBe('Fault: key-quota');
    expect(String(new Fault('provider-refused', false, 'DeleteUser'))).toBe('Fault: provider-refused: DeleteUser');
  });

  it('has a code, what it comes from, and whether it is worth another try', () => {
    const cause = new Error('socket hang up');
    expect(new Fault('provider-unknown', true, 'CreateUser', { cause })).toMatchObject({
      code: 'provider-unknown',
      retryable: true,
      cause,
    });
  });
});

describe('a secret', () => {
  const secret = new Secret('hunter22');
  it.each<[string, () => string, string]>([
    ['printed', () => String(secret), '[secret]'],
    ['in a template', () => `key ${secret}`, 'key [secret]'],
    ['in JSON', () => JSON.stringify({ secret }), '{"secret":"[secret]"}'],
    ['looked into', () => inspect({ secret }, { depth: 9, showHidden: true }), '{ secret: Secret {} }'],
  ])('%s shows nothing', (_how, told, expected) => expect(told()).toBe(expected));
  it('is what it is where it is needed', () => expect(secret.reveal()).toBe('hunter22'));
});
