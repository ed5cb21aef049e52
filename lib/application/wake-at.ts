import type { Command, Decision } from '../domain/credential/decide.ts';
import type { Credential } from '../domain/credential/state.ts';
import type { CredentialId, EpochMs } from '../domain/types.ts';
import type { Context } from './envelope.ts';
import type { Clock, OwnerCondition, Wake, WorkItem } from './ports.ts';
import { CREDENTIAL_RULES, type Protocol } from './protocol.ts';
import { command, type RecordPorts } from './record.ts';

interface WakePorts {
  readonly wake: Wake;
  readonly clock: Clock;
  readonly protocol?: Protocol;
}

/** A message can wait for so long; what is due later is the sweep's. */
const LONGEST_DELAY_MS = 900_000;

/** A message for when the record is due, where that is soon: a lift that has to wait for a lease is not left to the next sweep. */
export async function wakeAt({ wake, clock }: WakePorts, item: WorkItem, dueAtMs: EpochMs): Promise<void> {
  const delayMs = Math.max(0, dueAtMs - clock.now());
  if (delayMs <= LONGEST_DELAY_MS) await wake.send(item, delayMs);
}

/** The same for a credential, which knows itself when that is, and what it waits for. */
export async function wakeWorker(ports: WakePorts, state: Credential): Promise<void> {
  const { nextStep, dueAtMs } = ports.protocol ?? CREDENTIAL_RULES;
  const atMs = dueAtMs(state, ports.clock.now());
  if (atMs === undefined) return;
  const denies = nextStep(state, atMs).do === 'deny';
  await wakeAt(ports, { queue: state.grant.connector, id: state.id, ...(denies && { denies }) }, atMs);
}

/** A command, and where it was accepted a worker for what follows from it. */
export async function commandAndWake(
  ports: RecordPorts & WakePorts,
  id: CredentialId,
  wanted: Command,
  context: Context,
  requires?: OwnerCondition,
): Promise<Decision> {
  const { decision, record } = await command(ports, id, wanted, context, requires);
  if (decision.ok && record) await wakeWorker(ports, record.state);
  return decision;
}
