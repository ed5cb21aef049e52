import { describe, expect, it } from 'vitest';
import { memoryIam } from '../../../lib/adapters/memory/iam.ts';
import { providerWorld, type Send } from '../../../lib/adapters/memory/provider-world.ts';
import { memorySecrets } from '../../../lib/adapters/memory/secrets-manager.ts';
import { memoryWake } from '../../../lib/adapters/memory/wake.ts';
import { command } from '../../../lib/application/record.ts';
import { commandAndWake } from '../../../lib/application/wake-at.ts';
import { workOnCredential } from '../../../lib/application/work-credential.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import { type CredentialId, type EpochMs, plusMs } from '../../../lib/domain/types.ts';
import { CONTEXT, given, requested, workUntil } from '../../given-work.ts';

/** A credential in use, and IAM as it goes on: `throttled` calls are told to come later. */
async function inUse() {
  const clockwork = given();
  const wake = memoryWake(clockwork.clock);
  const ports = { ...clockwork, wake };
  const calls: string[] = [];
  const throttled: string[] = [];
  const send: Send = async (operation, _repeatable, act) => {
    calls.push(operation);
    if (throttled.includes(operation)) throw new Fault('provider-throttled', true, operation);
    return act();
  };
  const world = providerWorld();
  const secrets = memorySecrets(world, ports.clock);
  const worker = workOnCredential({
    ...ports,
    secrets,
    connector: memoryIam(world, ports.clock, () => 'AKIA1', send),
    requestTimeoutMs: 10_000,
  });
  const id = await requested(ports);
  await workUntil(ports, id, worker, ({ status }) => status === 'active');
  const work = (one: CredentialId) => worker(one, plusMs(ports.clock.now() as EpochMs, 40_000));
  calls.length = 0;
  wake.messages.length = 0;
  return { ports, id, work, calls, throttled, messages: wake.messages };
}

describe('a worker that has denied a credential', () => {
  it('sends the rest to the end of the queue: nobody’s deny waits for another’s clearing away', async () => {
    const { ports, id, work, calls, messages } = await inUse();
    await command(ports, id, { type: 'revoke', cause: 'requested' }, CONTEXT);
    expect(await work(id)).toMatchObject({ end: 'denied', state: { status: 'revoking', stage: 'disable-all' } });
    expect(calls).toEqual(['PutUserPolicy']);
    expect(messages).toEqual([{ queue: 'aws-iam-user', id, visibleAtMs: ports.clock.now() }]);
    expect(await work(id)).toMatchObject({ end: 'waiting', state: { stage: 'remove-account' } });
    expect(calls).toEqual(['PutUserPolicy', 'UpdateAccessKey Inactive', 'ListAccessKeys']);
  });

  it('waits as always where nothing is left to do', async () => {
    const { ports, id, work, calls } = await inUse();
    await command(ports, id, { type: 'suspend', why: 'requested', ends: undefined }, CONTEXT);
    expect(await work(id)).toMatchObject({ end: 'waiting', state: { status: 'suspended' } });
    expect(calls).toEqual(['PutUserPolicy']);
  });

  it('that was told to come later comes when the record says so', async () => {
    const { ports, id, work, throttled, messages } = await inUse();
    throttled.push('PutUserPolicy');
    await command(ports, id, { type: 'revoke', cause: 'requested' }, CONTEXT);
    const { end, state } = await work(id);
    expect([end, state?.blocked?.step]).toEqual(['waiting', 'deny']);
    expect(messages).toEqual([{ queue: 'aws-iam-user', id, denies: true, visibleAtMs: state?.blocked?.nextTryAtMs }]);
  });
});

describe('a removal that is told to come later', () => {
  it('goes on where it stopped, but for the keys, which are looked at again', async () => {
    const { ports, id, work, calls, throttled } = await inUse();
    await command(ports, id, { type: 'revoke', cause: 'requested' }, CONTEXT);
    const until = async (stage: string): Promise<void> => {
      for (let turns = 0; turns < 20; turns += 1) {
        const { state } = await work(id);
        if (state?.status === 'revoked' || (state?.blocked && stage === 'blocked')) return;
        ports.pass(60_000);
      }
      throw new Error(`never ${stage}`);
    };
    throttled.push('RemoveUserFromGroup');
    await until('blocked');
    expect((await ports.ledger.credential(id))?.state.blocked).toMatchObject({ step: 'remove-account', done: 2 });
    calls.length = 0;
    throttled.length = 0;
    ports.pass(60_000);
    await until('revoked');
    expect(calls.filter((call) => /^List|^Remove/.test(call))).toEqual(['ListAccessKeys', 'RemoveUserFromGroup']);
  });
});

describe('a message for a worker', () => {
  it.each([
    ['a revocation', { type: 'revoke', cause: 'requested' }, { denies: true, afterMs: 0 }],
    ['a suspension', { type: 'suspend', why: 'requested', ends: undefined }, { denies: true, afterMs: 0 }],
    ['a rotation', { type: 'rotate' }, { denies: undefined, afterMs: 0 }],
  ] as const)('says of %s whether it waits for a deny', async (_what, wanted, { denies, afterMs }) => {
    const { ports, id, messages } = await inUse();
    await commandAndWake(ports, id, wanted, CONTEXT);
    const visibleAtMs = ports.clock.now() + afterMs;
    expect(messages).toEqual([{ queue: 'aws-iam-user', id, visibleAtMs, ...(denies && { denies }) }]);
  });

  it('comes when a resumption may go on, and not before; none where the command is refused', async () => {
    const { ports, id, work, messages } = await inUse();
    await commandAndWake(ports, id, { type: 'suspend', why: 'requested', ends: undefined }, CONTEXT);
    await work(id);
    messages.length = 0;
    const { holder } = (await ports.ledger.credential(id))?.state ?? {};
    if (!holder) throw new Error('nothing there');
    await commandAndWake(ports, id, { type: 'resume', holder }, CONTEXT);
    const state = (await ports.ledger.credential(id))?.state;
    expect(messages).toEqual([{ queue: 'aws-iam-user', id, visibleAtMs: state?.status === 'suspended' && state.liftAtMs }]);
    messages.length = 0;
    expect(await commandAndWake(ports, id, { type: 'rotate' }, CONTEXT)).toMatchObject({ ok: false });
    expect(messages).toEqual([]);
  });
});
