import { setTimeout as sleep } from 'node:timers/promises';
import {
  GenerateCredentialReportCommand,
  GetCredentialReportCommand,
  IAMClient,
  type IAMClientConfig,
  paginateGetAccountAuthorizationDetails,
  paginateListAccessKeys,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { parse } from 'csv-parse/sync';
import { ask } from '../../adapters/aws/aws-fault.ts';
import { ONE_TRY, REPEATABLE } from '../../adapters/aws/request-limits.ts';
import type { AccountPort } from '../../application/sweep-account.ts';
import { NAMES } from '../../contract/env.ts';
import { Fault } from '../../domain/faults.ts';
import type { LiveUser } from '../../domain/orphans.ts';
import type { EpochMs } from '../../domain/types.ts';
import { allPages } from './attachments.ts';
import { putDeny, removeUser } from './removal.ts';
import { findUser } from './user.ts';

/** IAM makes a report in seconds to minutes, and gives the last one again for four hours. */
const REPORT_TRIES = 20;
const REPORT_PAUSE_MS = 2_000;

/** All users of the account, in two jobs however many there are: who they are, and how many keys each has. */
export function iamAccount(aws: Pick<IAMClientConfig, 'endpoint' | 'region' | 'credentials'> = {}, path = NAMES.iamPath): AccountPort {
  const iam = new IAMClient({ ...aws, ...REPEATABLE });
  const once = new IAMClient({ ...aws, ...ONE_TRY });

  /** The user as it is now, if it is of our path: a name alone may have come to be somebody else's. */
  const ours = async (name: string) => {
    const user = await findUser(iam, name);
    return user?.Path === path ? user : undefined;
  };
  const deny = (UserName: string) => ask('PutUserPolicy', () => putDeny(iam, UserName));

  return {
    list: async () => {
      const report = await keyReport(iam);
      const listedAtMs = Date.now() as EpochMs;
      const users: LiveUser[] = [];
      const pages = paginateGetAccountAuthorizationDetails({ client: iam, pageSize: 500 }, { Filter: ['User'] });
      await ask('GetAccountAuthorizationDetails', async () => {
        for await (const { UserDetailList = [] } of pages)
          for (const { UserName: name = '', Path = '/' } of UserDetailList) users.push({ name, path: Path, keys: report.keys.get(name) });
      });
      return { users, listedAtMs, keysAtMs: report.madeAtMs };
    },

    quarantine: async (UserName) => {
      if (!(await ours(UserName))) return false;
      await deny(UserName);
      const keyIds = await ask('ListAccessKeys', () =>
        allPages(paginateListAccessKeys({ client: iam }, { UserName }), ({ AccessKeyMetadata }) =>
          AccessKeyMetadata?.map(({ AccessKeyId }) => AccessKeyId),
        ),
      );
      for (const AccessKeyId of keyIds)
        await ask('UpdateAccessKey', () => iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Inactive' })));
      return true;
    },

    remove: async (UserName) => {
      if (!(await ours(UserName))) return false;
      await deny(UserName);
      return removeUser(iam, once, UserName, deny);
    },
  };
}

/** Keys by user name, inactive ones included. */
async function keyReport(iam: IAMClient): Promise<{ readonly keys: ReadonlyMap<string, number>; readonly madeAtMs: EpochMs }> {
  for (let tries = 0; tries < REPORT_TRIES; tries += 1) {
    const { State } = await ask('GenerateCredentialReport', () => iam.send(new GenerateCredentialReportCommand({})));
    if (State === 'COMPLETE') {
      const { Content, GeneratedTime } = await ask('GetCredentialReport', () => iam.send(new GetCredentialReportCommand({})));
      const rows: readonly Readonly<Record<string, string>>[] = parse(new TextDecoder().decode(Content), { columns: true });
      const has = (row: Readonly<Record<string, string>>, n: 1 | 2): boolean =>
        row[`access_key_${n}_active`] === 'true' || !['N/A', '', undefined].includes(row[`access_key_${n}_last_rotated`]);
      const keys = new Map(rows.map((row) => [row['user'] ?? '', Number(has(row, 1)) + Number(has(row, 2))]));
      return { keys, madeAtMs: (GeneratedTime?.getTime() ?? 0) as EpochMs };
    }
    await sleep(REPORT_PAUSE_MS);
  }
  throw new Fault('provider-throttled', true, 'GenerateCredentialReport: not ready in time');
}
