import type { Verb } from '../../lib/domain/authorize.ts';
import { type Credential, keyIdsOf } from '../../lib/domain/credential/state.ts';
import { unreachable } from '../../lib/domain/types.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

/** Why a command can't be carried out: the state the credential is in, and since when. */
export const cannot = (verb: Verb, credential: Credential): string => `cannot ${SAID[verb] ?? verb}: ${stateInWords(credential)}`;

/** `replace` is what `rotate --now` sends. */
const SAID: Partial<Readonly<Record<Verb, string>>> = { replace: 'rotate now' };

/** e.g. `revoked on 2026-05-02T10:00:00.000Z (owner-left)`. */
function stateInWords(credential: Credential): string {
  switch (credential.status) {
    case 'provisioning':
      return `provisioning since ${iso(credential.requestedAtMs)}`;
    case 'active':
      return [`active since ${iso(credential.activeSinceMs)}`, ...underWay(credential)].join(', ');
    case 'suspended': {
      const { why, sinceMs, ends, liftAtMs } = credential;
      const until = ends ? `, to be revoked on ${iso(ends.atMs)}` : '';
      return `suspended since ${iso(sinceMs)} (${why})${liftAtMs === undefined ? until : `, being resumed from ${iso(liftAtMs)} on`}`;
    }
    case 'revoking':
      return `being revoked since ${iso(credential.sinceMs)} (${credential.cause})`;
    case 'revoked':
      return `revoked on ${iso(credential.receipt.absentAtMs)} (${credential.receipt.cause})`;
    default:
      return unreachable(credential, 'stateInWords');
  }
}

function underWay({ replacement, versions, approval, succession }: Extract<Credential, { status: 'active' }>): readonly string[] {
  const old = versions.flatMap((version) => (version.phase === 'retiring' || version.phase === 'disabled' ? [version] : []));
  return [
    ...(replacement?.heir ? [`being handed over since ${iso(replacement.sinceMs)}`] : []),
    ...(replacement && !replacement.heir ? [`every key being replaced since ${iso(replacement.sinceMs)}`] : []),
    ...old.map((version) =>
      version.phase === 'disabled'
        ? `key ${version.keyId} disabled, to be deleted on ${iso(version.deleteAtMs)}`
        : `key ${version.keyId} retiring`,
    ),
    ...(keyIdsOf(versions).length < versions.length ? ['a new key being made'] : []),
    ...(approval?.kind === 'pending' ? [`waiting for approval until ${iso(approval.deadlineMs)}`] : []),
    ...(succession?.acceptedAtMs === undefined && succession ? ['not accepted yet'] : []),
  ];
}
