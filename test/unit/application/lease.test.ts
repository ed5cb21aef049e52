import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../lib/application/ports.ts';
import type { Command } from '../../../lib/domain/credential/decide.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import { handOver } from '../domain/given.ts';
import { breaks, during, worker } from './worker.ts';

const rotate: Command = { type: 'rotate' };
const suspend: Command = { type: 'suspend', why: 'requested' };
const revoke: Command = { type: 'revoke', cause: 'requested' };

describe('a lease', () => {
  it.each([
    ['enough for one more request', 74_999, ['CreateAccessKey', 'PutSecretValue']],
    ['too little left', 75_000, ['CreateAccessKey']],
  ])('with %s after a slow one', async (_what, tookMs, sent) => {
    const here = await worker();
    during(here, 'CreateAccessKey', () => here.later(tookMs));
    const { end } = await here.work();
    expect(here.requests.slice(4).slice(0, 2)).toEqual(sent);
    expect(end === 'answer-lost').toBe(sent.length === 1);
    expect((await here.state()).versions).toMatchObject([{ phase: sent.length === 1 ? 'created' : 'stored' }]);
  });

  it.each([
    ['the first', 0, []],
    ['a key', 2, ['CreateUser', 'AddUserToGroup', 'CreateSecret', 'PutResourcePolicy']],
  ])('that the ledger was slow to give is too old for %s', async (_what, leasesBefore, sent) => {
    const here = await worker();
    let leases = 0;
    const slow: Ledger = {
      ...here.ledger,
      appendCredential: async (append) => {
        await here.ledger.appendCredential(append);
        if (!append.state.lease) return;
        if (leases === leasesBefore) here.later(75_000);
        leases += 1;
      },
    };
    expect((await here.work(100_000, slow)).end).toBe('answer-lost');
    expect(here.requests).toEqual(sent);
  });

  it.each([
    ['the second tag', 'TagUser', 'TagResource'],
    ['the second half of a resumption', 'DeleteUserPolicy', 'PutResourcePolicy'],
    ['the next key', 'UpdateAccessKey Inactive', 'ListAccessKeys'],
  ])('that is over stops before %s', async (what, slow, next) => {
    const here = await worker();
    await here.active();
    if (slow === 'TagUser') {
      await here.want(handOver({ to: await here.holderOf('hr:2'), line: here.holder.id, overlapMs: 0 }));
      await here.pass(1);
    } else if (slow === 'DeleteUserPolicy') {
      await here.want(suspend);
      await here.work();
      await here.want({ type: 'resume', holder: here.holder });
      here.later(150_000);
    } else {
      await here.want(rotate);
      await here.work();
      here.later(5_000);
      await here.work(); // two keys by now
      await here.want(revoke);
    }
    here.requests.length = 0;
    during(here, slow, () => here.later(90_000));
    expect([what, (await here.work()).end]).toEqual([what, 'answer-lost']);
    expect(here.requests).not.toContain(next);
  });

  it('that another worker holds by now records nothing', async () => {
    const here = await worker();
    await here.work();
    here.later(4_000);
    during(here, 'GetCallerIdentity', async () => {
      here.later(90_000);
      breaks(here, 'GetCallerIdentity', new Fault('provider-throttled', true, 'later'));
      await here.work();
    });
    expect((await here.work()).end).toBe('answer-lost');
    expect(await here.state()).toMatchObject({ blocked: { step: 'verify' }, versions: [{ phase: 'stored', tries: 0 }] });
  });

  it('whose refusal comes when another worker holds the record records nothing either', async () => {
    const here = await worker();
    let inner = false;
    here.line.around = async (operation, act) => {
      if (operation !== 'CreateUser' || inner) return act();
      inner = true;
      here.later(150_000);
      await here.work();
      throw new Fault('provider-refused', false, 'late');
    };
    expect((await here.work()).end).toBe('answer-lost');
    expect(await here.state()).toMatchObject({ blocked: undefined, versions: [{ phase: 'stored' }] });
  });

  it('whose refusal the ledger does not take fails: it is on record nowhere', async () => {
    const here = await worker();
    breaks(here, 'CreateUser', new Fault('provider-refused', false, 'no'));
    const full: Ledger = {
      ...here.ledger,
      appendCredential: async (append) => {
        if (append.envelopes.some(({ cause }) => cause === 'refused')) throw new Fault('ledger-unreadable', false, 'out');
        return here.ledger.appendCredential(append);
      },
    };
    await expect(here.work(undefined, full)).rejects.toThrow('out');
  });
});

describe('a revocation that comes between a key and its value', () => {
  it('leaves the key on record, and its value nowhere', async () => {
    const here = await worker();
    during(here, 'CreateAccessKey', () => here.want(revoke));
    await here.work();
    expect(here.requests).not.toContain('PutSecretValue');
    expect(await here.state()).toMatchObject({ status: 'revoking', versions: [{ keyId: 'AKIA1' }] });
  });
});
