import type { AttributeValue, DynamoDBRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { outboundIn } from '../../../functions/publish/request.ts';
import type { Finding } from '../../../lib/domain/orphans.ts';
import type { EpochMs } from '../../../lib/domain/types.ts';

/** As DynamoDB writes a value into its stream. */
function attribute(value: unknown): AttributeValue {
  if (typeof value === 'number') return { N: `${value}` };
  if (typeof value === 'boolean') return { BOOL: value };
  if (typeof value === 'string') return { S: value };
  return { M: image(value as object) };
}
const image = (item: object): Record<string, AttributeValue> =>
  Object.fromEntries(Object.entries(item).flatMap(([name, value]) => (value === undefined ? [] : [[name, attribute(value)]])));

const record = (item: object, eventName: DynamoDBRecord['eventName'] = 'INSERT'): DynamoDBRecord => ({
  ...{ eventName, eventID: 'stream-1' },
  dynamodb: { NewImage: image(item) },
});
const event = (type: string, data: object = {}) =>
  record({
    pk: 'CRED#1',
    sk: 'EVENT#00000002',
    envelope: { id: 'e1', type, cause: 'owner-left; passed over hr:3 as named: unknown', data },
  });
const told = (of: DynamoDBRecord): unknown => {
  const out = outboundIn(of);
  return out && { id: out.id, detailType: out.detailType, detail: JSON.parse(out.detail) };
};

describe('the outbound bus', () => {
  it.each([
    ['CredentialActivated', 'Credential Activated'],
    ['VersionDisabled', 'Credential Rotated'],
    ['SuspensionStarted', 'Credential Suspended'],
    ['SuspensionLifted', 'Credential Resumed'],
    ['CredentialHandedOver', 'Credential Transferred'],
    ['CredentialRevoked', 'Credential Revoked'],
    ['ApprovalRequired', 'Credential Approval Required'],
    ['OwnerLeft', 'Owner Left'],
    ['RemovalHeld', 'Batch Held'],
    ['HoldEscalated', 'Batch Hold Escalated'],
  ])('is told of %s as %s', (type, detailType) => expect(outboundIn(event(type))?.detailType).toBe(detailType));

  it('with the whole envelope, so that a notice names who was passed over', () => {
    expect(told(event('ReplacementStarted', { heir: { rung: 'manager' } }))).toEqual({
      id: 'e1',
      detailType: 'Credential Replacement Started',
      detail: {
        ...{ id: 'e1', type: 'ReplacementStarted', cause: 'owner-left; passed over hr:3 as named: unknown' },
        data: { heir: { rung: 'manager' } },
      },
    });
  });

  it('is told of a rotation that is overdue, not of one that waits', () => {
    expect(outboundIn(event('RetirementPostponed', { overdue: true }))?.detailType).toBe('Credential Rotation Overdue');
    expect(outboundIn(event('RetirementPostponed', { overdue: false }))).toBeUndefined();
  });

  it.each([
    ['what only the ledger needs', event('StepStarted')],
    ['names that every object has', event('constructor')],
    ['states', record({ pk: 'CRED#1', sk: 'STATE' })],
    ['a record without an image', { eventName: 'REMOVE' } as DynamoDBRecord],
    ['an event that is written again', { ...event('CredentialActivated'), eventName: 'MODIFY' } as DynamoDBRecord],
  ])('is not told of %s', (_name, of) => expect(outboundIn(of)).toBeUndefined());

  it('is told who released a batch, on which seal, and why', () => {
    const release = { batch: 3, seal: 'abc', by: 'own_1', reason: 'looked at it', atMs: 0 };
    expect(told(record({ pk: 'BATCH#3', sk: 'RELEASE', release }))).toEqual({
      id: 'stream-1',
      detailType: 'Batch Released',
      detail: {
        ...{ specversion: '1', id: 'stream-1', type: 'BatchReleased', subject: 'batch:3', at: '1970-01-01T00:00:00.000Z' },
        ...{ actor: { kind: 'person', id: 'own_1' }, cause: 'looked at it', data: { batch: 3, seal: 'abc' } },
      },
    });
  });
});

describe('an orphan', () => {
  const at = (ms: number) => ms as EpochMs;
  const finding: Finding = {
    ...{ kind: 'stray-user', subject: 'mallory', credentialId: undefined, ownerId: undefined, detail: 'no record in the ledger' },
    ...{ status: 'open', firstSeenAtMs: at(5), lastSeenAtMs: at(5), wouldHave: 'none' },
  };
  const seen = (change: Partial<Finding>, eventName: DynamoDBRecord['eventName'] = 'MODIFY') =>
    outboundIn(record({ pk: 'FINDING', sk: 'stray-user#mallory', finding: { ...finding, ...change } }, eventName))?.detailType;

  it.each<[string, Partial<Finding>, string | undefined]>([
    ['seen first', {}, 'Orphan Found'],
    ['seen first and cut off at once', { status: 'quarantined' }, 'Orphan Found'],
    ['seen still', { lastSeenAtMs: at(6) }, undefined],
    ['resolved after one sight', { status: 'resolved' }, undefined],
    ['that is what a leave would have done', { kind: 'leaver' }, undefined],
  ])('%s: %s', (_name, change, expected) => {
    expect([seen(change, 'INSERT'), seen(change)]).toEqual([expected, expected]);
  });
});
