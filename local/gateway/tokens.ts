import type { Call, Refusal, Request } from './wire.ts';

const TAKES_A_TOKEN = new Set(['CreateSecret', 'PutSecretValue', 'RotateSecret', 'UpdateSecret']);

/**
 * Secrets Manager takes a token of 32 to 64 characters; the emulator takes any.
 * (That a token is the id of its version is a matter of what is stored, hence of corrections.py.)
 */
export function badToken(call: Call, request: Request): Refusal | undefined {
  if (call.service !== 'secretsmanager' || !TAKES_A_TOKEN.has(call.operation)) return undefined;
  const token = tokenOf(request.body);
  if (token === undefined || (token.length >= 32 && token.length <= 64)) return undefined;
  return { status: 400, code: 'InvalidParameterException', message: 'ClientRequestToken must be 32-64 characters long.' };
}

function tokenOf(body: Buffer): string | undefined {
  try {
    const input: unknown = JSON.parse(body.toString());
    const token = typeof input === 'object' && input !== null && 'ClientRequestToken' in input ? input.ClientRequestToken : undefined;
    return typeof token === 'string' ? token : undefined;
  } catch {
    return undefined; // not JSON: the emulator says so better
  }
}
