import type { Companion } from '../../application/ports.ts';
import { KEYS } from '../../contract/table.ts';
import { Fault } from '../../domain/faults.ts';

/** Why one item of a transaction was not written. */
export type Place = 'record' | 'owner' | 'companion';

interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
}

export interface Put extends Partial<Condition> {
  readonly Item: Readonly<Record<string, unknown>>;
}

export const ABSENT: Condition = { ConditionExpression: 'attribute_not_exists(pk)' };

/** A companion as an item, unique where its name must be. */
export function companionPut(companion: Companion): Put {
  switch (companion.item) {
    case 'ownership':
      return { Item: { ...KEYS.ownership(companion.ownerId, companion.credentialId) }, ...ABSENT };
    case 'subject':
      return { Item: { ...KEYS.subject(companion.account, companion.subject), holds: companion.credentialId }, ...ABSENT };
    case 'request':
      return { Item: { ...KEYS.request(companion.caller, companion.key), holds: companion.credentialId }, ...ABSENT };
    case 'alias':
      return { Item: { ...KEYS.alias(companion.source, companion.externalId), holds: companion.ownerId }, ...ABSENT };
    case 'email': {
      const { email, ownerId, seen } = companion;
      const free = { ConditionExpression: 'attribute_not_exists(pk) OR holds IN (:owner, :seen)' };
      return {
        Item: { ...KEYS.alias('email', email), holds: ownerId },
        ...free,
        ExpressionAttributeValues: { ':owner': ownerId, ':seen': seen ?? ownerId },
      };
    }
    case 'convergence': {
      const { ownerId, convergence } = companion;
      return { Item: { ...KEYS.convergence(convergence.receivedAtMs, ownerId, convergence.epoch), ...convergence } };
    }
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** What a record's item holds besides its keys. States are written by this code alone, so what makes one ours is looked at, not each field. */
export function recordIn<S>(item: Readonly<Record<string, unknown>>, id: string): { state: S; version: number; headHash: string } {
  const { state, version, headHash } = item;
  const ours =
    typeof state === 'object' &&
    state !== null &&
    Reflect.get(state, 'id') === id &&
    isText(Reflect.get(state, 'status')) &&
    isText(headHash);
  if (!ours || typeof version !== 'number') throw new Fault('ledger-unreadable', false, id);
  return { state: state as S, version, headHash };
}

export function idIn<Id extends string>(item: Readonly<Record<string, unknown>> | undefined): Id | undefined {
  if (!item) return undefined;
  const { holds } = item;
  if (!isText(holds)) throw new Fault('ledger-unreadable', false, `${String(item['pk'])} holds nothing`);
  return holds as Id;
}
