import { decide } from '../domain/credential/decide.ts';
import { evolve } from '../domain/credential/evolve.ts';
import { dueAtMs, nextStep } from '../domain/credential/next-step.ts';
import { decideOutcome } from '../domain/credential/outcome.ts';
import { decidePage, nextOwnerStep, ownerDueAtMs } from '../domain/owner/decide.ts';
import { evolveOwner } from '../domain/owner/evolve.ts';

/**
 * The rules that use cases go by. An object each, so that a check of the rules can put a wrong one in its place and see itself fail; two,
 * so that whoever works on credentials alone does not carry those of owners.
 */
export const CREDENTIAL_RULES = { decide, decideOutcome, evolve, nextStep, dueAtMs };
export const OWNER_RULES = { decidePage, nextOwnerStep, ownerDueAtMs, evolveOwner };
export type Protocol = typeof CREDENTIAL_RULES & typeof OWNER_RULES;
