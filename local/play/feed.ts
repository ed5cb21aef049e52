import { readFileSync } from 'node:fs';
import { AwsClient } from 'aws4fetch';
import type { AwsCredentials } from '../../lib/client/signed-call.ts';
import type { Deployed } from './issued.ts';
import { nhi } from './nhi.ts';
import { ofSdk } from './outside.ts';

const COMPANY = 'examples/company';

/** The company's exports, each said to be a minute later than the one before: real dates would be in the future for a wrong clock. */
export type Month = '03-01' | '04-01' | '05-01' | '06-01-cut-off';
const MONTHS: readonly Month[] = ['03-01', '04-01', '05-01', '06-01-cut-off'];
const MINUTE_MS = 60_000;

interface Applied {
  readonly code: number;
  readonly said: string;
}

export interface HrSystem {
  /** What its nightly job does: `nhi feed apply` with its own credentials. */
  apply(month: Month, last: Month | undefined): Promise<Applied>;
  /** The same without the command line: puts the export into the stack's bucket. Gives the name of its report there. */
  put(month: Month): Promise<string>;
}

/** The report of one upload, once there is one. Read by the account's root: it is not for the feed. */
export async function reportOf({ feedBucket, region }: Deployed, name: string): Promise<string | undefined> {
  const { AWS_ENDPOINT_URL = '', AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = process.env;
  const answer = await new AwsClient({ accessKeyId, secretAccessKey, service: 's3', region }).fetch(
    `${AWS_ENDPOINT_URL}/${feedBucket}/${name}`,
  );
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
  return answer.text();
}

export const hrSystem = (credentials: AwsCredentials, stack: Deployed, startedAtMs = Date.now()): HrSystem => {
  const { inboundBus: bus, feedBucket, region } = stack;
  const file = (month: Month): string => `${COMPANY}/people-2026-${month}.csv`;
  const asOf = (month: Month): string => new Date(startedAtMs - (MONTHS.length - MONTHS.indexOf(month)) * MINUTE_MS).toISOString();
  return {
    apply: async (month, last) => {
      const compared = last === undefined ? ['--first'] : ['--last', file(last), '--last-as-of', asOf(last)];
      const args = ['feed', 'apply', file(month), '--source', 'hr', '--as-of', asOf(month), '--bus', bus, ...compared];
      const { code, out, err } = await nhi({ apiUrl: '' }, credentials, ...args, '--policy', `${COMPANY}/nhi.policy.yaml`);
      return { code, said: `${out}${err}`.trim() };
    },
    put: async (month) => {
      const client = new AwsClient({ ...ofSdk(credentials), service: 's3', region });
      const url = `${process.env['AWS_ENDPOINT_URL']}/${feedBucket}/feeds/hr/${month}.csv`;
      const headers = { 'x-amz-meta-taken-at': asOf(month) };
      const answer = await client.fetch(url, { method: 'PUT', body: readFileSync(file(month), 'utf8'), headers });
      if (!answer.ok) throw new Error(`${month} into the bucket: ${answer.status} ${await answer.text()}`);
      return `reports/hr/${month}.csv.${answer.headers.get('x-amz-version-id')}.json`;
    },
  };
};
