import { describe, expect, it } from 'vitest';
import { recordIn } from '../../../lib/adapters/aws/dynamodb-items.ts';
import { evolveFeed, type Feed, type FeedEvent } from '../../../lib/domain/feed/record.ts';
import { evolvePolicy, type PolicyEvent, type PolicyInForce } from '../../../lib/domain/policy-in-force.ts';
import type { EpochMs } from '../../../lib/domain/types.ts';
import { active } from '../domain/given.ts';

const at = 1 as EpochMs;
const snapshot = { key: 'k', version: 'v', takenAtMs: at };
const feedOf = (...events: readonly FeedEvent[]): Feed | undefined => events.reduce<Feed | undefined>(evolveFeed, undefined);
const policyOf = (...events: readonly PolicyEvent[]): PolicyInForce | undefined =>
  events.reduce<PolicyInForce | undefined>(evolvePolicy, undefined);
const admitted: FeedEvent = { type: 'SnapshotAdmitted', source: 'hr', snapshot, atMs: at };
const held: FeedEvent = { type: 'SnapshotHeld', source: 'hr', snapshot, trouble: ['empty'] };
const changed: PolicyEvent = { type: 'PolicyChanged', digest: 'd', previous: undefined, atMs: at };

const item = (state: unknown) => ({ state, version: 1, headHash: 'h' });

describe('a record in its item', () => {
  it.each([
    ['a credential', active().state],
    ['a feed that says nothing', feedOf(held)],
    ['a feed that is being said', feedOf(admitted)],
    ['a policy that is followed up', policyOf(changed)],
    ['a policy that was', policyOf(changed, { type: 'PolicyFollowedUp', atMs: at })],
  ])('%s is read as it was written', (_name, state) => {
    expect(recordIn(item(state), state?.id ?? '')?.state).toBe(state);
  });

  it.each([
    ['of another id', item({ ...feedOf(admitted), id: 'feed_other' }), 'feed_hr'],
    ['in no status of its kind', item({ ...policyOf(changed), status: 'active' }), 'policy'],
    ['that lacks what every step relies on', item({ ...feedOf(admitted), saying: undefined }), 'feed_hr'],
    ['without a version', { state: policyOf(changed), headHash: 'h' }, 'policy'],
  ])('one %s is none', (_name, one, id) => expect(recordIn(one, id)).toBeUndefined());
});
