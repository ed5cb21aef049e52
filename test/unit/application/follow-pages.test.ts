import { describe, expect, it } from 'vitest';
import { followPolicy, notePolicy } from '../../../lib/application/follow-policy.ts';
import type { Ledger } from '../../../lib/application/ports.ts';
import { appendRecord } from '../../../lib/application/record.ts';
import type { Credential } from '../../../lib/domain/credential/state.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import type { Policy } from '../../../lib/domain/policy.ts';
import { evolvePolicy, POLICY_ID, policyDueAtMs } from '../../../lib/domain/policy-in-force.ts';
import { DEFAULT_TIMING } from '../../../lib/domain/timing.ts';
import type { CredentialId, EpochMs, OwnerId } from '../../../lib/domain/types.ts';
import { givenPolicy, givenProfile } from '../../given-policy.ts';
import { as, company } from './company.ts';

const CONFLICT = new Fault('ledger-conflict', true, 'another was first');
/** `p` is not for role R any more. */
const NARROWER = givenPolicy({ profiles: { p: givenProfile({ eligible: { roles: ['S'] } }), q: givenProfile() } });

/** Ann (1) and Bob (2) under a policy that has just been replaced. */
async function world(policy: Policy = NARROWER) {
  const made = company(givenPolicy({ profiles: { p: givenProfile(), q: givenProfile() } }));
  for (const ref of ['hr:1', 'hr:2']) await made.joins(ref);
  const ports = { ...made.ports, policy, policyDigest: 'new', kinds: ['aws-iam-user', 'api-token'] as const };
  const note = notePolicy(ports);
  const follow = (stopAfterMs = 1_000, ledger: Ledger = made.ledger) =>
    followPolicy({ ...ports, ledger })((made.now() + stopAfterMs) as EpochMs);
  const events = () => made.ledger.events(POLICY_ID);
  const messages = () => made.wake.messages.splice(0).map(({ queue, id, visibleAtMs }) => [queue, id, visibleAtMs - made.now()]);
  return { ...made, ports, note, follow, events, messages };
}

describe('another policy', () => {
  it('is put on record by the function that sees it, and wakes who follows it up', async () => {
    const { note, events, messages } = await world();
    expect(await note()).toBe(true);
    expect(await events()).toMatchObject([
      { type: 'PolicyChanged', cause: 'deployed', actor: { kind: 'system', id: 'policy' }, correlationId: 'new', policyDigest: 'new' },
    ]);
    expect(messages()).toEqual([['owner', POLICY_ID, 0]]);
    expect([await note(), messages()]).toEqual([false, []]);
  });
});

describe('the follow-up', () => {
  it('of no policy is none', async () => expect(await (await world()).follow()).toBe('unknown'));

  it.each([
    ['at the end of its time', 0, 'out-of-time'],
    ['a moment before', 1, 'waiting'],
  ] as const)('goes on by a message %s: %s', async (_what, stopAfterMs, end) => {
    const { note, follow, messages, events } = await world();
    await note();
    messages();
    expect(await follow(stopAfterMs)).toBe(end);
    expect(messages()).toEqual(end === 'out-of-time' ? [['owner', POLICY_ID, 0]] : []);
    expect((await events()).length > 1).toBe(end !== 'out-of-time');
  });

  it('waits between two passes, and is done when the second finds nobody', async () => {
    const { note, follow, later, events } = await world();
    await note();
    expect([await follow(), await follow()]).toEqual(['waiting', 'waiting']);
    later(DEFAULT_TIMING.passGapMs - 1);
    expect(await follow()).toBe('waiting');
    later(1);
    expect([await follow(), await follow()]).toEqual(['rest', 'rest']);
    expect((await events()).slice(1).map(({ type, cause }) => `${type}, ${cause}`)).toEqual([
      ...['FollowUpPageDone, pass 1', 'FollowUpPassDone, pass 1', 'FollowUpPageDone, pass 2', 'PolicyFollowedUp, pass 2'],
    ]);
  });

  it('by a function that decides by another policy does not take place, though it is due', async () => {
    const { note, ports, now, events } = await world();
    await note();
    expect(await followPolicy({ ...ports, policyDigest: 'old' })((now() + 1) as EpochMs)).toBe('waiting');
    expect(await events()).toHaveLength(1);
  });

  it('of which another worker did a page reads again', async () => {
    const { note, follow, ledger, events } = await world();
    await note();
    let rivals = 0;
    const late: Ledger = {
      ...ledger,
      appendPolicy: async (append) => {
        rivals += 1;
        if (rivals > 1) return ledger.appendPolicy(append);
        await follow();
        throw CONFLICT;
      },
    };
    expect(await follow(1_000, late)).toBe('waiting');
    expect(await events()).toHaveLength(3);
  });

  it.each([
    ['the ledger is out', new Fault('ledger-unreadable', false, 'out')],
    ['there is a defect', new TypeError('out')],
  ])('fails where %s', async (_what, error) => {
    const { note, follow, ledger } = await world();
    await note();
    await expect(follow(1_000, { ...ledger, appendPolicy: () => Promise.reject(error) })).rejects.toThrow('out');
  });
});

describe('a page', () => {
  it('follows the other, and one kind the other; whom it touched is summed over the pass', async () => {
    const { note, follow, ledger, issue, state, events } = await world();
    const [ann, bob] = [await state(await issue('hr:1')), await state(await issue('hr:2'))];
    await note();
    const asked: unknown[] = [];
    const pages: Readonly<Record<string, readonly [readonly Credential[], string | undefined]>> = {
      'aws-iam-user ': [[ann], 'a|1'],
      'aws-iam-user a|1': [[], undefined],
      'api-token ': [[], 'b'],
      'api-token b': [[bob], undefined],
    };
    const paged: Ledger = {
      ...ledger,
      live: async (kind, cursor, limit) => {
        asked.push([kind, cursor, limit]);
        const [page = [], nextCursor] = pages[`${kind} ${cursor ?? ''}`] ?? [];
        return { page, unreadable: [], nextCursor };
      },
    };
    expect(await follow(1_000, paged)).toBe('waiting');
    expect(asked).toEqual([
      ['aws-iam-user', undefined, 100],
      ['aws-iam-user', 'a|1', 100],
      ['api-token', undefined, 100],
      ['api-token', 'b', 100],
    ]);
    expect((await events()).slice(1).map(({ data }) => data)).toMatchObject([
      { type: 'FollowUpPageDone', touched: 1 },
      { type: 'FollowUpPageDone', touched: 1 },
      { type: 'FollowUpPageDone', touched: 1 },
      { type: 'FollowUpPassDone', touched: 2 },
    ]);
  });

  it('of a kind that there is no more is empty: the pass comes to its end', async () => {
    const { note, follow, ledger, ports, events, now } = await world();
    await note();
    const before = await ledger.policy();
    const event = { type: 'FollowUpPageDone', cursor: 'gone|x', touched: 0, atMs: now() } as const;
    const context = { actor: { kind: 'system', id: 't' }, cause: 't', correlationId: 't', policyDigest: 'new' } as const;
    const of = { evolve: evolvePolicy, dueAtMs: policyDueAtMs, save: ledger.appendPolicy };
    await appendRecord(ports, before, [event], context, of);
    expect(await follow()).toBe('waiting');
    expect((await events()).at(-1)).toMatchObject({ type: 'FollowUpPassDone', data: { touched: 0 } });
  });
});

describe('who is touched', () => {
  const touched = async (here: Awaited<ReturnType<typeof world>>, ref = 'hr:1', ledger: Ledger = here.ledger) => {
    await here.note();
    here.messages();
    await here.follow(1_000, ledger);
    return (await here.ledger.events(await here.idOf(ref))).filter(({ type }) => type === 'ReviewOrdered');
  };

  it('is who holds one that exceeds it, among others that do not: by an order on record, and a message', async () => {
    const here = await world();
    for (const profile of ['q', 'p', 'q']) await here.issue('hr:1', profile);
    const orders = await touched(here);
    expect(orders).toMatchObject([
      { cause: 'policy changed', actor: { kind: 'system', id: 'policy' }, correlationId: 'new', policyDigest: 'new' },
    ]);
    expect(here.messages()).toEqual([['owner', await here.idOf('hr:1'), 0]]);
  });

  it.each<readonly [string, (here: Awaited<ReturnType<typeof world>>, id: CredentialId) => Promise<unknown>, string]>([
    ['nobody whose credentials they may have', async () => undefined, 'q'],
    ['nobody whose credential ends already', (here, id) => here.change(as('hr:2', ['operate']), id, 'revoke'), 'p'],
    ['nobody who is being reviewed', (here) => here.fact('Moved', 'hr:1', { roles: ['T'] }), 'p'],
  ])('is %s', async (_what, first, profile) => {
    const here = await world();
    await first(here, await here.issue('hr:1', profile));
    expect(await touched(here)).toEqual([]);
    expect(here.messages()).toEqual([]);
  });

  it('is nobody of whom no record tells, and the others are all the same', async () => {
    const here = await world();
    const [id] = [await here.issue('hr:1'), await here.issue('hr:2')];
    const { holder } = await here.state(id);
    const without: Ledger = { ...here.ledger, owner: async (of: OwnerId) => (of === holder.id ? undefined : here.ledger.owner(of)) };
    expect(await touched(here, 'hr:2', without)).toHaveLength(1);
    expect((await here.events()).at(-1)).toMatchObject({ data: { touched: 1 } });
  });
});
