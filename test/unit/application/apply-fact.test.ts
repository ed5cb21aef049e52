import { describe, expect, it } from 'vitest';
import { memoryLedger } from '../../../lib/adapters/memory/ledger.ts';
import { memoryWake } from '../../../lib/adapters/memory/wake.ts';
import { applyFact } from '../../../lib/application/apply-fact.ts';
import type { OwnerFact } from '../../../lib/domain/owner/state.ts';
import { DEFAULT_TIMING } from '../../../lib/domain/timing.ts';
import type { EpochMs } from '../../../lib/domain/types.ts';
import { givenPolicy } from '../../given-policy.ts';

const NOW = Date.UTC(2026, 5, 1) as EpochMs;
const MINUTE = 60_000;
const { hr } = givenPolicy().sources;
const feed = { columns: { id: 'id', email: 'e', roles: 'r' }, active: ['Active'], maxShrinkPercent: 20, maxLeaversPercent: 10 };

function facts() {
  const clock = { now: () => NOW };
  let count = 0;
  const ulid = (): string => {
    count += 1;
    return `${count}`;
  };
  const policy = givenPolicy({ sources: { fed: { ...hr!, feed }, counted: hr! } });
  const ids = { ulid, uuid: () => crypto.randomUUID() };
  const ports = { ledger: memoryLedger(), clock, ids, wake: memoryWake(clock), timing: DEFAULT_TIMING, policy, policyDigest: 'd' };
  return async (source: string, type: OwnerFact['type'], sequence: number, occurredAtMs: number = NOW) => {
    const at = occurredAtMs as EpochMs;
    const attributes = { email: '', roles: ['R'] };
    const times = { occurredAtMs: at, effectiveAtMs: at };
    const result = await applyFact(ports)({ type, id: 'f', source, subject: '1', sequence, cause: 'normal', attributes, ...times });
    return result.ok ? (result.changed ? result.owner?.status : 'nothing new') : result.why;
  };
}

describe('how far a sequence may be ahead', () => {
  it('of a source with a feed: not ahead of the clock, however long nothing was told of somebody', async () => {
    const say = facts();
    const fiveYearsAgo = Date.UTC(2021, 5, 1);
    expect(await say('fed', 'Joined', fiveYearsAgo / MINUTE, fiveYearsAgo)).toBe('active');
    expect(await say('fed', 'Left', NOW / MINUTE + 6)).toBe('sequence-jump');
    expect(await say('fed', 'Left', NOW / MINUTE)).toBe('left');
  });

  it('of another: as far as the source may jump from what it last told of them', async () => {
    const say = facts();
    expect(await say('counted', 'Joined', 1)).toBe('active');
    expect(await say('counted', 'Left', 1_000_002)).toBe('sequence-jump');
    expect(await say('counted', 'Left', 1_000_001)).toBe('left');
  });
});
