import { type AuthorizationRejection, authorize, type Caller } from '../domain/authorize.ts';
import { type Command, decide } from '../domain/credential/decide.ts';
import type { Credential } from '../domain/credential/state.ts';
import { type Entitlement, entitlement } from '../domain/entitlement.ts';
import { Fault } from '../domain/faults.ts';
import type { Policy } from '../domain/policy.ts';
import type { CredentialId, OwnerId } from '../domain/types.ts';
import { grantFor, tokenTermsOf } from './naming.ts';
import type { Ledger, Loaded, Wake } from './ports.ts';
import { appendCredential, type RecordPorts } from './record.ts';

export interface RequestPorts extends RecordPorts {
  readonly wake: Wake;
  readonly policy: Policy;
  readonly policyDigest: string;
  /** The provider account credentials are made in. */
  readonly account: string;
}

export interface CredentialRequest {
  readonly profile: string;
  /** `<source>:<external id>` or an e-mail address; the caller's own when absent. */
  readonly owner?: string;
  readonly purpose: string;
  readonly environment: string;
  readonly consumers: readonly string[];
  /** The same key from the same caller gives the same credential, however often it is sent. */
  readonly idempotencyKey: string;
}

export type RequestRefusal =
  | {
      readonly why: AuthorizationRejection;
      readonly field: 'caller' | 'owner';
      readonly value: string;
      readonly allowed: readonly string[];
    }
  | { readonly why: 'no-such-owner'; readonly field: 'owner'; readonly value: string; readonly allowed: readonly string[] }
  | ({ readonly field: 'profile' | 'owner' | 'owner.roles' | 'environment' } & Omit<Extract<Entitlement, { ok: false }>, 'ok'>);

export type RequestResult =
  | { readonly ok: true; readonly credential: Credential; readonly created: boolean }
  | ({ readonly ok: false } & RequestRefusal);

const FIELD = {
  'unknown-profile': 'profile',
  'owner-not-active': 'owner',
  'not-eligible': 'owner.roles',
  'environment-not-allowed': 'environment',
} as const;

/** Checks who asks, for whom and what for, puts the credential on record, and wakes the worker. Nothing is made at a provider here. */
export const requestCredential =
  (ports: RequestPorts) =>
  async (caller: Caller | undefined, arn: string, asked: CredentialRequest): Promise<RequestResult> => {
    const { ledger, policy, policyDigest, ids, clock, timing } = ports;
    const ownerRef = asked.owner ?? caller?.ownerRef ?? '';
    const unauthorised = authorize(caller, 'request', ownerRef);
    if (unauthorised || !caller) return refuseCaller(unauthorised ?? 'unmapped-caller', arn, ownerRef, caller);

    const earlier = await earlierRequest(ledger, caller, asked.idempotencyKey);
    if (earlier) return { ok: true, credential: earlier.state, created: false };

    const ownerId = await resolveOwner(ledger, ownerRef);
    const owner = ownerId && (await ledger.owner(ownerId));
    if (!owner) return { ok: false, why: 'no-such-owner', field: 'owner', value: ownerRef, allowed: [] };
    const entitled = entitlement(policy, owner.state, asked.profile, asked.environment);
    if (!entitled.ok) return { ...entitled, field: FIELD[entitled.why] };

    const id = `cred_${ids.ulid()}` as CredentialId;
    const holder = { id: owner.state.id, key: owner.state.key, epoch: owner.state.epoch };
    const grant = grantFor(id, entitled.profile.connector, ports.account, asked, {
      ...{ token: tokenTermsOf(entitled.profile), mayAssume: entitled.profile.mayAssume },
    });
    const { rotation, ttlMs } = entitled.profile;
    const wish: Command = { type: 'request', id, holder, grant, rotation, ...(ttlMs !== undefined && { ttlMs }) };
    const decision = decide(undefined, wish, clock.now(), timing);
    if (!decision.ok) throw new Error(`a new credential was refused: ${decision.why}`);
    const context = {
      actor: { kind: 'person', id: arn },
      cause: asked.purpose,
      correlationId: asked.idempotencyKey,
      policyDigest,
    } as const;
    const companions = [
      { item: 'ownership', ownerId: holder.id, credentialId: id },
      // Not for our own tokens: their names are ours alone, and one partition for all of them would be hot.
      ...(grant.token ? [] : [{ item: 'subject', account: ports.account, subject: grant.accountName, credentialId: id } as const]),
      { item: 'request', caller: caller.ownerRef, key: asked.idempotencyKey, credentialId: id },
    ] as const;
    try {
      const { state } = await appendCredential(ports, undefined, decision.events, context, { companions, requires: holder });
      await ports.wake.send({ queue: grant.connector, id }, 0);
      return { ok: true, credential: state, created: true };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === 'owner-not-active') return { ok: false, why: error.code, field: 'owner', value: ownerRef, allowed: ['active'] };
      const twin = error.code === 'already-exists' ? await earlierRequest(ledger, caller, asked.idempotencyKey) : undefined;
      if (!twin) throw error;
      return { ok: true, credential: twin.state, created: false };
    }
  };

/** `hr:101` by alias, anything with an `@` by e-mail address. */
export const resolveOwner = (ledger: Ledger, ref: string): Promise<OwnerId | undefined> => {
  const colon = ref.indexOf(':');
  return colon > 0 ? ledger.ownerByAlias(ref.slice(0, colon), ref.slice(colon + 1)) : ledger.ownerByAlias('email', ref.toLowerCase());
};

async function earlierRequest(ledger: Ledger, caller: Caller, key: string): Promise<Loaded<Credential> | undefined> {
  const id = await ledger.credentialByRequest(caller.ownerRef, key);
  return id && ledger.credential(id);
}

function refuseCaller(why: AuthorizationRejection, arn: string, ownerRef: string, caller: Caller | undefined): RequestResult {
  if (why === 'not-for-that-owner')
    return { ok: false, why, field: 'owner', value: ownerRef, allowed: [caller?.ownerRef ?? '', ...(caller?.for ?? [])] };
  return { ok: false, why, field: 'caller', value: arn, allowed: why === 'right-missing' ? ['request'] : [] };
}
