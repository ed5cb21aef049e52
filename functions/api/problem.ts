import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { FieldError } from './request.ts';

const STATUS: Readonly<Record<string, number>> = {
  'unmapped-caller': 403,
  'right-missing': 403,
  'not-for-that-owner': 403,
  'not-found': 404,
  'no-such-owner': 422,
  'unknown-profile': 422,
  'owner-not-active': 409,
  'not-eligible': 403,
  'environment-not-allowed': 422,
  'already-ending': 409,
  'not-active': 409,
  'already-rotating': 409,
};

const TITLE: Readonly<Record<string, string>> = {
  'unmapped-caller': 'No rule under `callers` of the policy matches this caller',
  'right-missing': 'This caller lacks the right for that',
  'not-for-that-owner': 'This caller may not act for that owner',
  'not-found': 'There is no such thing, or not for this caller',
  'no-such-owner': 'No source has told of that owner',
  'unknown-profile': 'The policy has no such profile',
  'owner-not-active': 'The owner is not active',
  'not-eligible': 'No role of the owner is eligible for that profile',
  'environment-not-allowed': 'The profile is not for that environment',
  'not-active': 'The credential is not active yet',
  'already-rotating': 'A rotation is under way; it ends when the old key is deleted',
  'already-ending': 'The credential is revoked, or about to be; nothing revives it',
};

interface Refusal {
  readonly why: string;
  readonly field: string;
  readonly value: string;
  readonly allowed?: readonly string[];
}

/** A refusal as RFC 9457 problem details: what was wrong, where, and what would be right. */
export function refusal({ why, field, value, allowed }: Refusal): APIGatewayProxyStructuredResultV2 {
  const rule = allowed?.length ? `must be one of: ${allowed.join(', ')}` : (TITLE[why] ?? why);
  return problem(STATUS[why] ?? 400, why, TITLE[why] ?? why, [{ field, value, rule }]);
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
