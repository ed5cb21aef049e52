import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { memoryTokenStore } from '../../../lib/adapters/memory/token-store.ts';
import { rotateTokenKey } from '../../../lib/application/rotate-token-key.ts';
import { parseKeyring } from '../../../lib/client/token-mac.ts';
import { apiTokenConnector } from '../../../lib/connectors/api-token/connector.ts';
import { Secret } from '../../../lib/domain/faults.ts';
import type { AttemptId, EpochMs } from '../../../lib/domain/types.ts';
import { ACCOUNT, credentialOf } from '../../contract/connector-conformance.ts';

const HOUR_MS = 3_600_000;

function given() {
  let kept = { ...parseKeyring(JSON.stringify({ current: 'k1', k1: 'a'.repeat(64) })), sinceMs: 0 as EpochMs };
  let nowMs = HOUR_MS;
  const store = memoryTokenStore();
  const rotate = rotateTokenKey({
    tokenKeys: {
      read: async () => kept,
      write: async (current, keys) => {
        kept = { current, keys, sinceMs: nowMs as EpochMs };
      },
    },
    store,
    clock: { now: () => nowMs as EpochMs },
    newKey: () => new Secret(randomBytes(48).toString('base64url')),
  });
  const connector = apiTokenConnector({ store, keyring: async () => kept, account: ACCOUNT, randomBytes });
  return {
    rotate,
    connector,
    keyIds: () => [...kept.keys.keys()],
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('the keys that tokens are told by', () => {
  it('get a new one, and an old one goes when no live token needs it', async () => {
    const { rotate, connector, keyIds, pass } = given();
    const made = credentialOf('api-token');
    await connector.ensureAccount(made);
    const { keyId, body } = await connector.createVersion(made, crypto.randomUUID() as AttemptId);
    expect(await rotate()).toEqual({ rotated: true, current: 'k2', dropped: [] });
    pass(HOUR_MS);
    expect(await rotate()).toEqual({ rotated: true, current: 'k3', dropped: [] }); // k1 is needed, k2 was current until now
    expect(await connector.verify(body)).toBe(true);
    const next = await connector.createVersion(made, crypto.randomUUID() as AttemptId);
    await connector.deleteVersion(made, keyId);
    pass(HOUR_MS);
    expect(await rotate()).toEqual({ rotated: true, current: 'k4', dropped: ['k1', 'k2'] });
    expect([keyIds(), await connector.verify(next.body)]).toEqual([['k3', 'k4'], true]);
  });

  it('are rotated once, however often that is asked for', async () => {
    const { rotate, keyIds, pass } = given();
    expect(await rotate()).toMatchObject({ rotated: true });
    pass(HOUR_MS - 1);
    expect(await rotate()).toEqual({ rotated: false });
    expect(keyIds()).toEqual(['k1', 'k2']);
  });

  it('no number is given twice, so that no token is told by another key of the same name', async () => {
    const { rotate, pass } = given();
    const current: string[] = [];
    for (let times = 0; times < 4; times += 1) {
      const rotated = await rotate();
      if (rotated.rotated) current.push(rotated.current);
      pass(HOUR_MS);
    }
    expect(current).toEqual(['k2', 'k3', 'k4', 'k5']);
  });
});
