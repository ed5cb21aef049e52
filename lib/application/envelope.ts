import { hash as digest } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { EpochMs } from '../domain/types.ts';
import type { Envelope, Ids } from './ports.ts';

/** Who does something, why, and under which policy: the same for all events of one decision. */
export interface Context {
  readonly actor: Envelope['actor'];
  readonly cause: string;
  readonly correlationId: string;
  readonly policyDigest: string;
}

/** `prevHash` of a record's first event. */
export const NO_HASH = '0'.repeat(64);

const hashOf = (unhashed: Omit<Envelope, 'hash'> & { readonly hash?: undefined }): string =>
  digest('sha256', canonicalJson(unhashed), 'hex');

/** Chains `events` to a record that is at `version` with `headHash`. */
export function envelop<E extends Envelope['data']>(
  subject: string,
  before: { readonly version: number; readonly headHash: string },
  events: readonly E[],
  { actor, cause, correlationId, policyDigest }: Context,
  nowMs: EpochMs,
  ids: Ids,
  connector?: Envelope['connector'],
): readonly Envelope<E>[] {
  const chain: Envelope<E>[] = [];
  const at = new Date(nowMs).toISOString();
  for (const data of events) {
    const plain = {
      specversion: '1' as const,
      id: ids.ulid(),
      type: data.type,
      subject,
      version: before.version + chain.length + 1,
      at,
      actor,
      cause,
      correlationId,
      policyDigest,
      data,
      prevHash: chain.at(-1)?.hash ?? before.headHash,
    };
    const unhashed = connector ? { ...plain, connector } : plain;
    chain.push({ ...unhashed, hash: hashOf(unhashed) });
  }
  return chain;
}

/** The first version at which a chain does not hold, or `undefined` when all of it does. */
export function firstBreak(chain: readonly Envelope[]): number | undefined {
  let prevHash = NO_HASH;
  for (const [index, event] of chain.entries()) {
    if (event.version !== index + 1 || event.prevHash !== prevHash || hashOf({ ...event, hash: undefined }) !== event.hash)
      return index + 1;
    prevHash = event.hash;
  }
  return undefined;
}
