import { describe, expect, it } from 'vitest';
import { killOwner, listChange } from '../../../lib/application/kill-owner.ts';
import type { Ledger } from '../../../lib/application/ports.ts';
import { workOnOwner } from '../../../lib/application/work-owner.ts';
import { killListId } from '../../../lib/domain/deny-list.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import type { OwnerEvent } from '../../../lib/domain/owner/state.ts';
import type { EpochMs, OwnerId } from '../../../lib/domain/types.ts';
import { givenPolicy } from '../../given-policy.ts';
import { as, company } from './company.ts';

const LIST = killListId('1');
const operator = as('hr:2', ['operate']);

/** Ann (`hr:1`) holds a credential; Bob (`hr:2`) operates. */
async function world() {
  const made = company(givenPolicy({ guard: { ...givenPolicy().guard, forCauseAnHour: 1 } }));
  for (const ref of ['hr:1', 'hr:2', 'hr:3']) await made.joins(ref);
  const id = await made.issue('hr:1');
  const order = (verb: 'kill' | 'unkill', caller = operator, ref = 'hr:1', ledger: Ledger = made.ledger) =>
    killOwner({ ...made.ports, ledger })(caller, caller.arn, ref, verb, 'a theft');
  const ann = await made.idOf('hr:1');
  const eventsOf = async (of: OwnerId = ann) => (await made.ledger.events(of)).map(({ type }) => type);
  const lastOf = async (type: OwnerEvent['type']) => (await made.ledger.events(ann)).findLast((one) => one.type === type);
  const messages = () => made.wake.messages.splice(0).map(({ queue, id: of, visibleAtMs }) => [queue, of, visibleAtMs - made.now()]);
  messages();
  return { ...made, id, ann, order, eventsOf, lastOf, messages };
}

describe('who orders a kill, or its lifting', () => {
  it.each([
    ['nobody we know', undefined, 'hr:1', { why: 'unmapped-caller', field: 'caller', value: 'arn:nobody' }],
    ['who may not', as('hr:2', ['request']), 'hr:1', { why: 'right-missing', field: 'caller', value: operator.arn }],
    ['who is no owner', as('hr:99', ['operate']), 'hr:1', { why: 'caller-not-active', field: 'caller', value: 'hr:99' }],
    ['of nobody', operator, 'hr:99', { why: 'not-found', field: 'owner', value: 'hr:99' }],
  ] as const)('%s is refused, and nothing begins', async (_what, caller, ref, refused) => {
    const here = await world();
    const asked = killOwner(here.ports)(caller, caller?.arn ?? 'arn:nobody', ref, 'kill', 'a theft');
    expect(await asked).toEqual({ ok: false, ...refused });
    expect([here.messages(), await here.ledger.denyList(LIST), (await here.owner('hr:1')).killed]).toEqual([[], undefined, undefined]);
  });

  it('who has left by now is refused', async () => {
    const here = await world();
    await here.fact('Left', 'hr:2');
    expect(await here.order('kill')).toMatchObject({ ok: false, why: 'caller-not-active' });
  });

  it.each([
    ['the killed owner', 'unkill', as('hr:1', ['operate']), { why: 'own-kill', field: 'caller' }],
    ['who acts for them', 'unkill', as('hr:3', ['operate'], ['hr:1']), { why: 'own-kill', field: 'caller' }],
    ['who killed them, once more', 'kill', operator, { why: 'already-killed', field: 'owner', value: 'hr:1' }],
  ] as const)('%s is refused', async (_what, verb, caller, refused) => {
    const here = await world();
    await here.order('kill');
    here.messages();
    expect(await here.order(verb, caller)).toMatchObject({ ok: false, ...refused });
    expect(here.messages()).toEqual([]);
  });
});

describe('an order', () => {
  it('wakes first who renders the list, then who looks through what the owner holds', async () => {
    const here = await world();
    expect(await here.order('kill')).toEqual({ ok: true, owner: await here.owner('hr:1') });
    expect(here.messages()).toEqual([
      ['deny-list', LIST, 0],
      ['owner', here.ann, 0],
    ]);
    expect((await here.ledger.denyList(LIST))?.state).toMatchObject({ account: '1', entries: [{ key: (await here.owner('hr:1')).key }] });
    expect(await here.lastOf('OwnerKilled')).toMatchObject({
      ...{ actor: { kind: 'person', id: operator.arn }, cause: 'a theft', correlationId: here.ann, policyDigest: 'digest' },
      data: { by: await here.idOf('hr:2'), reason: 'a theft', confirmed: true },
    });
  });

  it('to kill goes before whatever else waits; one to lift does not', async () => {
    const here = await world();
    const urgent = () => here.wake.messages.splice(0).map(({ queue, denies }) => [queue, denies]);
    await here.order('kill');
    expect(urgent()).toEqual([
      ['deny-list', undefined],
      ['owner', true],
    ]);
    await here.order('unkill');
    expect(urgent()).toEqual([
      ['deny-list', undefined],
      ['owner', undefined],
    ]);
  });

  it('to lift says by whom and why, and given again is the same', async () => {
    const here = await world();
    await here.order('kill');
    expect(await here.order('unkill')).toMatchObject({ ok: true, owner: { killWork: { phase: 'unlist' } } });
    expect((await here.ledger.denyList(LIST))?.state.entries).toEqual([]);
    expect(await here.lastOf('LiftRequested')).toMatchObject({ data: { by: await here.idOf('hr:2'), reason: 'a theft' } });
    const told = await here.eventsOf();
    here.messages();
    expect(await here.order('unkill')).toEqual({ ok: true, owner: await here.owner('hr:1') });
    expect([await here.eventsOf(), here.messages()]).toEqual([
      told,
      [
        ['deny-list', LIST, 0],
        ['owner', here.ann, 0],
      ],
    ]);
  });

  it('that the ledger failed to take is no kill that somebody has to confirm', async () => {
    const here = await world();
    let fails = true;
    const out: Ledger = {
      ...here.ledger,
      appendOwner: async (append) => {
        if (!fails) return here.ledger.appendOwner(append);
        fails = false;
        throw new Fault('ledger-unreadable', false, 'out');
      },
    };
    await expect(here.order('kill', operator, 'hr:1', out)).rejects.toThrow('out');
    expect((await here.owner('hr:1')).killed).toBeUndefined();
  });

  it('to lift counts for nothing: who has used up their kills may still give back', async () => {
    const here = await world();
    await here.order('kill');
    expect(await here.order('kill', operator, 'hr:3')).toMatchObject({ ok: true, owner: { killed: { confirmed: false } } });
    expect(await here.order('unkill')).toMatchObject({ ok: true });
  });
});

describe('what an owner’s events mean for the list', () => {
  const LIFT: OwnerEvent = { type: 'LiftRequested', by: 'own_1' as OwnerId, reason: 'x', atMs: 0 as EpochMs };
  const DONE: OwnerEvent = { type: 'KillCompleted', atMs: 0 as EpochMs };
  const PASS: OwnerEvent = { type: 'KillPassDone', nextAtMs: 0 as EpochMs };

  it.each([
    ['a lifting', LIFT],
    ['a kill that is through', DONE],
  ])('%s takes nobody off where there is no list', async (_what, event) => {
    const { ports, owner, now } = await world();
    expect(await listChange(ports, (await owner('hr:1')).key, [event], now())).toEqual([]);
  });

  it.each([
    ['a lifting', [LIFT], []],
    ['a kill that is through', [PASS, DONE], []],
    ['a pass', [PASS], undefined],
  ] as const)('%s', async (_what, events, keys) => {
    const { ports, owner, now, order } = await world();
    await order('kill');
    const changes = await listChange(ports, (await owner('hr:1')).key, events, now());
    expect(changes.map((change) => change.item === 'deny-list' && change.state.entries)).toEqual(keys ? [keys] : []);
  });
});

describe('a page of a killed owner', () => {
  const page = async (here: Awaited<ReturnType<typeof world>>, ledger: Ledger = here.ledger) =>
    workOnOwner({ ...here.ports, ledger })(here.ann, (here.now() + 1) as EpochMs);
  const killed = async () => {
    const here = await world();
    await here.order('kill');
    here.messages();
    return here;
  };

  it('orders each credential’s own deny, and has it worked on', async () => {
    const here = await killed();
    await page(here);
    expect(await here.state(here.id)).toMatchObject({ status: 'suspended', why: 'killed' });
    expect(await here.lastCause(here.id)).toBe('killed: a theft');
    expect(here.messages()).toContainEqual(['aws-iam-user', here.id, 0]);
    expect((await here.lastOf('KillPassDone'))?.cause).toBe('deny, pass 1');
  });

  it('wakes nobody for what has come to its end meanwhile', async () => {
    const here = await killed();
    const { heldBy } = here.ledger;
    const late: Ledger = {
      ...here.ledger,
      heldBy: async (...asked) => {
        const found = await heldBy(...asked);
        await here.change(as('hr:2', ['operate']), here.id, 'revoke');
        here.messages();
        return found;
      },
    };
    await page(here, late);
    expect((await here.state(here.id)).status).toBe('revoking');
    expect(here.messages().map(([queue]) => queue)).not.toContain('aws-iam-user');
  });

  /** Every deny has come, and the owner goes through the last of their passes. */
  const through = async () => {
    const here = await killed();
    await page(here);
    await here.append(here.id, [{ type: 'AccessDenied', startedAtMs: here.now(), atMs: here.now() }]);
    for (let turns = 0; turns < 3; turns += 1, here.later(120_000)) await page(here);
    return here;
  };

  it('after the last pass takes the owner off the list, and wakes who renders it', async () => {
    const here = await killed();
    await page(here);
    here.messages();
    await here.append(here.id, [{ type: 'AccessDenied', startedAtMs: here.now(), atMs: here.now() }]);
    const woken: (readonly unknown[])[] = [];
    for (let turns = 0; turns < 3; turns += 1, here.later(120_000)) {
      await page(here);
      woken.push(here.messages().map(([queue, of, delayMs]) => (queue === 'deny-list' ? [queue, of, delayMs] : queue)));
    }
    expect(await here.lastOf('KillCompleted')).toBeDefined();
    expect(woken.flat().filter((one) => one !== 'owner')).toEqual([['deny-list', LIST, 0]]);
  });

  it('brings nothing back before the list is off; where there is none, it is', async () => {
    const here = await through();
    await here.order('unkill');
    const none: Ledger = { ...here.ledger, denyList: async () => undefined };
    await page(here, none);
    expect((await here.lastOf('KillLifted'))?.cause).toBe('unkill');
    const { liftAtMs } = (await here.state(here.id)) as { readonly liftAtMs?: EpochMs };
    expect(here.messages()).toContainEqual(['aws-iam-user', here.id, (liftAtMs ?? 0) - here.now()]);
    expect(await here.lastCause(here.id)).toBe('unkill');
  });

  it.each([
    ['is left as it is, for the next pass, where the owner is not active in that moment', new Fault('owner-not-active', false, 'x'), false],
    ['fails, where the ledger does', new Fault('ledger-unreadable', false, 'out'), true],
    ['fails at a defect', new TypeError('out'), true],
  ])('what would come back %s', async (_what, error, fails) => {
    const here = await through();
    await here.order('unkill');
    here.messages();
    const out: Ledger = {
      ...here.ledger,
      denyList: async () => undefined,
      appendCredential: async (append) => {
        if (append.requires) throw error;
        return here.ledger.appendCredential(append);
      },
    };
    if (fails) return expect(page(here, out)).rejects.toThrow('out');
    await page(here, out);
    expect(await here.state(here.id)).toMatchObject({ status: 'suspended', liftAtMs: undefined });
    expect((await here.lastOf('KillPassDone'))?.cause).toBe('resume, pass 1');
    expect((await here.owner('hr:1')).killWork).toMatchObject({ phase: 'resume' });
    expect(here.messages().map(([queue]) => queue)).not.toContain('aws-iam-user');
  });
});
