import { CREDENTIAL_RULES, OWNER_RULES, type Protocol } from '../lib/application/protocol.ts';

/** All the rules, for a test to put a wrong one among them. */
export const PROTOCOL: Protocol = { ...CREDENTIAL_RULES, ...OWNER_RULES };
