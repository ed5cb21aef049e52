import { credentialOf } from '../../lib/application/naming.ts';
import type { AccountSweepPorts } from '../../lib/application/sweep-account.ts';
import { iamAccount } from '../../lib/connectors/aws-iam-user/account.ts';
import { NAMES } from '../../lib/contract/env.ts';
import { composeRecords } from './compose.ts';
import type { Env } from './env.ts';

/** What the sweep of the account works with. */
export const composeAccountSweep = (env: Env): AccountSweepPorts => ({
  ...composeRecords(env),
  account: iamAccount(),
  path: NAMES.iamPath,
  idOf: credentialOf,
});
