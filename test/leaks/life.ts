import { inspect } from 'node:util';
import type { Context as LambdaContext, SQSEvent } from 'aws-lambda';
import { credentialView } from '../../functions/api/view.ts';
import { log } from '../../functions/shared/log.ts';
import { eachMessage } from '../../functions/shared/queue.ts';
import type { Connector, Ledger } from '../../lib/application/ports.ts';
import { command } from '../../lib/application/record.ts';
import { workOnCredential } from '../../lib/application/work-credential.ts';
import type { Command } from '../../lib/domain/credential/decide.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import { type CredentialId, plusMs } from '../../lib/domain/types.ts';
import { type FakeAwsSettings, fakeAws } from '../fake-aws.ts';
import { CONTEXT, given, onAws, requested, workUntil } from '../given-work.ts';
import { canary } from './detector.ts';

/** A defect to be found: what a careless change might do. */
export interface Planted {
  readonly connector?: (real: Connector) => Connector;
  readonly ledger?: (real: Ledger) => Ledger;
}

export interface Lived {
  /** All that was written anywhere: ledger, messages, log, metrics, errors, answers. */
  readonly written: string;
  /** Operations that had a mishap. */
  readonly struck: ReadonlySet<string>;
  readonly operations: ReadonlySet<string>;
  readonly keys: number;
  readonly end: Credential['status'] | undefined;
}

const STAGES: readonly (readonly [Command | undefined, (state: Credential) => boolean])[] = [
  [undefined, ({ status }) => status === 'active'],
  [{ type: 'rotate' }, ({ versions }) => versions.some(({ phase }) => phase === 'retiring')],
  [undefined, ({ versions }) => versions.length === 1],
  [{ type: 'suspend', why: 'requested' }, (state) => state.status === 'suspended' && state.denyAtMs === undefined],
  [{ type: 'replace' }, () => true], // refused, while it is suspended
  [{ type: 'revoke', cause: 'requested' }, ({ status }) => status === 'revoked'],
];

/**
 * The life of one credential by the real connectors, over HTTP, on a ledger in memory: issued, rotated, suspended, revoked. Every message
 * goes through the batch of the real functions, so what breaks is logged as it would be.
 */
export async function live(mishap: FakeAwsSettings['mishap'], planted: Planted = {}): Promise<Lived> {
  const ports = given();
  const written: string[] = [];
  const struck = new Set<string>();
  let keys = 0;
  const aws = await fakeAws({
    lastUsedOf: (keyId) => (Number(keyId.slice('AKIA'.length)) === keys ? new Date(ports.clock.now()) : undefined), // the newest is in use
    secretOf: (n) => {
      keys = n;
      return canary(n);
    },
    mishap: (operation, n) => {
      const kind = mishap?.(operation, n);
      if (kind) struck.add(operation);
      return kind;
    },
  });
  const { connector, secrets } = onAws(aws.endpoint);
  const wake = { send: async (...sent: unknown[]) => void written.push(inspect(sent, { depth: 9 })), depth: async () => 0 };
  const wired = { ...ports, wake, ledger: planted.ledger?.(ports.ledger) ?? ports.ledger };
  const work = workOnCredential({ ...wired, connector: planted.connector?.(connector) ?? connector, secrets, requestTimeoutMs: 10_000 });
  const unhear = listen(written);
  try {
    const id = await requested(wired);
    const deliver = eachMessage(async ({ body }) => {
      const { end, state } = await work(body as CredentialId, plusMs(ports.clock.now(), 600_000)).catch((error: unknown) => {
        written.push(inspect(error, { depth: 9, showHidden: true }), String(error), JSON.stringify(error));
        throw error;
      });
      log.info('worked', { credential: id, end, status: state?.status, blocked: state?.blocked?.code });
    });
    for (const [wanted, enough] of STAGES) {
      if (wanted) await command(wired, id, wanted, CONTEXT);
      await workUntil(ports, id, (of) => deliver(messageOf(of), lambda), enough);
    }
    const state = (await ports.ledger.credential(id))?.state;
    written.push(JSON.stringify([state, await ports.ledger.events(id)]));
    if (state) written.push(JSON.stringify(credentialView(state)));
    return { written: written.join('\n'), struck, operations: new Set(aws.calls), keys, end: state?.status };
  } finally {
    unhear();
    await aws.close();
  }
}

const lambda = { getRemainingTimeInMillis: () => 60_000 } as LambdaContext;
const messageOf = (id: CredentialId) => ({ Records: [{ messageId: 'm', body: id, eventSource: 'aws:sqs' }] }) as unknown as SQSEvent;

/** Everything this process prints, by whatever way. Gives back how to stop. */
function listen(written: string[]): () => void {
  const streams = [process.stdout, process.stderr];
  const before = streams.map((stream) => stream.write);
  for (const stream of streams)
    stream.write = (chunk: string | Uint8Array) => {
      written.push(String(chunk));
      return true;
    };
  return () => {
    for (const [index, stream] of streams.entries()) stream.write = before[index] ?? stream.write;
  };
}
