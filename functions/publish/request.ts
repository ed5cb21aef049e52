import type { DynamoDBRecord } from 'aws-lambda';
import { BATCH_RELEASED, DETAIL_TYPES, ORPHAN_FOUND, ROTATION_OVERDUE } from '../../lib/contract/detail-types.ts';
import { KEYS } from '../../lib/contract/table.ts';
import type { OutboundEvent } from '../shared/compose-publisher.ts';

type Image = NonNullable<NonNullable<DynamoDBRecord['dynamodb']>['NewImage']>;
type Attribute = Image[string];

/** What the outbound bus is told of a stream record, if anything. */
export function outboundIn(record: DynamoDBRecord): OutboundEvent | undefined {
  const image = record.dynamodb?.NewImage;
  const sk = image?.['sk']?.S;
  if (!image || sk === undefined) return undefined;
  const isNew = record.eventName === 'INSERT';
  if (isNew && sk.startsWith(KEYS.eventPrefix)) return eventIn(image);
  if (isNew && sk === KEYS.batchRelease(0).sk) return releaseIn(record, image);
  return image['pk']?.S === KEYS.finding('', '').pk ? findingIn(record, image) : undefined;
}

function eventIn(image: Image): OutboundEvent | undefined {
  const envelope = image['envelope']?.M;
  if (!envelope) return undefined;
  const detailType = detailTypeOf(envelope['type']?.S ?? '', envelope['data']?.M);
  return detailType ? { id: envelope['id']?.S ?? '', detailType, detail: JSON.stringify(plain({ M: envelope })) } : undefined;
}

function detailTypeOf(type: string, data: Image | undefined): string | undefined {
  if (type === 'RetirementPostponed') return data?.['overdue']?.BOOL ? ROTATION_OVERDUE : undefined;
  return Object.hasOwn(DETAIL_TYPES, type) ? DETAIL_TYPES[type as keyof typeof DETAIL_TYPES] : undefined;
}

/** The same members as of an event, without version and hashes: a release is no record, but stands in the history of every owner it let go. */
function releaseIn(record: DynamoDBRecord, image: Image): OutboundEvent | undefined {
  const release = image['release'];
  if (!release?.M) return undefined;
  const { by, reason, atMs, batch, seal } = plain(release) as Readonly<Record<string, unknown>>;
  return told(record, BATCH_RELEASED, {
    ...{ type: 'BatchReleased', subject: `batch:${batch}`, at: new Date(Number(atMs)).toISOString() },
    ...{ actor: { kind: 'person', id: by }, cause: reason, data: { batch, seal } },
  });
}

/** When it is first seen, or seen again after it was resolved; not at every sweep that sees it still. */
function findingIn(record: DynamoDBRecord, image: Image): OutboundEvent | undefined {
  const finding = image['finding'];
  if (!finding?.M) return undefined;
  const data = plain(finding) as Readonly<Record<string, unknown>>;
  if (data['kind'] === 'leaver' || data['kind'] === 'mover') return undefined; // observed; the owner's own event tells
  if (data['status'] === 'resolved' || data['firstSeenAtMs'] !== data['lastSeenAtMs']) return undefined;
  return told(record, ORPHAN_FOUND, {
    ...{ type: 'OrphanFound', subject: `${data['kind']}:${data['subject']}`, at: new Date(Number(data['lastSeenAtMs'])).toISOString() },
    ...{ actor: { kind: 'system', id: 'sweep-account' }, cause: data['detail'], data },
  });
}

/** The id is the stream's, so that a record that comes twice is told under the same one. */
function told(record: DynamoDBRecord, detailType: string, detail: object): OutboundEvent {
  const id = record.eventID ?? '';
  return { id, detailType, detail: JSON.stringify({ specversion: '1', id, ...detail }) };
}

/** A stream image as plain JSON. The SDK's own unmarshaller would be half of this bundle. */
function plain(value: Attribute): unknown {
  if (value.M) return Object.fromEntries(Object.entries(value.M).map(([name, member]) => [name, plain(member)]));
  if (value.L) return value.L.map(plain);
  if (value.N !== undefined) return Number(value.N);
  return value.S ?? value.BOOL ?? null;
}
