import { secretsManagerStore } from '../lib/adapters/aws/secrets-manager.ts';
import { memoryLedger } from '../lib/adapters/memory/ledger.ts';
import { grantFor } from '../lib/application/naming.ts';
import type { Clock, Ids, Wake } from '../lib/application/ports.ts';
import { appendCredential, type RecordPorts } from '../lib/application/record.ts';
import { iamUserConnector } from '../lib/connectors/aws-iam-user/connector.ts';
import { decide } from '../lib/domain/credential/decide.ts';
import { nextStep } from '../lib/domain/credential/next-step.ts';
import type { Credential } from '../lib/domain/credential/state.ts';
import type { Policy } from '../lib/domain/policy.ts';
import { DEFAULT_TIMING } from '../lib/domain/timing.ts';
import { type CredentialId, type EpochMs, type OwnerId, type OwnerKey, plusMs } from '../lib/domain/types.ts';
import { ACCOUNT } from './fake-aws.ts';
import { givenPolicy } from './given-policy.ts';

const HOUR_MS = 3_600_000;
/** Far more than anything takes, faults included. */
const MAX_TURNS = 1_000;
export const CONTEXT = {
  actor: { kind: 'system', id: 'bench' },
  cause: 'bench',
  correlationId: 'bench',
  policyDigest: 'd'.repeat(64),
} as const;

/** A ledger in memory with a clock that only moves when told to. */
export interface Given extends RecordPorts {
  readonly clock: Clock;
  readonly wake: Wake;
  readonly policy: Policy;
  readonly policyDigest: string;
  pass(ms: number): void;
}

export function given(): Given {
  let nowMs = Date.parse('2026-01-01T00:00:00Z') as EpochMs;
  let count = 0;
  const next = (length: number): string => {
    count += 1;
    return String(count).padStart(length, '0');
  };
  const ids: Ids = { ulid: () => next(26), uuid: () => `00000000-0000-4000-8000-${next(12)}` };
  return {
    ledger: memoryLedger(),
    clock: { now: () => nowMs },
    ids,
    timing: DEFAULT_TIMING,
    wake: { send: async () => undefined, depth: async () => 0 },
    policy: givenPolicy(),
    policyDigest: CONTEXT.policyDigest,
    pass: (ms) => {
      nowMs = plusMs(nowMs, ms);
    },
  };
}

export const settingsOf = (endpoint: string) => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
});

/** The real connectors, speaking to `endpoint`. */
export function onAws(endpoint: string) {
  const aws = settingsOf(endpoint);
  return {
    connector: iamUserConnector({ stack: 'nhi', account: ACCOUNT, boundaryArn: 'arn:b', groupOf: (profile) => profile, aws }),
    secrets: secretsManagerStore({ stack: 'nhi', keyArn: 'k', managerRoleArns: ['arn:m'], aws }),
  };
}

/** Puts a credential on record whose owner nobody asks about. */
export async function requested(ports: Given): Promise<CredentialId> {
  const id = `cred_${ports.ids.ulid()}` as CredentialId;
  const asked = { profile: 'ci-deploy', purpose: 'bench', environment: 'prod', consumers: [`arn:aws:iam::${ACCOUNT}:role/build`] };
  const holder = { id: `own_${'0'.repeat(26)}` as OwnerId, key: 'k' as OwnerKey, epoch: 0 };
  const rotation = {
    everyMs: 2_160 * HOUR_MS,
    overlapMs: 24 * HOUR_MS,
    hardLimitMs: 168 * HOUR_MS,
    regretMs: 168 * HOUR_MS,
    stillInUse: 'extend',
  } as const;
  const grant = grantFor(id, 'aws-iam-user', ACCOUNT, asked);
  const decision = decide(undefined, { type: 'request', id, holder, grant, rotation }, ports.clock.now(), ports.timing);
  if (!decision.ok) throw new Error(decision.why);
  await appendCredential(ports, undefined, decision.events, CONTEXT);
  return id;
}

/** Works on a record, and lets time pass while it waits, until `enough`. */
export async function workUntil(
  ports: Given,
  id: CredentialId,
  work: (id: CredentialId, stopAtMs: EpochMs) => Promise<unknown>,
  enough: (state: Credential) => boolean,
): Promise<void> {
  for (let turns = 0; turns < MAX_TURNS; turns += 1) {
    const state = (await ports.ledger.credential(id))?.state;
    if (!state) throw new Error('no record');
    if (enough(state)) return;
    const step = nextStep(state, ports.clock.now());
    if (step.do === 'wait') ports.pass(step.untilMs - ports.clock.now());
    await work(id, plusMs(ports.clock.now(), HOUR_MS));
  }
  throw new Error(`it does not come to its end: ${JSON.stringify((await ports.ledger.credential(id))?.state)}`);
}
