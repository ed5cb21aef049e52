import type { Caller } from '../domain/authorize.ts';
import { isDeliveredOnce } from '../domain/credential/capabilities.ts';
import type { Credential } from '../domain/credential/state.ts';
import type { Secret } from '../domain/faults.ts';
import type { Policy } from '../domain/policy.ts';
import { type AttemptId, type CredentialId, plusMs } from '../domain/types.ts';
import { type Changed, changeCredential } from './change-credential.ts';
import { maySeeCredential } from './consult.ts';
import { deliveringOnce } from './delivered-once.ts';
import { ownersBehind } from './who.ts';
import { type WorkerPorts, workOnCredential } from './work-credential.ts';

export interface RevealPorts extends Omit<WorkerPorts, 'secrets' | 'reveals'> {
  readonly policy: Policy;
  readonly pause: (ms: number) => Promise<void>;
}

export interface RevealRequest {
  readonly reason: string;
  /** The last answer never came, or what it held is known to somebody else: what there is ends at once, without overlap. */
  readonly lost: boolean;
}

type Revealed =
  /** `body`: as a secret would hold it. */
  | { readonly ok: true; readonly body: Secret; readonly credential: Credential }
  | Extract<Changed, { ok: false }>
  /** `not-delivered-once`: it is in its secret. `not-made`: not yet, or not now; asked again, it may be. */
  | { readonly ok: false; readonly why: 'not-delivered-once' | 'not-made'; readonly field: 'id'; readonly value: string };

const WITHIN_MS = 15_000;
const AGAIN_AFTER_MS = 500;

/**
 * Makes the token and gives it to its owner in the answer, the only place where it ever stands. An answer that is lost can't be given
 * again: the next one makes another token, and with `lost` the one before ends at once.
 */
export const revealToken =
  (ports: RevealPorts) =>
  async (caller: Caller | undefined, arn: string, id: CredentialId, { reason, lost }: RevealRequest): Promise<Revealed> => {
    const { ledger, clock, pause } = ports;
    if (!caller) return { ok: false, why: 'unmapped-caller', field: 'caller', value: arn };
    const credential = (await ledger.credential(id))?.state;
    if (!credential || !(await maySeeCredential(ledger, caller, credential)))
      return { ok: false, why: 'not-found', field: 'id', value: id };
    const stands = (await ownersBehind(ledger, caller)).includes(credential.holder.id);
    if (!stands) return { ok: false, why: 'not-the-owner', field: 'caller', value: arn };
    if (!isDeliveredOnce(credential.grant)) return { ok: false, why: 'not-delivered-once', field: 'id', value: id };
    if (credential.status !== 'provisioning') {
      const changed = await changeCredential(ports)(caller, arn, id, { verb: lost && !isOwed(credential) ? 'replace' : 'rotate', reason });
      if (!changed.ok) return changed;
    }
    const { secrets, made } = deliveringOnce(); // of this call alone: an earlier one's token is not this one's answer
    const work = workOnCredential({ ...ports, secrets, reveals: true });
    const stopAtMs = plusMs(clock.now(), WITHIN_MS);
    for (;;) {
      const { state } = await work(id, stopAtMs);
      const body = state && madeHere(state, made);
      if (body) return { ok: true, body, credential: state };
      if (clock.now() >= stopAtMs) return { ok: false, why: 'not-made', field: 'id', value: id };
      await pause(AGAIN_AFTER_MS); // somebody else holds the record for a moment
    }
  };

/** Everything known is being replaced, and whoever asked for that got nothing: the one that replaces it is still to be made. */
const isOwed = (credential: Credential): boolean => {
  if (credential.status !== 'active' || !credential.replacement || credential.replacement.heir) return false;
  const { known } = credential.replacement;
  return credential.versions.every(({ attempt }) => attempt !== undefined && known.includes(attempt));
};

/** Only what is seen to work, and on record as such. */
const madeHere = (state: Credential, made: (attempt: AttemptId) => Secret | undefined): Secret | undefined =>
  state.status === 'active'
    ? state.versions.flatMap((version) => (version.phase === 'current' ? (made(version.attempt) ?? []) : [])).at(0)
    : undefined;
