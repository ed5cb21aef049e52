import { POLICY_ID } from '../../lib/domain/policy-in-force.ts';
import type { OwnerId, PolicyId } from '../../lib/domain/types.ts';

const RECORD = /^\{"id":"(own_[0-9A-HJKMNP-TV-Z]{26}|policy)"\}$/;

/** The owner's record to work on, or the policy's. */
export const recordIn = (body: string): OwnerId | PolicyId | undefined => RECORD.exec(body)?.[1] as OwnerId | PolicyId | undefined;

export const isPolicy = (id: OwnerId | PolicyId): id is PolicyId => id === POLICY_ID;
