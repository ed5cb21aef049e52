import { describe, expect, it, vi } from 'vitest';
import { cachedKeyring, parseKeyring } from '../../../lib/client/token-mac.ts';
import { verifyToken } from '../../../lib/client/verify-token.ts';
import type { TokenOwner, TokenRecord } from '../../../lib/domain/token/check.ts';
import type { EpochMs } from '../../../lib/domain/types.ts';
import { ACTIVE_OWNER, givenRecord, givenToken, KEYRING } from './given-tokens.ts';

const NOW = 1_000_000;
const counted = vi.hoisted(() => ({ macs: 0, comparisons: 0 }));
vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>();
  return {
    ...real,
    createHmac: (...args: Parameters<typeof real.createHmac>) => {
      counted.macs += 1;
      return real.createHmac(...args);
    },
    timingSafeEqual: (...args: Parameters<typeof real.timingSafeEqual>) => {
      counted.comparisons += 1;
      return real.timingSafeEqual(...args);
    },
  };
});

/** A verifier over one record and one owner, that notes what it reads. */
function given(record: TokenRecord | undefined, owner: TokenOwner | 'nobody' = ACTIVE_OWNER) {
  const reads: string[] = [];
  const verify = verifyToken({
    reader: {
      token: async (id) => {
        reads.push(`token ${id}`);
        return record?.id === id ? record : undefined;
      },
      owner: async (id) => {
        reads.push(`owner ${id}`);
        return record?.ownerId === id && owner !== 'nobody' ? owner : undefined;
      },
    },
    keyring: async () => KEYRING,
    environment: 'prod',
    now: () => NOW,
  });
  return { verify, reads };
}

describe('a token', () => {
  it('that is live is allowed what its scopes say, under the current key and an earlier one', async () => {
    for (const macKey of ['k1', 'k2']) {
      const { text, version } = givenToken({ macKey });
      const verdict = await given(givenRecord([version])).verify(text, 'orders:read');
      expect(verdict).toMatchObject({ ok: true, ownerId: 'own_1', scopes: ['orders:read', 'orders:write'] });
    }
  });

  it('and the one before it both work during the overlap', async () => {
    const [old, current] = [givenToken(), givenToken()];
    const { verify } = given(givenRecord([old.version, current.version]));
    expect([await verify(old.text, 'orders:read'), await verify(current.text, 'orders:read')]).toMatchObject([{ ok: true }, { ok: true }]);
  });

  const live = givenToken();
  const takenOver = { terms: { scopes: ['orders:read'], outlivesLeave: true } };
  it.each<[string, Partial<TokenRecord>, Partial<TokenOwner> | 'nobody', string, string | undefined]>([
    ['of a revoked credential', { removed: true, versions: [] }, {}, 'orders:read', 'revoked'],
    ['of a suspended credential', { denied: true }, {}, 'orders:read', 'suspended'],
    ['that was rotated away', { versions: [{ ...live.version, active: false }] }, {}, 'orders:read', 'disabled'],
    ['whose version was deleted', { versions: [] }, {}, 'orders:read', 'unknown'],
    ['that has expired, to the millisecond', { versions: [{ ...live.version, notAfterMs: NOW as EpochMs }] }, {}, 'orders:read', 'expired'],
    ['in its last millisecond', { versions: [{ ...live.version, notAfterMs: (NOW + 1) as EpochMs }] }, {}, 'orders:read', undefined],
    ['of a killed owner', {}, { killed: true }, 'orders:read', 'owner-killed'],
    ['of an owner who left', {}, { status: 'left', epoch: 5 }, 'orders:read', 'owner-gone'],
    ['of an owner who will leave', {}, { status: 'leaving' }, 'orders:read', undefined],
    ['of an owner who left and came back', {}, { epoch: 5 }, 'orders:read', 'owner-in-later-life'],
    ['of an owner nobody knows', {}, 'nobody', 'orders:read', 'owner-gone'],
    ['that somebody takes over, of an owner who left', takenOver, { status: 'left', epoch: 5 }, 'orders:read', undefined],
    [
      'that somebody takes over, of an owner who left for cause',
      takenOver,
      { status: 'left', forCause: true },
      'orders:read',
      'owner-gone',
    ],
    ['that somebody takes over, of a killed owner', takenOver, { killed: true }, 'orders:read', 'owner-killed'],
    ['for a scope it has not', {}, {}, 'orders:delete', 'wrong-scope'],
    ['whose record is of another environment', { environment: 'test' }, {}, 'orders:read', 'unknown'],
  ])('%s', async (_name, change, owner, scope, why) => {
    const { verify } = given(givenRecord([live.version], change), owner === 'nobody' ? owner : { ...ACTIVE_OWNER, ...owner });
    const verdict = await verify(live.text, scope);
    expect(verdict.ok ? undefined : verdict.why).toBe(why);
  });

  it('of nobody and a wrong one cost the same: two reads and two MACs', async () => {
    const stranger = givenToken();
    const work = async (record: TokenRecord | undefined) => {
      const { verify, reads } = given(record);
      Object.assign(counted, { macs: 0, comparisons: 0 });
      const verdict = await verify(stranger.text, 'orders:read');
      return { verdict, reads: reads.length, ...counted };
    };
    const unknown = await work(undefined);
    expect(unknown).toEqual({ verdict: { ok: false, why: 'unknown' }, reads: 2, macs: 2, comparisons: 2 });
    expect(await work(givenRecord([live.version]))).toEqual(unknown);
    expect(await work(givenRecord([live.version, givenToken().version]))).toEqual(unknown);
    expect(await work(givenRecord([], { removed: true }))).toMatchObject({ reads: 2, macs: 2, comparisons: 2 });
    expect(await work(givenRecord([stranger.version]))).toMatchObject({ verdict: { ok: true }, reads: 2, macs: 2, comparisons: 2 });
  });

  it.each([
    ['too short', 'nhi_prod'],
    ['too long', `${live.text}${'0'.repeat(30)}`],
    ['mistyped', live.text.replace(/.$/, (last) => (last === '0' ? '1' : '0'))],
    ['of another environment', givenToken({}, 'test').text],
  ])('that is %s is refused without a read', async (_name, text) => {
    const { verify, reads } = given(givenRecord([live.version]));
    Object.assign(counted, { macs: 0 });
    expect(await verify(text, 'orders:read')).toMatchObject({ ok: false });
    expect([reads, counted.macs]).toEqual([[], 0]);
  });

  it('can’t be checked when a read fails: nobody may anything then', async () => {
    const broken = async (): Promise<never> => {
      throw new Error('no answer');
    };
    const ports = { keyring: async () => KEYRING, environment: 'prod', now: () => NOW };
    await expect(verifyToken({ ...ports, reader: { token: broken, owner: broken } })(live.text, 'orders:read')).rejects.toThrow(
      'no answer',
    );
  });

  it('told by a key that is gone is refused', async () => {
    const { text, version } = givenToken();
    const { verify } = given(givenRecord([{ ...version, macKey: 'k9' }]));
    expect(await verify(text, 'orders:read')).toEqual({ ok: false, why: 'unknown' });
  });
});

describe('the keys that tokens are told by', () => {
  const secret = (current: number): string =>
    JSON.stringify({
      current: `k${current}`,
      ...Object.fromEntries(Array.from({ length: current }, (_, n) => [`k${n + 1}`, 'x'.repeat(64)])),
    });

  it('are read once in five minutes, and at once where a token names one that is not there, though once in ten seconds', async () => {
    let nowMs = 0;
    let newest = 1;
    let reads = 0;
    const keyring = cachedKeyring(
      async () => {
        reads += 1;
        return secret(newest);
      },
      () => nowMs,
    );
    const ask = async (atMs: number, ...needed: string[]) => {
      nowMs = atMs;
      return [(await keyring(needed)).current, reads];
    };
    expect(await ask(0)).toEqual(['k1', 1]);
    newest = 2;
    expect(await ask(9_999, 'k2')).toEqual(['k1', 1]);
    expect(await ask(10_000, 'k1')).toEqual(['k1', 1]);
    expect(await ask(10_000, 'k2')).toEqual(['k2', 2]);
    newest = 3;
    expect(await ask(309_999)).toEqual(['k2', 2]);
    expect(await ask(310_000)).toEqual(['k3', 3]);
  });

  it.each([
    '',
    'null',
    '{}',
    '{"current":"k1"}',
    '{"current":"k2","k1":"0123456789012345678901234567890123456789012"}',
    '{"current":"k1","k1":"short"}',
  ])('are not taken from %j, and the error tells nothing of it', (text) => {
    expect(() => parseKeyring(text)).toThrow('the secret with the token keys has not the form it should have');
  });
});
