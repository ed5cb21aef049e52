import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ulid } from 'ulid';
import { beforeAll } from 'vitest';
import { dynamodbLedger } from '../../lib/adapters/aws/dynamodb-ledger.ts';
import { memoryLedger } from '../../lib/adapters/memory/ledger.ts';
import { envelop, NO_HASH } from '../../lib/application/envelope.ts';
import { grantFor } from '../../lib/application/naming.ts';
import type { Companion, Ledger, Loaded } from '../../lib/application/ports.ts';
import { DUE_INDEX } from '../../lib/contract/table.ts';
import { decide } from '../../lib/domain/credential/decide.ts';
import type { CredentialEvent } from '../../lib/domain/credential/events.ts';
import { evolve } from '../../lib/domain/credential/evolve.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import { decideFact } from '../../lib/domain/owner/decide.ts';
import { evolveOwner } from '../../lib/domain/owner/evolve.ts';
import type { Owner, OwnerEvent, OwnerFact } from '../../lib/domain/owner/state.ts';
import { DEFAULT_TIMING } from '../../lib/domain/timing.ts';
import type { CredentialId, EpochMs, OwnerId, OwnerKey } from '../../lib/domain/types.ts';
import { localClient } from '../../local/endpoint.ts';
import { rotation } from '../unit/domain/given.ts';
import { useLocalCloud } from './cloud.ts';

export const TABLE = 'ledger-contract';
export const NOW = 1_800_000_000_000 as EpochMs;
export const ids = { ulid: () => ulid(), uuid: () => crypto.randomUUID() };
const context = { actor: { kind: 'system', id: 'test' }, cause: 'test', correlationId: 'c', policyDigest: 'd' } as const;

/** A table as the stack makes it, for the tests of one file. */
export function useLedgerTable(): () => DynamoDBDocumentClient {
  const cloud = useLocalCloud();
  let dynamo: DynamoDBDocumentClient | undefined;
  beforeAll(async () => {
    const client = new DynamoDBClient(localClient(cloud().endpoint));
    const key = (AttributeName: string, AttributeType: 'S' | 'N') => ({ AttributeName, AttributeType });
    const schema = (hash: string, range: string) => [
      { AttributeName: hash, KeyType: 'HASH' as const },
      { AttributeName: range, KeyType: 'RANGE' as const },
    ];
    const index = { IndexName: DUE_INDEX, KeySchema: schema('duePk', 'dueAt'), Projection: { ProjectionType: 'KEYS_ONLY' as const } };
    await client.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [key('pk', 'S'), key('sk', 'S'), key('duePk', 'S'), key('dueAt', 'N')],
        KeySchema: schema('pk', 'sk'),
        GlobalSecondaryIndexes: [index],
      }),
    );
    dynamo = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  });
  return () => {
    if (!dynamo) throw new Error('the table is not there');
    return dynamo;
  };
}

/** The same suite holds for both: what the simulation runs on is what production runs on. */
export const ledgersOf = (dynamo: () => DynamoDBDocumentClient): readonly (readonly [string, () => Ledger])[] => [
  ['in memory', () => memoryLedger()],
  ['in DynamoDB', () => dynamodbLedger({ client: dynamo(), table: TABLE })],
];

/** A record after `events`, as a use case would write it. */
export const appended = <S extends Credential | Owner, E extends CredentialEvent | OwnerEvent>(
  before: Loaded<S> | undefined,
  events: readonly E[],
  step: (state: S | undefined, event: E) => S,
) => {
  const state = events.reduce<S | undefined>(step, before?.state);
  if (!state) throw new Error('no state');
  const envelopes = envelop(state.id, before ?? { version: 0, headHash: NO_HASH }, events, context, NOW, ids);
  return { before, state, envelopes, dueAtMs: NOW, companions: [] as readonly Companion[] };
};

export const newOwner = (subject: string) => {
  const fact: OwnerFact = {
    ...({ type: 'Joined', id: 'f', source: 'hr', cause: 'normal' } as const),
    ...{ subject, sequence: 1, occurredAtMs: NOW, effectiveAtMs: NOW },
    attributes: { email: `${subject}@example.com`, roles: ['R'] },
  };
  const decision = decideFact(undefined, fact, { id: `own_${ulid()}` as OwnerId, key: 'k' as OwnerKey }, NOW, 10);
  if (!decision.ok) throw new Error(decision.why);
  const append = appended<Owner, OwnerEvent>(undefined, decision.events, evolveOwner);
  return {
    ...append,
    dueAtMs: undefined,
    companions: [{ item: 'alias', source: 'hr', externalId: subject, ownerId: append.state.id }] as const,
  };
};

export const newCredential = (owner: Owner, key = ulid()) => {
  const id = `cred_${ulid()}` as CredentialId;
  const holder = { id: owner.id, key: owner.key, epoch: owner.epoch };
  const asked = { profile: 'p', purpose: 'x', environment: 'dev', consumers: [] };
  const decision = decide(
    undefined,
    { type: 'request', id, holder, grant: grantFor(id, 'aws-iam-user', '1', asked), rotation },
    NOW,
    DEFAULT_TIMING,
  );
  if (!decision.ok) throw new Error(decision.why);
  const append = appended<Credential, CredentialEvent>(undefined, decision.events, evolve);
  const companions: readonly Companion[] = [
    { item: 'ownership', ownerId: owner.id, credentialId: id },
    { item: 'subject', account: '1', subject: append.state.grant.accountName, credentialId: id },
    { item: 'request', caller: 'hr:1', key, credentialId: id },
  ];
  return { ...append, companions, requires: holder };
};

export const revoking = (before: Loaded<Credential>) => {
  const decision = decide(before.state, { type: 'revoke', cause: 'requested' }, NOW, DEFAULT_TIMING);
  if (!decision.ok) throw new Error(decision.why);
  return appended<Credential, CredentialEvent>(before, decision.events, evolve);
};

/** A change that any state takes. */
export const looking = (before: Loaded<Credential>) =>
  appended<Credential, CredentialEvent>(before, [{ type: 'LookRequested', atMs: NOW }], evolve);
