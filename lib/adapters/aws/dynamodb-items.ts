import type { Companion, Loaded, OwnerCondition } from '../../application/ports.ts';
import { duePartition, dueShardOf, KEYS, type Key } from '../../contract/table.ts';
import type { DenyList } from '../../domain/deny-list.ts';
import { Fault } from '../../domain/faults.ts';
import type { Owner } from '../../domain/owner/state.ts';
import type { EpochMs } from '../../domain/types.ts';

/** Why one item of a transaction was not written. */
export type Place = 'record' | 'owner' | 'companion' | 'guard';

export interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
}

export interface Put extends Partial<Condition> {
  readonly Item: Readonly<Record<string, unknown>>;
}

export interface Update extends Condition {
  readonly Key: Readonly<Record<string, unknown>>;
  readonly UpdateExpression: string;
}

export const ABSENT: Condition = { ConditionExpression: 'attribute_not_exists(pk)' };

/** Both are words that DynamoDB keeps for itself. */
export const OPEN_BATCH_NAMES = { '#batch': 'batch', '#size': 'size' };

/** A deny list is a record without a history: each change is an event of the owner it is about. */
export const denyListPut = (before: number, state: DenyList, dueAtMs: EpochMs | undefined): Put => ({
  Item: {
    ...KEYS.state(state.id),
    version: before + 1,
    state,
    ...(dueAtMs !== undefined && { duePk: duePartition('deny-list', dueShardOf(state.id)), dueAt: dueAtMs }),
  },
  ...(before === 0 ? ABSENT : { ConditionExpression: 'version = :read', ExpressionAttributeValues: { ':read': before } }),
});

/** What the conditions and the checks of tokens look at, which read nothing of the state. */
export const besideOf = ({ status, epoch, offboarding, killed }: Owner): Readonly<Record<string, unknown>> => ({
  status,
  epoch,
  ...(killed && { killed: killed.atMs }),
  ...(offboarding?.cause === 'for-cause' && { forCause: true }),
});

export const ownerCheck = (required: OwnerCondition): Condition & { readonly Key: Key } =>
  'killedAtMs' in required
    ? {
        Key: KEYS.state(required.id),
        ConditionExpression: 'killed = :killed',
        ExpressionAttributeValues: { ':killed': required.killedAtMs },
      }
    : {
        Key: KEYS.state(required.id),
        ConditionExpression: '#status = :active AND epoch = :epoch AND attribute_not_exists(killed)',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':active': 'active', ':epoch': required.epoch },
      };

type Guarding = Extract<Companion, { item: 'count' | 'held' }>;

/** What the guard counts, by additions that a full counter refuses; and who is held, in the batch that is open. */
export function guardWrites(companion: Guarding): readonly ({ readonly put: Put } | { readonly update: Update })[] {
  if (companion.item === 'count') {
    const { window, bucket, addOwners, addCredentials, maxOwners, maxCredentials, endsAtMs } = companion.count;
    const update: Update = {
      Key: { ...KEYS.guardCount(window, bucket) },
      UpdateExpression:
        'SET owners = if_not_exists(owners, :none) + :owners, credentials = if_not_exists(credentials, :none) + :credentials, endsAtMs = :ends',
      ConditionExpression:
        '(attribute_not_exists(pk) AND :owners <= :maxOwners AND :credentials <= :maxCredentials) OR (owners <= :roomOwners AND credentials <= :roomCredentials)',
      ExpressionAttributeValues: {
        ...{ ':none': 0, ':owners': addOwners, ':credentials': addCredentials, ':ends': endsAtMs },
        ...{ ':maxOwners': maxOwners, ':maxCredentials': maxCredentials },
        ...{ ':roomOwners': maxOwners - addOwners, ':roomCredentials': maxCredentials - addCredentials },
      },
    };
    return [{ update }];
  }
  const { member } = companion;
  const open: Update = {
    Key: { ...KEYS.openBatch() },
    UpdateExpression: 'SET #batch = :batch, #size = if_not_exists(#size, :none) + :one',
    ConditionExpression: '(attribute_not_exists(pk) AND :batch = :one) OR #batch = :batch',
    ExpressionAttributeNames: OPEN_BATCH_NAMES,
    ExpressionAttributeValues: { ':batch': member.batch, ':none': 0, ':one': 1 },
  };
  return [{ update: open }, { put: { Item: { ...KEYS.batchMember(member.batch, member.ownerId, member.heldAtMs), member }, ...ABSENT } }];
}

/** A companion as an item, unique where its name must be. */
export function companionPut(companion: Exclude<Companion, Guarding | { item: 'deny-list' }>): Put {
  switch (companion.item) {
    case 'ownership':
      // Stays when the credential passes on, and may come back: it says where to look, and the record who holds it.
      return { Item: { ...KEYS.ownership(companion.ownerId, companion.credentialId) } };
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

const STATUSES: Readonly<Record<string, readonly string[]>> = {
  cred: ['provisioning', 'active', 'suspended', 'revoking', 'revoked'],
  own: ['active', 'leaving', 'left'],
  feed: ['ready', 'saying'],
  policy: ['following-up', 'followed-up'],
};

/**
 * What a record's item holds besides its keys; `undefined`: it is none that can be worked with. States are written by this code alone, so
 * what every step relies on is looked at, not each field.
 */
export function recordIn<S>(item: Readonly<Record<string, unknown>>, id: string): Loaded<S> | undefined {
  const { state, version, headHash } = item;
  if (typeof state !== 'object' || state === null || typeof version !== 'number' || !isText(headHash)) return undefined;
  const [kind = ''] = id.split('_');
  const is = (member: string): unknown => Reflect.get(state, member);
  const ours = is('id') === id && STATUSES[kind]?.some((status) => status === is('status'));
  return ours && isWhole(kind, is) ? { state: state as S, version, headHash } : undefined;
}

function isWhole(kind: string, is: (member: string) => unknown): boolean {
  switch (kind) {
    case 'cred':
      return [is('holder'), is('grant'), is('rotation')].every(isObject) && Array.isArray(is('versions'));
    case 'own':
      return isObject(is('attributes'));
    case 'feed':
      return isText(is('source')) && (is('status') !== 'saying' || isObject(is('saying')));
    default:
      return isText(is('digest')) && typeof is('changedAtMs') === 'number';
  }
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

export function idIn<Id extends string>(item: Readonly<Record<string, unknown>> | undefined): Id | undefined {
  if (!item) return undefined;
  const { holds } = item;
  if (!isText(holds)) throw new Fault('ledger-unreadable', false, `${String(item['pk'])} holds nothing`);
  return holds as Id;
}
