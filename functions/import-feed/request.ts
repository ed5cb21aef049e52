import * as z from 'zod';
import { shown, valueAt } from '../../lib/contract/told-value.ts';
import type { FeedId } from '../../lib/domain/types.ts';

/** What S3 tells EventBridge of a new object; members that are not used are passed over. */
const Created = z.object({
  source: z.literal('aws.s3'),
  'detail-type': z.literal('Object Created'),
  detail: z.object({
    bucket: z.object({ name: z.string().min(1) }),
    object: z.object({ key: z.string().min(1).max(1_024), 'version-id': z.string().min(1).optional() }),
  }),
});

const FEED = /^\{"id":"(feed_[A-Za-z][\w-]{0,39})"\}$/;

/** The feed that the sweep found due; `undefined`: the message is of another kind. */
export const feedIn = (body: string): FeedId | undefined => FEED.exec(body)?.[1] as FeedId | undefined;

export interface CreatedObject {
  readonly key: string;
  /** `undefined`: the current one is meant. */
  readonly version: string | undefined;
}

/** The object in a message of the queue. Messages come from S3 alone: one that is none is a defect, and goes to the dead-letter queue. */
export function objectIn(body: string): CreatedObject {
  const json: unknown = JSON.parse(body);
  const parsed = Created.safeParse(json);
  if (parsed.success) return { key: parsed.data.detail.object.key, version: parsed.data.detail.object['version-id'] };
  const [issue] = parsed.error.issues;
  throw new Error(`${issue?.path.join('.')} is ${shown(valueAt(json, issue?.path ?? []))}: ${issue?.message}`);
}
