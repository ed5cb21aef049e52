import { describe, expect, it } from 'vitest';
import { memoryIam } from '../../lib/adapters/memory/iam.ts';
import { memoryLedger } from '../../lib/adapters/memory/ledger.ts';
import { providerWorld, use } from '../../lib/adapters/memory/provider-world.ts';
import { memorySecrets } from '../../lib/adapters/memory/secrets-manager.ts';
import { memoryWake } from '../../lib/adapters/memory/wake.ts';
import type { CredentialAppend, Ledger } from '../../lib/application/ports.ts';
import { appendCredential, command } from '../../lib/application/record.ts';
import { workOnCredential } from '../../lib/application/work-credential.ts';
import type { Command } from '../../lib/domain/credential/decide.ts';
import { nextStep } from '../../lib/domain/credential/next-step.ts';
import { DEFAULT_TIMING } from '../../lib/domain/timing.ts';
import { type AttemptId, type EpochMs, type KeyId, plusMs } from '../../lib/domain/types.ts';
import { givenPolicy } from '../given-policy.ts';
import { nextOf } from './worker.ts';
import { type Acting, type Answer, begin, type Call, holderOf, type Worker } from './world.ts';

/** What of the real ports a call of the model stands for. */
const PORTS: Readonly<Record<Call['call'], readonly string[]>> = {
  'create-user': ['connector.ensureAccount'],
  'create-secret': ['secrets.ensure'],
  'create-key': ['connector.createVersion'],
  put: ['secrets.put'],
  verify: ['secrets.read', 'connector.verify'],
  describe: ['secrets.promote'],
  'try-label': ['secrets.promote'],
  'move-label': ['secrets.promote'],
  pending: ['secrets.unstage'],
  'drop-pending': ['secrets.unstage'],
  share: ['secrets.share'],
  close: ['secrets.close'],
  look: ['connector.listVersions', 'secrets.read'],
  list: ['connector.listVersions'],
  disable: ['connector.disableVersion'],
  enable: ['connector.enableVersion'],
  'delete-key': ['connector.deleteVersion'],
  'last-used': ['connector.lastUsed'],
  undeny: ['connector.lift'],
  deny: ['connector.deny'],
  'tag-user': ['connector.tagOwner'],
  'tag-secret': ['secrets.tagOwner'],
  'delete-secret': ['secrets.withdraw'],
  'empty-user': ['connector.removeAccount'],
  'delete-user': ['connector.removeAccount'],
  render: [],
  exists: ['connector.accountExists', 'secrets.readable'],
};

const once = (calls: readonly string[]): readonly string[] => calls.filter((call, index) => call !== calls[index - 1]);

/** The calls that the model makes for a step, where all goes well. */
function modelled(worker: Worker): readonly string[] {
  const calls: string[] = [];
  const answers: Answer[] = [];
  for (;;) {
    const next = nextOf({ ...worker, answers });
    if ('record' in next) return worker.step.do === 'remove-account' ? ['connector.removeAccount'] : once(calls);
    const { call } = next;
    const opens = call.call === 'look' && call.attempts.length === 0;
    calls.push(...(opens ? ['connector.listVersions', 'secrets.unstage'] : PORTS[call.call]));
    const keyIds = call.call === 'create-key' ? ['k' as KeyId] : [];
    answers.push({ no: undefined, keyIds, stored: [], label: undefined, is: call.call !== 'exists' });
  }
}

/** A whole life, by the real worker: the calls of each step it took, and those the model would have made. */
async function life() {
  let nowMs = 1_700_000_000_000 as EpochMs;
  let count = 0;
  const next = (): string => {
    count += 1;
    return `${count}`.padStart(26, '0');
  };
  const clock = { now: () => nowMs };
  const provider = providerWorld();
  const ledger = memoryLedger();
  const taken: { readonly step: string; readonly real: string[]; readonly model: readonly string[] }[] = [];
  const heard = <T extends object>(name: string, port: T): T =>
    new Proxy(port, {
      get: (target, member) => {
        const value: unknown = Reflect.get(target, member);
        if (typeof value !== 'function' || member === 'keyIdOf') return value;
        return (...args: readonly unknown[]) => {
          const call = `${name}.${String(member)}`;
          if (call === 'connector.deny') taken.push({ step: 'deny', real: [call], model: PORTS.deny });
          else taken.at(-1)?.real.push(call);
          return Reflect.apply(value, target, args);
        };
      },
    });
  const watched: Ledger = {
    ...ledger,
    appendCredential: (append: CredentialAppend) => {
      const [first] = append.envelopes;
      if (first?.data.type === 'StepStarted' && append.before) {
        const step = nextStep(append.before.state, nowMs) as Acting;
        const { fence, untilMs, attempt = '' as AttemptId } = first.data;
        const worker: Worker = { step, fence, readAtMs: nowMs, untilMs, record: append.state, attempt, answers: [], outcome: undefined };
        taken.push({ step: step.do, real: [], model: modelled(worker) });
      }
      return ledger.appendCredential(append);
    },
  };
  const ports = {
    ledger: watched,
    clock,
    ids: { ulid: next, uuid: next },
    timing: DEFAULT_TIMING,
    wake: memoryWake(clock),
    policy: givenPolicy(),
    policyDigest: 'd',
  };
  const work = workOnCredential({
    ...ports,
    connector: heard(
      'connector',
      memoryIam(provider, clock, () => `AKIA${next()}`),
    ),
    secrets: heard('secrets', memorySecrets(provider, clock)),
    requestTimeoutMs: 10_000,
  });
  const context = { actor: { kind: 'system', id: 'x' }, cause: 'x', correlationId: 'x', policyDigest: 'd' } as const;
  const { record, owners } = begin({ faults: 0, lates: 0, commands: 0 });
  const { id, holder, grant, rotation } = record;
  const requested = {
    type: 'CredentialRequested',
    id,
    holder,
    grant,
    rotation,
    requestedAtMs: nowMs,
    deadlineMs: plusMs(nowMs, 3_600_000),
  } as const;
  await appendCredential(ports, undefined, [requested], context);
  for (const owner of Object.values(owners))
    (ledger.owners as Map<typeof owner.id, unknown>).set(owner.id, {
      state: owner,
      version: 1,
      headHash: '',
      queue: 'owner',
      dueAtMs: undefined,
    });
  const pass = async (minutes: number): Promise<void> => {
    for (let minute = 0; minute < minutes; minute += 1) {
      await work(id, plusMs(nowMs, 40_000));
      for (const key of [...(provider.users.get(grant.accountName)?.keys.keys() ?? [])].slice(-1)) use(provider, key, nowMs);
      nowMs = plusMs(nowMs, 60_000);
    }
  };
  const want = async (wish: Command, minutes: number): Promise<void> => {
    const { decision } = await command(ports, id, wish, context);
    if (!decision.ok) throw new Error(`${wish.type}: ${decision.why}`);
    await pass(minutes);
  };
  await pass(5);
  await want({ type: 'rotate' }, 45);
  await want({ type: 'look' }, 2);
  await want({ type: 'replace' }, 20);
  await want({ type: 'suspend', why: 'requested' }, 2);
  await want({ type: 'resume', holder }, 5);
  await want({ type: 'rotate' }, 2);
  while (!ledger.credentials.get(id)?.state.versions.some(({ phase }) => phase === 'disabled')) await pass(1);
  await want({ type: 'undo' }, 45);
  const handOver = { to: holderOf(owners.S), rung: 'named', cause: 'requested', leave: undefined, line: holder.id, refused: [] } as const;
  await want({ type: 'hand-over', ...handOver, overlapMs: 0, regretMs: 0 }, 20);
  await want({ type: 'revoke', cause: 'requested' }, 10);
  return { taken, state: ledger.credentials.get(id)?.state };
}

describe('the worker of the model', () => {
  it('makes the calls that the real one makes, in their order', async () => {
    const { taken, state } = await life();
    expect(state?.status).toBe('revoked');
    for (const { step, real, model } of taken) expect([step, once(real)]).toEqual([step, model]);
    const steps = new Set(taken.map(({ step }) => step));
    for (const step of [
      'create-version',
      'promote',
      'recover',
      'check-use',
      'disable-version',
      'enable-version',
      'delete-version',
      'retag',
      'lift',
      'deny',
      'disable-all',
      'remove-account',
      'confirm-absence',
    ])
      expect(steps).toContain(step);
  });
});
