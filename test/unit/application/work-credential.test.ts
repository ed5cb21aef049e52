import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../lib/application/ports.ts';
import type { Command } from '../../../lib/domain/credential/decide.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import { retryBackoffMs } from '../../../lib/domain/timing.ts';
import type { CredentialId } from '../../../lib/domain/types.ts';
import { handOver } from '../domain/given.ts';
import { breaks, ID, LOST, type Worker, worker } from './worker.ts';

const MINUTE_MS = 60_000;
const messages = ({ wake, now }: Worker) => wake.messages.map(({ queue, id, visibleAtMs }) => [queue, id, visibleAtMs - now()]);
const rotate: Command = { type: 'rotate' };
const suspend: Command = { type: 'suspend', why: 'requested' };
const revoke: Command = { type: 'revoke', cause: 'requested' };

describe('work on a credential', () => {
  it('does what is to be done until it has to wait, and comes back by a message when that is over', async () => {
    const here = await worker();
    expect(await here.work()).toMatchObject({ end: 'waiting', state: { status: 'provisioning', versions: [{ phase: 'stored' }] } });
    expect(here.requests).toEqual([
      'CreateUser',
      'AddUserToGroup',
      'CreateSecret',
      'PutResourcePolicy',
      'CreateAccessKey',
      'PutSecretValue',
    ]);
    expect(messages(here)).toEqual([['aws-iam-user', ID, 4_000]]);
    here.later(4_000);
    expect(await here.work()).toMatchObject({ end: 'waiting', state: { status: 'active', versions: [{ phase: 'current' }] } });
    expect(await here.last()).toMatchObject({ type: 'CredentialActivated', actor: { kind: 'system', id: 'work' }, cause: 'share' });
    expect(await here.last()).toMatchObject({ correlationId: ID, policyDigest: 'digest' });
    expect(messages(here)).toHaveLength(1); // the rotation in 90 days is the sweep's
  });

  it('that only waits sends nothing: a duplicate ends there', async () => {
    const here = await worker();
    await here.work();
    here.wake.messages.length = 0;
    here.requests.length = 0;
    expect((await here.work()).end).toBe('waiting');
    expect([here.requests, messages(here)]).toEqual([[], []]);
  });

  it('that nobody requested is none', async () => {
    const here = await worker();
    expect(await here.work(0, undefined, 'cred_0' as CredentialId)).toEqual({ end: 'unknown', state: undefined });
  });

  it('that can’t be read sets it aside', async () => {
    const here = await worker();
    here.ledger.damaged.add(ID);
    expect(await here.work()).toEqual({ end: 'unreadable', state: undefined });
  });

  it('out of time goes on by a message, and calls nothing', async () => {
    const here = await worker();
    expect(await here.work(0)).toMatchObject({ end: 'out-of-time', state: { status: 'provisioning' } });
    expect([here.requests, messages(here)]).toEqual([[], [['aws-iam-user', ID, 0]]]);
  });

  it('whose rival was faster reads it again', async () => {
    const here = await worker();
    let appends = 0;
    const rival: Ledger = {
      ...here.ledger,
      appendCredential: async (append) => {
        appends += 1;
        if (appends === 1) throw new Fault('ledger-conflict', true, 'the other was first');
        return here.ledger.appendCredential(append);
      },
    };
    expect(await here.work(undefined, rival)).toMatchObject({ end: 'waiting', state: { versions: [{ phase: 'stored' }] } });
  });

  it('whose rival does it all has done nothing, and sends nothing', async () => {
    const here = await worker();
    const rival: Ledger = {
      ...here.ledger,
      appendCredential: async () => {
        await here.work();
        here.wake.messages.length = 0;
        throw new Fault('ledger-conflict', true, 'the other was first');
      },
    };
    expect((await here.work(undefined, rival)).end).toBe('waiting');
    expect(messages(here)).toEqual([]);
  });

  it('that is gone when there is something to put down fails', async () => {
    const here = await worker();
    let reads = 0;
    const emptied: Ledger = {
      ...here.ledger,
      credential: async (id) => {
        reads += 1;
        return reads === 1 ? here.ledger.credential(id) : undefined;
      },
    };
    await expect(here.work(undefined, emptied)).rejects.toMatchObject({
      code: 'ledger-unreadable',
      retryable: false,
      message: expect.stringContaining(ID),
    });
  });

  it.each([
    ['a ledger that does not answer', new Fault('ledger-unreadable', false, 'out')],
    ['a defect', new TypeError('out')],
  ])('fails at %s, and its queue brings it again', async (_what, error) => {
    const here = await worker();
    breaks(here, 'CreateUser', error);
    await expect(here.work()).rejects.toThrow('out');
    expect(await here.state()).toMatchObject({ lease: { step: 'ensure-account' }, blocked: undefined });
  });
});

describe('a refusal', () => {
  it('is on record with what the provider said, frees the lease, and is tried again', async () => {
    const here = await worker();
    breaks(here, 'CreateUser', new Fault('provider-throttled', true, 'provider-throttled: CreateUser'));
    expect((await here.work()).end).toBe('waiting');
    expect(await here.state()).toMatchObject({
      lease: undefined,
      blocked: { code: expect.stringContaining('provider-throttled'), step: 'ensure-account' },
    });
    expect(messages(here)).toEqual([['aws-iam-user', ID, retryBackoffMs(1, ID)]]);
    here.later(2_000);
    expect(await here.work()).toMatchObject({ state: { versions: [{ phase: 'stored' }] } });
  });
});

describe('an answer that is lost', () => {
  const heirs = async (here: Worker): Promise<Command> => handOver({ to: await here.holderOf('hr:2'), line: here.holder.id, overlapMs: 0 });
  const known = async (here: Worker): Promise<void> => {
    await here.active();
    await here.want(rotate);
    for (let minute = 0; minute < 3_000; minute += 1) {
      if ((await here.state()).versions.some(({ phase }) => phase === 'disabled')) return;
      await here.pass(1);
    }
    throw new Error('never disabled');
  };
  const nothing = async (): Promise<void> => undefined;
  const asking = (wish: Command) => async (here: Worker) => {
    await here.active();
    await here.want(wish);
  };

  it.each<[string, string, (here: Worker) => Promise<void>, boolean]>([
    ['a creation of the user', 'CreateUser', nothing, false],
    ['a creation of the secret', 'CreateSecret', nothing, false],
    ['a creation of a key', 'CreateAccessKey', nothing, false],
    ['its storing', 'PutSecretValue', nothing, false],
    [
      'a verification',
      'GetCallerIdentity',
      (here) =>
        here
          .pass(0)
          .then(() => here.work())
          .then(() => here.later(4_000)),
      true,
    ],
    ['a promotion', 'UpdateSecretVersionStage', asking(rotate), false],
    ['a look for what a command asks', 'ListAccessKeys', asking({ type: 'look' }), true],
    ['a look at its use', 'GetAccessKeyLastUsed', asking(rotate), true],
    ['a disabling', 'UpdateAccessKey Inactive', asking({ type: 'replace' }), true],
    [
      'an enabling',
      'UpdateAccessKey Active',
      async (here) => {
        await known(here);
        await here.want({ type: 'undo' });
      },
      false,
    ],
    ['a deletion of a key', 'DeleteAccessKey', asking({ type: 'replace' }), true],
    [
      'a tag',
      'TagUser',
      async (here) => {
        await here.active();
        await here.want(await heirs(here));
      },
      false,
    ],
    ['a deny', 'PutUserPolicy', asking(suspend), true],
    [
      'its removal',
      'DeleteUserPolicy',
      async (here) => {
        await asking(suspend)(here);
        await here.work();
        await here.want({ type: 'resume', holder: here.holder });
      },
      false,
    ],
    ['a withdrawal of the secret', 'DeleteSecret', asking(revoke), true],
    ['a removal of the user', 'DeleteUser', asking(revoke), false],
  ])('of %s', async (_what, operation, ready, isSafe) => {
    const here = await worker();
    await ready(here);
    let fired = 0;
    here.line.around = (name, act) => {
      if (name !== operation || fired) return act();
      fired += 1;
      throw LOST(operation);
    };
    for (let minute = 0; minute < 3_000; minute += 1) {
      const { end } = await here.work();
      if (fired) {
        // Repeated soon where that can't do harm; otherwise the lease runs out, and recovery looks.
        expect(end).toBe(isSafe ? 'waiting' : 'answer-lost');
        expect((await here.state()).lease !== undefined).toBe(!isSafe);
        expect((await here.state()).blocked !== undefined).toBe(isSafe);
        return;
      }
      here.later(MINUTE_MS);
    }
    throw new Error(`${operation} is never sent`);
  });

  it('of a creation is not followed by a message: the record is due when its lease has settled', async () => {
    const here = await worker();
    breaks(here, 'CreateAccessKey');
    await here.work();
    expect(messages(here)).toEqual([]);
    here.later(150_000);
    expect(await here.work()).toMatchObject({ state: { versions: [{ phase: 'stored' }] } });
  });
});
