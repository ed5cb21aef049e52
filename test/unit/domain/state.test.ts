import { describe, expect, it } from 'vitest';
import { type Credential, isDoomed, isGivenUp, keyIdsOf, type Version } from '../../../lib/domain/credential/state.ts';
import { active, attempt, key } from './given.ts';

const version = (phase: Version['phase'], n: number): Version =>
  ({ phase, attempt: attempt(n), ...(phase !== 'attempted' && { keyId: key(n) }) }) as Version;
const state = { ...active().state, versions: [version('current', 1), version('doomed', 2), version('attempted', 3)] } as Credential;

describe('a key', () => {
  it.each<[string, number, boolean]>([
    ['that is to be deleted is one nobody ever had', 2, true],
    ['that works is not', 1, false],
    ['that is not on record is not', 9, false],
  ])('%s', (_what, n, expected) => expect(isDoomed(state, key(n))).toBe(expected));

  it('is none of an attempt that has no answer', () => expect(keyIdsOf(state.versions)).toEqual([key(1), key(2)]));
});

describe('an attempt', () => {
  const tried = { ...state, attempts: [attempt(1), attempt(2), attempt(3), attempt(4)] };
  it.each<[string, number, boolean]>([
    ['whose key is there goes on', 1, false],
    ['whose key is to be deleted is given up', 2, true],
    ['without an answer goes on', 3, false],
    ['that no version stands for any more is given up', 4, true],
    ['that is none of ours was never one', 5, false],
  ])('%s', (_what, n, expected) => expect(isGivenUp(tried, attempt(n))).toBe(expected));
});
