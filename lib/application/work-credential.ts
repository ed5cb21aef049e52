import { isDeliveredOnce } from '../domain/credential/capabilities.ts';
import { type NextStep, openUntilMs } from '../domain/credential/next-step.ts';
import type { Outcome } from '../domain/credential/outcome.ts';
import { type Credential, type Holder, isDoomed, type Lease, type LeasedStep } from '../domain/credential/state.ts';
import { killListId } from '../domain/deny-list.ts';
import { Fault } from '../domain/faults.ts';
import type { Policy } from '../domain/policy.ts';
import { type AttemptId, type CredentialId, type EpochMs, plusMs } from '../domain/types.ts';
import { sessionChange } from './end-sessions.ts';
import type { Context } from './envelope.ts';
import { followUp } from './follow-up.ts';
import { type Caller, isStillHeld } from './lease.ts';
import type { Connector, Loaded, SecretStore, Wake } from './ports.ts';
import { CREDENTIAL_RULES } from './protocol.ts';
import { disableAll, lookForAttempts, usesOf } from './provider-looks.ts';
import { appendCredential, command, type RecordPorts, readOrSetAside, retryingConflicts } from './record.ts';
import { wakeWorker } from './wake-at.ts';

export interface WorkerPorts extends RecordPorts, Caller {
  readonly connector: Connector;
  readonly secrets: SecretStore;
  readonly wake: Wake;
  /** This process shows what it makes to whoever waits for it. Where not, what is delivered once is not made here. */
  readonly reveals?: true;
  readonly policy: Policy;
  readonly policyDigest: string;
}

/** What became of a record: not there, not to be read and set aside, at rest, waiting for a time, left to the end of its lease since an answer is missing, denied and gone to the end of the queue, or out of time. */
export type WorkEnd = 'unknown' | 'unreadable' | 'rest' | 'waiting' | 'answer-lost' | 'denied' | 'out-of-time';

export interface Worked {
  readonly end: WorkEnd;
  /** The record as it was last seen. */
  readonly state: Credential | undefined;
}

/** Steps that only look, or only take away: done twice, or late, they end the same, so a lost answer need not wait for the end of the lease. */
const SAFE_TO_REPEAT: readonly (LeasedStep | 'deny')[] = [
  ...(['verify', 'recover', 'confirm-absence'] as const),
  ...(['check-use', 'disable-version', 'deny', 'disable-all', 'withdraw-secret', 'delete-version'] as const),
];

/** Does the steps of one record until it rests, must wait, or `stopAtMs` has come. */
export const workOnCredential =
  (ports: WorkerPorts) =>
  async (id: CredentialId, stopAtMs: EpochMs): Promise<Worked> => {
    const { ledger, clock, protocol = CREDENTIAL_RULES } = ports;
    const first = await readOrSetAside(ports, id, () => ledger.credential(id));
    if (first === 'unreadable') return { end: first, state: undefined };
    let record = first;
    let acted = false;
    let denied = false;
    for (;;) {
      if (!record) return { end: 'unknown', state: undefined };
      const { state } = record;
      const next = protocol.nextStep(state, clock.now());
      if (next.do === 'rest') return { end: 'rest', state };
      if (next.do === 'wait') {
        // A duplicate ends here: were it to send itself on, every sweep would add a message for ever.
        if (acted) await wakeWorker(ports, state);
        return { end: 'waiting', state };
      }
      if (next.do === 'create-version' && isDeliveredOnce(state.grant) && !ports.reveals) return { end: 'waiting', state };
      if (denied || clock.now() >= stopAtMs) {
        await wakeWorker(ports, state); // whoever was denied has no access, and what is left to do waits until nobody else has
        return { end: denied ? 'denied' : 'out-of-time', state };
      }
      const after: Loaded<Credential> | 'answer-lost' | undefined = await takeStep(ports, record, next).catch((error: unknown) => {
        if (error instanceof Fault && error.code === 'ledger-conflict') return undefined; // somebody else was here: read it again
        throw error;
      });
      if (after === 'answer-lost') return { end: 'answer-lost', state };
      acted ||= after !== undefined;
      denied ||= acted && next.do === 'deny';
      record = after ?? (await ledger.credential(id));
    }
  };

type Acting = Exclude<NextStep, { readonly do: 'rest' | 'wait' }>;

async function takeStep(
  ports: WorkerPorts,
  before: Loaded<Credential>,
  next: Acting,
): Promise<Loaded<Credential> | 'answer-lost' | undefined> {
  const { id } = before.state;
  const { decide } = ports.protocol ?? CREDENTIAL_RULES;
  const nowMs = ports.clock.now();
  if (next.do === 'give-up')
    return (await command(ports, id, { type: 'revoke', cause: next.cause }, contextOf(ports, before.state, 'deadline'))).record;
  if (next.do === 'suspend') {
    const ends = next.regretMs === undefined ? undefined : ({ atMs: plusMs(nowMs, next.regretMs), cause: 'owner-left' } as const);
    return (await command(ports, id, { type: 'suspend', why: next.why, ends }, contextOf(ports, before.state, 'deadline'))).record;
  }
  if (next.do === 'warn') return (await command(ports, id, { type: 'warn' }, contextOf(ports, before.state, 'time to live'))).record;
  if (next.do === 'pass-on') return passOn(ports, before, next.to);
  if (next.do === 'follow-up') return followUp(ports, before, (cause) => contextOf(ports, before.state, cause));
  if (next.do === 'deny') return deny(ports, before, nowMs);
  const again = next.do === 'create-version' ? next.attempt : undefined;
  const attempt = again ?? (ports.ids.uuid() as AttemptId);
  const start = decide(before.state, { type: 'start', step: next.do, attempt }, nowMs, ports.timing);
  if (!start.ok) return undefined;
  const held = await appendCredential(ports, before, start.events, contextOf(ports, before.state, next.do));
  const lease = held.state.lease;
  if (!lease) throw new Error('a started step without a lease');
  return asAnswered(ports, id, lease.fence, next.do, () =>
    next.do === 'create-version' ? createVersion(ports, held, lease, attempt) : callThenRecord(ports, held.state, lease, next),
  );
}

/** The ownership, with the heir's record looked at in the same transaction: one that has left by now does not get it. */
async function passOn(ports: WorkerPorts, before: Loaded<Credential>, to: Holder): Promise<Loaded<Credential> | undefined> {
  const { state } = before;
  const { decide } = ports.protocol ?? CREDENTIAL_RULES;
  const acceptWithinMs = ports.policy.acceptWithinMs;
  const decision = decide(state, { type: 'pass-on', acceptWithinMs }, ports.clock.now(), ports.timing);
  if (!decision.ok) return undefined;
  const companions = [{ item: 'ownership', ownerId: to.id, credentialId: state.id }] as const;
  try {
    return await appendCredential(ports, before, decision.events, contextOf(ports, state, 'pass-on'), { companions, requires: to });
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'owner-not-active')) throw error;
    return (await command(ports, state.id, { type: 'heir-lost' }, contextOf(ports, state, 'the heir is not active'))).record;
  }
}

/** The one step without a lease: idempotent, and within one lease length of its read. */
async function deny(ports: WorkerPorts, { state }: Loaded<Credential>, startedAtMs: EpochMs): Promise<Loaded<Credential> | 'answer-lost'> {
  return asAnswered(ports, state.id, state.fence, 'deny', async () => {
    try {
      await ports.connector.deny(state);
    } catch (error) {
      if (!(error instanceof Fault) || !(await closed(ports, state))) throw error;
      return record(ports, state.id, state.fence, { of: 'refused', step: 'deny', code: error.message, secretClosed: true });
    }
    return record(ports, state.id, state.fence, { of: 'deny', startedAtMs });
  });
}

/** The second line, e.g. while IAM's control plane is out: whoever has no key yet gets none. What stands in its way says less than why there is no deny. */
const closed = ({ secrets }: WorkerPorts, state: Credential): Promise<boolean> =>
  secrets.close(state).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Fault) return false;
      throw error;
    },
  );

/** One call, or one idempotent handful of them; the others are commands, or need more than one look at the record. */
type Call = Exclude<Acting, { readonly do: 'create-version' | 'deny' | 'give-up' | 'suspend' | 'pass-on' | 'warn' | 'follow-up' }>;

async function callThenRecord(ports: WorkerPorts, state: Credential, lease: Lease, next: Call): Promise<Loaded<Credential>> {
  stillHeld(ports, lease);
  return record(ports, state.id, lease.fence, await call(ports, state, next, () => stillHeld(ports, lease)));
}

/** What it found. `held` throws where the lease is over by now. */
async function call({ connector, secrets }: WorkerPorts, state: Credential, next: Call, held: () => void): Promise<Outcome> {
  switch (next.do) {
    case 'ensure-account':
      await connector.ensureAccount(state);
      return { of: next.do };
    case 'ensure-secret':
      await secrets.ensure(state);
      return { of: next.do };
    case 'verify': {
      const body = await secrets.read(state, next.attempt);
      return { of: 'verify', attempt: next.attempt, usable: body !== undefined && (await connector.verify(body)) };
    }
    case 'promote':
      await secrets.promote(state, next.attempt);
      return { of: next.do, attempt: next.attempt };
    case 'share':
      await secrets.share(state);
      return { of: next.do };
    case 'recover': {
      const found = await lookForAttempts(connector, secrets, state);
      if (openUntilMs(state) === undefined) await secrets.unstage(state); // the second look: what was given up by the first stores nothing any more
      return { of: 'recover', ...found };
    }
    case 'delete-version':
      await connector.deleteVersion(state, next.keyId);
      if (isDoomed(state, next.keyId)) await secrets.unstage(state);
      return { of: next.do, keyId: next.keyId };
    case 'check-use':
      return { of: next.do, keyId: next.keyId, ...(await usesOf(connector, state, next.keyId)) };
    case 'disable-version':
      await connector.disableVersion(state, next.keyId);
      return { of: next.do, keyId: next.keyId };
    case 'enable-version':
      return { of: next.do, keyId: next.keyId, there: await connector.enableVersion(state, next.keyId) };
    case 'lift':
      await connector.lift(state);
      held();
      await secrets.share(state); // it may have been closed, though the record does not say so
      return { of: next.do };
    case 'retag':
      await connector.tagOwner(state, next.to);
      held();
      await secrets.tagOwner(state, next.to);
      return { of: next.do, ownerId: next.to.id };
    case 'disable-all':
      return { of: next.do, keyIds: await disableAll(connector, state, held) };
    case 'withdraw-secret':
      await secrets.withdraw(state);
      return { of: next.do };
    case 'remove-account':
      return { of: next.do, removed: await connector.removeAccount(state) };
    case 'confirm-absence':
      return { of: next.do, absent: !(await connector.accountExists(state)) && !(await secrets.readable(state)) };
  }
}

/**
 * The key, then at once its value, under one lease. In between the key is put on record, whatever the record has become:
 * a key that exists is never forgotten. Dying after either call leaves a due record and an attempt to recover.
 */
async function createVersion(ports: WorkerPorts, held: Loaded<Credential>, lease: Lease, attempt: AttemptId): Promise<Loaded<Credential>> {
  const { id } = held.state;
  stillHeld(ports, lease);
  const { keyId, body } = await ports.connector.createVersion(held.state, attempt);
  const created = await record(ports, id, lease.fence, { of: 'create-key', attempt, keyId });
  if (created.state.lease?.fence !== lease.fence) return created; // a revocation came in between: the value goes nowhere
  stillHeld(ports, lease);
  await ports.secrets.put(created.state, attempt, body);
  return record(ports, id, lease.fence, { of: 'store', attempt });
}

/** Applies what was found to the record as it is now. Throws `Fault('ledger-conflict')` under a stale fence: nothing is recorded. */
const record = (ports: WorkerPorts, id: CredentialId, fence: number, outcome: Outcome): Promise<Loaded<Credential>> =>
  retryingConflicts(async () => {
    const now = await ports.ledger.credential(id);
    if (!now) throw new Fault('ledger-unreadable', false, `${id} is gone`);
    const { decideOutcome } = ports.protocol ?? CREDENTIAL_RULES;
    const decision = decideOutcome(now.state, fence, outcome, ports.clock.now(), ports.timing);
    if (!decision.ok) throw new StaleFence();
    const companions = await sessionChange(ports.ledger, now.state, decision.events, ports.clock.now());
    const after = await appendCredential(ports, now, decision.events, contextOf(ports, now.state, outcome.of), { companions });
    if (companions.length) await ports.wake.send({ queue: 'deny-list', id: killListId(now.state.grant.account) }, 0);
    return after;
  });

/** Not a fault: another worker holds the record by now, and this one's part is over. */
class StaleFence extends Error {}

function stillHeld(ports: WorkerPorts, lease: Lease): void {
  if (!isStillHeld(ports, lease.untilMs)) throw new StaleFence();
}

/** A refusal is an answer and is recorded; without an answer the step's lease runs out, and recovery looks. */
async function asAnswered(
  ports: WorkerPorts,
  id: CredentialId,
  fence: number,
  step: LeasedStep | 'deny',
  act: () => Promise<Loaded<Credential>>,
): Promise<Loaded<Credential> | 'answer-lost'> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof StaleFence) return 'answer-lost';
    if (!(error instanceof Fault) || error.code.startsWith('ledger-')) throw error;
    if (error.code === 'provider-unknown' && !SAFE_TO_REPEAT.includes(step)) return 'answer-lost';
    const { done, message: code } = error;
    return await record(ports, id, fence, { of: 'refused', step, code, ...(done > 0 && { done }) }).catch((late: unknown) => {
      if (late instanceof StaleFence) return 'answer-lost' as const;
      throw late;
    });
  }
}

const contextOf = ({ policyDigest }: WorkerPorts, { id }: Credential, cause: string): Context => ({
  actor: { kind: 'system', id: 'work' },
  cause,
  correlationId: id,
  policyDigest,
});
