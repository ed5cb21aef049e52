import type { CredentialAppend, OwnerAppend, RecordAppend } from '../../../lib/application/ports.ts';
import type { Credential } from '../../../lib/domain/credential/state.ts';
import type { Owner } from '../../../lib/domain/owner/state.ts';
import type { AttemptId, CredentialId, KeyId, OwnerId } from '../../../lib/domain/types.ts';
import { accountOf, type World, works } from '../world.ts';

/**
 * Who could have read which version, by what happened, not by what the record says is known: whoever held the credential when the version
 * was attempted, unless it was made to replace what they knew; and whoever received it later.
 */
export interface Knowledge {
  learn(append: CredentialAppend): void;
  knew(owner: OwnerId, attempt: AttemptId): boolean;
  /** A key of the credential that works at the provider, and that the owner knows from a life that is over, before `epochBelow`. */
  worksFor(owner: Owner, credential: Credential, epochBelow?: number): KeyId | undefined;
  /** Whether it was made before all that was known was replaced. */
  wasReplaced(attempt: AttemptId): boolean;
  /** Credentials the owner ever held. */
  heldBy(owner: OwnerId): ReadonlySet<CredentialId>;
}

const isOver = ({ status, epoch }: Owner, since: number): boolean => epoch > since || status === 'left';

export function knowledge(here: World): Knowledge {
  /** By attempt: owner to the latest life they knew it in. */
  const known = new Map<AttemptId, Map<OwnerId, number>>();
  const held = new Map<OwnerId, Set<CredentialId>>();
  const replaced = new Set<AttemptId>();
  const learns = (attempt: AttemptId | undefined, { holder: { id, epoch } }: Credential): void => {
    if (!attempt) return;
    const knowers = known.get(attempt) ?? new Map<OwnerId, number>();
    knowers.set(id, Math.max(epoch, knowers.get(id) ?? 0));
    known.set(attempt, knowers);
  };
  return {
    learn: ({ before, state, envelopes }) => {
      for (const { data } of envelopes) {
        if (data.type === 'StepStarted' && data.attempt && !(before?.state.status === 'active' && before.state.replacement?.heir))
          learns(data.attempt, state);
        if (data.type === 'ReplacementStarted') for (const attempt of state.attempts) replaced.add(attempt);
        if (data.type === 'CredentialHandedOver' || data.type === 'ResumptionStarted')
          for (const { attempt } of state.versions) learns(attempt, state);
        if (data.type !== 'CredentialRequested' && data.type !== 'CredentialHandedOver') continue;
        const ids = held.get(state.holder.id) ?? new Set();
        held.set(state.holder.id, ids.add(state.id));
      }
    },
    knew: (owner, attempt) => known.get(attempt)?.has(owner) ?? false,
    wasReplaced: (attempt) => replaced.has(attempt),
    heldBy: (owner) => held.get(owner) ?? new Set(),
    worksFor: (owner, credential, epochBelow = Number.POSITIVE_INFINITY) => {
      const user = accountOf(here, credential);
      if (!user || user.denied) return undefined;
      for (const [keyId, key] of user.keys) {
        const since = key.attempt && known.get(key.attempt)?.get(owner.id);
        if (since !== undefined && since < epochBelow && isOver(owner, since) && works(here, user, key)) return keyId;
      }
      return undefined;
    },
  };
}

/** An owner of the ledger whose source is acted on. */
export const isFollowedUp = ({ policy }: World, { source }: Owner): boolean =>
  policy.mode === 'enforce' && policy.sources[source]?.mode !== 'observe';

export const isOfCredential = (append: RecordAppend): append is CredentialAppend => 'grant' in append.state;
export const isOfOwner = (append: RecordAppend): append is OwnerAppend => 'epoch' in append.state;
