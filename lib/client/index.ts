/** For services that check tokens themselves. */
export type { TokenVerdict } from '../domain/token/check.ts';
export { type TokenVerifierConfig, tokenVerifier } from './token-verifier.ts';
