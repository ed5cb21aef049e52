import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type WorkerPorts, workOnCredential } from '../../lib/application/work-credential.ts';
import { NAMES } from '../../lib/contract/env.ts';
import { isPastDeadline } from '../../lib/domain/credential/next-step.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { REQUEST_TIMEOUT_MS } from './compose.ts';
import { log } from './log.ts';
import { measure } from './metric.ts';
import { eachMessage } from './queue.ts';
import { credentialIn } from './work-message.ts';

/** The one loop of all workers; what a kind of credential needs is in `ports`, wired once a cold start. */
export function worker(kind: Omit<WorkerPorts, 'requestTimeoutMs'>) {
  const ports = { ...kind, requestTimeoutMs: REQUEST_TIMEOUT_MS };
  const work = workOnCredential(ports);
  return middy<SQSEvent, SQSBatchResponse>().handler(
    eachMessage(async (message, stopAtMs) => {
      const id = credentialIn(message.body);
      if (!id) throw new Error('not a work message');
      const startedAtMs = ports.clock.now();
      const { end, state } = await work(id, stopAtMs as EpochMs);
      log.info('worked', { credential: id, end, status: state?.status, blocked: state?.blocked?.code });
      if (!state) return;
      if (isPastDeadline(state, ports.clock.now())) measure('work', NAMES.pastDeadline, 1);
      if ((state.succession?.escalatedAtMs ?? 0) >= startedAtMs) measure('work', NAMES.notAccepted, 1);
    }),
  );
}
