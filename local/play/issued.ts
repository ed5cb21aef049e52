import type { AwsCredentials } from '../../lib/client/signed-call.ts';
import type { Wanted } from './people.ts';

/** What the play needs to know of the stack. */
export interface Deployed {
  readonly apiUrl: string;
  readonly inboundBus: string;
  /** Where snapshots are put as feeds/<source>/<name>.csv. */
  readonly feedBucket: string;
  readonly account: string;
  readonly region: string;
}

/** A credential of the play, with the key as its consumer read it. */
export interface Issued extends Wanted {
  readonly id: string;
  readonly userName: string;
  readonly secretName: string;
  readonly key: AwsCredentials;
  readonly activeAfterMs: number;
}
