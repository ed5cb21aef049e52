import type { DynamoDBRecord } from 'aws-lambda';
import { DETAIL_TYPES } from '../../lib/contract/detail-types.ts';
import type { OutboundEvent } from '../shared/compose-publisher.ts';

type Image = NonNullable<NonNullable<DynamoDBRecord['dynamodb']>['NewImage']>;
type Attribute = Image[string];

/** The envelope in a stream record, if it is a new event that the outbound bus tells of. */
export function envelopeIn(record: DynamoDBRecord): OutboundEvent | undefined {
  const image = record.eventName === 'INSERT' ? record.dynamodb?.NewImage : undefined;
  if (!image?.['sk']?.S?.startsWith('EVENT#')) return undefined;
  const envelope = image['envelope']?.M;
  const type = envelope?.['type']?.S ?? '';
  const detailType = Object.hasOwn(DETAIL_TYPES, type) ? DETAIL_TYPES[type] : undefined;
  if (!envelope || !detailType) return undefined;
  return { id: envelope['id']?.S ?? '', detailType, detail: JSON.stringify(plain({ M: envelope })) };
}

/** A stream image as plain JSON. The SDK's own unmarshaller would be half of this bundle. */
function plain(value: Attribute): unknown {
  if (value.M) return Object.fromEntries(Object.entries(value.M).map(([name, member]) => [name, plain(member)]));
  if (value.L) return value.L.map(plain);
  if (value.N !== undefined) return Number(value.N);
  return value.S ?? value.BOOL ?? null;
}
