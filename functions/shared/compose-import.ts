import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { eventbridgeVoice } from '../../lib/adapters/aws/eventbridge-voice.ts';
import { s3Objects } from '../../lib/adapters/aws/s3-objects.ts';
import { sqsRejectBin } from '../../lib/adapters/aws/sqs-reject-bin.ts';
import { feedBucket } from '../../lib/adapters/feed/bucket.ts';
import type { ImportPorts } from '../../lib/application/import-feed.ts';
import { ENV } from '../../lib/contract/env.ts';
import { composeRecords } from './compose.ts';
import { type Env, need } from './env.ts';

/** What the import of snapshots works with; it says facts on the bus like any other source, under its own role. */
export function composeImport(env: Env): ImportPorts & { readonly currentVersion: (key: string) => Promise<string | undefined> } {
  const objects = s3Objects(need(env, ENV.feedBucket));
  const events = new EventBridgeClient({});
  const bus = need(env, ENV.inboundBus);
  return {
    ...composeRecords(env),
    bucket: feedBucket(objects),
    voiceOf: (source) => eventbridgeVoice(events, bus, source),
    rejects: sqsRejectBin(need(env, ENV.rejectQueueUrl)),
    currentVersion: async (key) => {
      const object = await objects.read(key, undefined);
      object?.body().destroy();
      return object?.version;
    },
  };
}
