import type { CredentialAppend } from '../../../lib/application/ports.ts';
import type { AttemptId, EpochMs, KeyId } from '../../../lib/domain/types.ts';
import type { Knowledge } from './knowledge.ts';
import { type Report, report } from './violation.ts';

/** What is on record of every key that was made, in every world a map of its own. */
export type MadeKeys = Map<KeyId, { readonly attempt: AttemptId; verified: boolean; disabledAtMs: EpochMs | undefined }>;

/** A key that was ever verified goes by way of being disabled, and of its regret time, unless somebody knew it who should not, or it all ends. */
export function checkDeletions(keys: MadeKeys, { state, envelopes }: CredentialAppend, knows: Knowledge, to: Report): void {
  const make = (keyId: KeyId, attempt: AttemptId) => keys.set(keyId, { attempt, verified: false, disabledAtMs: undefined });
  for (const { data, at } of envelopes) {
    switch (data.type) {
      case 'VersionCreated':
        make(data.keyId, data.attempt);
        break;
      case 'AttemptsRecovered':
        for (const { keyId, attempt } of data.adopted) make(keyId, attempt);
        break;
      case 'VersionVerified':
        for (const key of keys.values()) if (key.attempt === data.attempt) key.verified = true;
        break;
      case 'VersionDisabled': {
        const key = keys.get(data.keyId);
        if (key) key.disabledAtMs = data.atMs;
        break;
      }
      case 'VersionDeleted': {
        const key = keys.get(data.keyId);
        if (!key?.verified || knows.wasReplaced(key.attempt) || state.status === 'revoking' || state.status === 'revoked') break;
        if (!(key.disabledAtMs !== undefined && Date.parse(at) >= key.disabledAtMs + state.rotation.regretMs))
          report(to, '5 deleted only after disabled and regretted', `${state.id} ${data.keyId}`);
        break;
      }
    }
  }
}
