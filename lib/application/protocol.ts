import { decide } from '../domain/credential/decide.ts';
import { evolve } from '../domain/credential/evolve.ts';
import { dueAtMs, nextStep } from '../domain/credential/next-step.ts';
import { decideOutcome } from '../domain/credential/outcome.ts';
import { decidePage, nextOwnerStep, ownerDueAtMs } from '../domain/owner/decide.ts';
import { evolveOwner } from '../domain/owner/evolve.ts';

/** The rules that use cases go by. One object, so that a check of the rules can put a wrong one in its place and see itself fail. */
export const PROTOCOL = { decide, decideOutcome, evolve, nextStep, dueAtMs, decidePage, nextOwnerStep, ownerDueAtMs, evolveOwner };
export type Protocol = typeof PROTOCOL;
