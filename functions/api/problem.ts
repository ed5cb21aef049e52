import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Changed } from '../../lib/application/change-credential.ts';
import type { Denied } from '../../lib/application/consult.ts';
import type { KillResult } from '../../lib/application/kill-owner.ts';
import type { Released } from '../../lib/application/release-batch.ts';
import type { RequestRefusal } from '../../lib/application/request-credential.ts';
import type { FieldError } from '../shared/read-body.ts';

type Why = RequestRefusal['why'] | Denied['why'] | Extract<Changed | Released | KillResult, { ok: false }>['why'];

/** Status and title of every refusal there is: a new one without a line here does not compile. */
const PROBLEMS: Readonly<Record<Why, readonly [status: number, title: string]>> = {
  // who asks
  'unmapped-caller': [403, 'No rule under `callers` of the policy matches this caller'],
  'right-missing': [403, 'This caller lacks the right for that'],
  'not-for-that-owner': [403, 'This caller may not act for that owner'],
  'not-the-owner': [403, 'Only the owner of the credential, or who acts for them, may do that'],
  'own-request': [403, 'Nobody approves what is for themselves, or for somebody they act for'],
  'caller-not-active': [403, 'Only an active owner that a source has told of may do that'],
  'own-batch': [403, 'Nobody releases what they caused, or what is about themselves; a second person has to look at it'],
  'not-found': [404, 'There is no such thing, or not for this caller'],
  // for whom, and what
  'no-such-owner': [422, 'No source has told of that owner'],
  'unknown-profile': [422, 'The policy has no such profile'],
  'environment-not-allowed': [422, 'The profile is not for that environment'],
  'not-eligible': [403, 'No role of the owner is eligible for that profile'],
  'cannot-hold': [422, 'That owner could not have the credential'],
  'owner-not-active': [409, 'The owner is not active'],
  // a kill
  'already-killed': [409, 'The owner is killed already; `nhi owner show` tells how far that is'],
  'not-killed': [409, 'The owner is not killed'],
  'own-kill': [403, 'Nobody lifts their own kill: somebody else has to'],
  // a held batch
  'nothing-held': [404, 'Nothing is held'],
  'seal-changed': [409, 'The batch is not what was looked at any more: look at it again, and name the seal it has now'],
  // its state
  'no-such-credential': [404, 'There is no such credential'],
  'already-requested': [409, 'The credential was requested already'],
  'not-active': [409, 'The credential is not active'],
  'already-rotating': [409, 'A rotation is under way; it ends when the old key is deleted'],
  'too-many-keys': [
    429,
    'So many keys were made of it within a day that its secret could keep no more: suspend it meanwhile, or revoke it and ask for another',
  ],
  'already-ending': [409, 'The credential is revoked, or about to be; nothing revives it'],
  'already-suspended': [409, 'The credential is suspended already'],
  'not-suspended': [409, 'The credential is not suspended'],
  'already-handed-over': [409, 'The credential is that owner’s, or is being handed over already'],
  'nothing-to-undo': [
    409,
    'No key is disabled that could be enabled again: its regret time is over, or it was disabled because somebody knew it',
  ],
  'nothing-to-renew': [409, 'The credential’s time is not limited'],
  'not-renewable': [409, 'The profile does not let its credentials be renewed: ask for a new one before this one ends'],
  'nothing-to-accept': [409, 'The credential did not come from somebody else, or was accepted already'],
  'nothing-to-approve': [409, 'No approval is asked for'],
  'held-by-another': [409, 'The credential is somebody else’s by now'],
  'not-the-next-step': [409, 'The credential has moved on meanwhile; look at it again'],
  'stale-fence': [409, 'The credential has moved on meanwhile; look at it again'],
};

interface Refusal {
  readonly why: Why;
  readonly field: string;
  readonly value: string;
  readonly allowed?: readonly string[];
}

/** A refusal as RFC 9457 problem details: what was wrong, where, and what would be right. `rule`: said of the value instead of the title. */
export function refusal({ why, field, value, allowed }: Refusal, rule?: string): APIGatewayProxyStructuredResultV2 {
  const [status, title] = PROBLEMS[why];
  const must = allowed?.length ? `must be ${allowed.length > 1 ? 'one of: ' : ''}${allowed.join(', ')}` : title;
  return problem(status, why, title, [{ field, value, rule: rule ?? must }]);
}

export const invalid = (errors: readonly FieldError[]): APIGatewayProxyStructuredResultV2 =>
  problem(400, 'invalid-request', 'The request has fields that can’t be taken', errors);

export const problem = (status: number, code: string, title: string, errors: readonly FieldError[]): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
  body: JSON.stringify({ type: `urn:nhi-lifecycle:problem:${code}`, title, status, code, errors }),
});

export const json = (status: number, body: unknown): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: JSON.stringify(body),
});
