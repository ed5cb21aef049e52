import { memoryIam } from '../../../lib/adapters/memory/iam.ts';
import { providerWorld, type Send, use } from '../../../lib/adapters/memory/provider-world.ts';
import { memorySecrets } from '../../../lib/adapters/memory/secrets-manager.ts';
import { grantFor } from '../../../lib/application/naming.ts';
import type { Ledger } from '../../../lib/application/ports.ts';
import { appendCredential, command } from '../../../lib/application/record.ts';
import { type Worked, workOnCredential } from '../../../lib/application/work-credential.ts';
import { type Command, decide } from '../../../lib/domain/credential/decide.ts';
import type { Credential, Grant, Holder } from '../../../lib/domain/credential/state.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import type { CredentialId, EpochMs } from '../../../lib/domain/types.ts';
import { rotation } from '../domain/given.ts';
import { company } from './company.ts';

const MINUTE_MS = 60_000;
export const ID = `cred_${'9'.repeat(26)}` as CredentialId;

/** A requested credential of Ann (`hr:1`), and the worker with IAM and Secrets Manager in memory. */
export async function worker(change: Partial<Grant> = {}, ttlMs?: number) {
  const made = company();
  for (const ref of ['hr:1', 'hr:2']) await made.joins(ref);
  const holderOf = async (ref: string): Promise<Holder> => {
    const { id, key, epoch } = await made.owner(ref);
    return { id, key, epoch };
  };
  const provider = providerWorld();
  /** Every request to the provider. */
  const requests: string[] = [];
  /** What happens to a request; a test replaces it. */
  const line: { around: <T>(operation: string, act: () => T) => T | Promise<T> } = { around: (_operation, act) => act() };
  const send: Send = async (operation, _repeatable, act) => {
    requests.push(operation);
    return line.around(operation, act);
  };
  let keys = 0;
  const connector = memoryIam(provider, made.ports.clock, () => `AKIA${++keys}`, send);
  const secrets = memorySecrets(provider, made.ports.clock, send);
  const ports = { ...made.ports, connector, secrets, requestTimeoutMs: 10_000 };
  const holder = await holderOf('hr:1');
  const grant: Grant = {
    ...grantFor(ID, 'aws-iam-user', '1', { profile: 'p', purpose: 'x', environment: 'e', consumers: ['c'] }),
    ...change,
  };
  const asked: Command = { type: 'request', id: ID, holder, grant, rotation, ...(ttlMs !== undefined && { ttlMs }) };
  const decision = decide(undefined, asked, made.now(), ports.timing);
  if (!decision.ok) throw new Error(decision.why);
  const context = { actor: { kind: 'system', id: 't' }, cause: 't', correlationId: 't', policyDigest: 'd' } as const;
  await appendCredential(ports, undefined, decision.events, context);
  /** After a deny a worker sends the rest to the end of the queue; here nothing else is in it. */
  const work = async (stopAfterMs = 40_000, ledger: Ledger = made.ledger, id: CredentialId = ID): Promise<Worked> => {
    const worked = await workOnCredential({ ...ports, ledger })(id, (made.now() + stopAfterMs) as EpochMs);
    return worked.end === 'denied' ? work(stopAfterMs, ledger, id) : worked;
  };
  const state = (): Promise<Credential> => made.state(ID);
  /** Worked on once a minute, its consumers at work with what they find. */
  const pass = async (minutes: number): Promise<void> => {
    for (let minute = 0; minute < minutes; minute += 1) {
      await work();
      for (const key of [...(provider.users.get(grant.accountName)?.keys.keys() ?? [])].slice(-1)) use(provider, key, made.now());
      made.later(MINUTE_MS);
    }
  };
  const want = async (wish: Command): Promise<void> => {
    const { decision: answer } = await command(ports, ID, wish, context);
    if (!answer.ok) throw new Error(`${wish.type}: ${answer.why}`);
  };
  const active = async (): Promise<void> => {
    await pass(3);
    const now = await state();
    if (now.status !== 'active') throw new Error(now.status);
    requests.length = 0;
    made.wake.messages.length = 0;
  };
  const last = async () => (await made.ledger.events(ID)).at(-1);
  return { ...made, ports, provider, requests, line, work, state, pass, want, active, last, holder, holderOf, grant, id: ID };
}

export type Worker = Awaited<ReturnType<typeof worker>>;

/** An answer that never came. */
export const LOST = (operation: string) => new Fault('provider-unknown', true, `provider-unknown: ${operation}`);

/** From now on `operation` goes wrong: once, before its effect. */
export const breaks = ({ line }: Worker, operation: string, error: Error = LOST(operation)): void => {
  let broken = false;
  line.around = (name, act) => {
    if (name !== operation || broken) return act();
    broken = true;
    throw error;
  };
};
/** `then` happens with the effect of `operation`, before it is answered. */
export const during = ({ line }: Worker, operation: string, then: () => unknown): void => {
  let done = false;
  line.around = async (name, act) => {
    const answer = act();
    if (name === operation && !done) {
      done = true;
      await then();
    }
    return answer;
  };
};
