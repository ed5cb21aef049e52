import { beforeAll, describe, expect, it } from 'vitest';
import type { Ledger } from '../../lib/application/ports.ts';
import { appendRecord } from '../../lib/application/record.ts';
import { evolveFeed, type Feed, type FeedEvent, feedId } from '../../lib/domain/feed/record.ts';
import { decidePolicy, evolvePolicy, POLICY_ID, policyDueAtMs } from '../../lib/domain/policy-in-force.ts';
import { DEFAULT_TIMING } from '../../lib/domain/timing.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { ids, ledgersOf, NOW, useLedgerTable } from './records.ts';

const dynamo = useLedgerTable();
const context = { actor: { kind: 'system', id: 'test' }, cause: 'test', correlationId: 'c', policyDigest: 'd' } as const;

describe.each(ledgersOf(dynamo))('the records of the stack itself, in a ledger %s', (_name, make) => {
  let ledger: Ledger;
  beforeAll(() => {
    ledger = make();
  });
  const ports = () => ({ ledger, clock: { now: () => NOW }, ids, timing: DEFAULT_TIMING });

  it('the policy in force is read as it was written, in each of its statuses, and is due while it is followed up', async () => {
    const rules = {
      evolve: evolvePolicy,
      dueAtMs: policyDueAtMs,
      save: (one: Parameters<Ledger['appendPolicy']>[0]) => ledger.appendPolicy(one),
    };
    expect(await ledger.policy()).toBeUndefined();
    const changed = await appendRecord(ports(), undefined, decidePolicy(undefined, 'a', NOW), context, rules);
    expect(await ledger.policy()).toMatchObject({ state: { status: 'following-up', digest: 'a' }, version: 1 });
    expect((await ledger.due('owner', NOW, 10)).map(({ id }) => id)).toContain(POLICY_ID);
    await appendRecord(
      ports(),
      changed,
      [
        { type: 'FollowUpPageDone', cursor: 'aws-iam-user|x', touched: 1, atMs: NOW },
        { type: 'PolicyFollowedUp', atMs: NOW },
      ],
      context,
      rules,
    );
    expect(await ledger.policy()).toMatchObject({ state: { status: 'followed-up' }, version: 3 });
    expect((await ledger.due('owner', NOW, 10)).map(({ id }) => id)).not.toContain(POLICY_ID);
    await expect(appendRecord(ports(), changed, decidePolicy(changed.state, 'b', NOW), context, rules)).rejects.toThrow('ledger-conflict');
    expect((await ledger.events(POLICY_ID)).map(({ type }) => type)).toEqual(['PolicyChanged', 'FollowUpPageDone', 'PolicyFollowedUp']);
  });

  it('a feed is read as it was written, in each of its statuses; whoever was slower writes nothing', async () => {
    const id = feedId('hr');
    const rules = {
      evolve: evolveFeed,
      dueAtMs: ({ status }: Feed) => (status === 'saying' ? NOW : undefined),
      save: (one: Parameters<Ledger['appendFeed']>[0]) => ledger.appendFeed(one),
    };
    const snapshot = { key: 'feeds/hr/x.csv', version: 'v1', takenAtMs: NOW };
    const counts = { Joined: 1, Moved: 0, Left: 0, Returned: 0 };
    const applied: FeedEvent = {
      type: 'SnapshotApplied',
      source: 'hr',
      snapshot,
      kept: { key: 'kept/hr.csv', version: 'k1' },
      counts,
      rejected: 0,
    };
    expect(await ledger.feed(id)).toBeUndefined();
    const saying = await appendRecord(
      ports(),
      undefined,
      [{ type: 'SnapshotAdmitted', source: 'hr', snapshot, atMs: NOW }],
      context,
      rules,
    );
    expect(await ledger.feed(id)).toMatchObject({ state: { status: 'saying', saying: snapshot } });
    const [due] = await ledger.due('feed', NOW, 10);
    expect(due).toEqual({ queue: 'feed', id, dueAtMs: NOW });
    if (due) await ledger.postpone(due, (NOW + 1) as EpochMs);
    expect(await ledger.due('feed', NOW, 10)).toEqual([]);
    await appendRecord(ports(), saying, [applied], context, rules);
    expect(await ledger.feed(id)).toMatchObject({ state: { status: 'ready', good: { snapshot } }, version: 2 });
    await expect(appendRecord(ports(), saying, [applied], context, rules)).rejects.toThrow('ledger-conflict');
    expect((await ledger.events(id)).map(({ type }) => type)).toEqual(['SnapshotAdmitted', 'SnapshotApplied']);
  });
});
