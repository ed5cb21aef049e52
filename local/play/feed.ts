import type { AwsCredentials } from '../../lib/client/signed-call.ts';
import { nhi } from './nhi.ts';

const COMPANY = 'examples/company';

/** The company's exports, each said to be a minute later than the one before: real dates would be in the future for a wrong clock. */
type Month = '03-01' | '04-01' | '05-01' | '06-01-cut-off';
const MONTHS: readonly Month[] = ['03-01', '04-01', '05-01', '06-01-cut-off'];
const MINUTE_MS = 60_000;

interface Applied {
  readonly code: number;
  readonly said: string;
}

export interface HrSystem {
  /** What its nightly job does: `nhi feed apply` with its own credentials. */
  apply(month: Month, last: Month | undefined): Promise<Applied>;
}

export const hrSystem = (credentials: AwsCredentials, bus: string, startedAtMs = Date.now()): HrSystem => {
  const file = (month: Month): string => `${COMPANY}/people-2026-${month}.csv`;
  const asOf = (month: Month): string => new Date(startedAtMs - (MONTHS.length - MONTHS.indexOf(month)) * MINUTE_MS).toISOString();
  return {
    apply: async (month, last) => {
      const compared = last === undefined ? ['--first'] : ['--last', file(last), '--last-as-of', asOf(last)];
      const args = ['feed', 'apply', file(month), '--source', 'hr', '--as-of', asOf(month), '--bus', bus, ...compared];
      const { code, out, err } = await nhi({ apiUrl: '' }, credentials, ...args, '--policy', `${COMPANY}/nhi.policy.yaml`);
      return { code, said: `${out}${err}`.trim() };
    },
  };
};
