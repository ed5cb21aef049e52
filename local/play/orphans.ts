import { setTimeout as sleep } from 'node:timers/promises';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, ListAccessKeysCommand, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { signedCall } from '../../lib/client/signed-call.ts';
import type { Call } from './api.ts';
import type { Company } from './company.ts';
import type { Issued } from './issued.ts';
import { sendOrder } from './outside.ts';
import type { Report } from './report.ts';
import { eventually } from './waiting.ts';

/** As the policy of the company has it. */
const GRACE_MS = 5_000;
const STRAY = 'backdoor';
const ELSEWHERE = 'legacy-batch';

/** Somebody with rights of their own makes a user under the manager's path, a key on one of its users, and a user elsewhere. */
export async function orphans(company: Company, call: Call, staying: readonly Issued[], report: Report): Promise<void> {
  report.part('Somebody plants a user and a key by hand, and the account is swept');
  const iam = new IAMClient({});
  const [target] = staying;
  if (!target) throw new Error('nobody stays');
  const stray = await plant(iam, STRAY, '/nhi/');
  const elsewhere = await plant(iam, ELSEWHERE, '/');
  const handMade = await newKey(iam, target.userName);
  for (const key of [stray, elsewhere, handMade])
    await eventually('a planted key works', async () => ((await sendOrder(key, company.ordersUrl)) === 'accepted' ? true : undefined));
  await sweepNow();
  report.check('the stray user’s key is refused at once', (await sendOrder(stray, company.ordersUrl)) === 'refused');
  await eventually('the hand-made key is refused', async () =>
    (await sendOrder(handMade, company.ordersUrl)) === 'refused' ? true : undefined,
  );
  await sleep(GRACE_MS);
  await sweepNow();
  const auditor = await company.signIn('auditor', 'review');
  const { json } = await call(auditor, 'GET', '/v1/findings');
  const told = json.findings.map(({ kind, subject, status }) => `${kind} ${subject} ${status}`).sort();
  report.line(told.join(', '));
  const expected = [`stray-user ${STRAY} ended`, `unknown-key ${target.userName} ended`, `unmanaged ${ELSEWHERE} open`];
  report.check('the report says what was found, and what became of it', told.join() === expected.sort().join(), told.join(', '));
  const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName: target.userName }));
  report.check(
    'the hand-made key is gone, the one that was issued still works',
    AccessKeyMetadata.length === 1 && (await sendOrder(target.key, company.ordersUrl)) === 'accepted',
    `${AccessKeyMetadata.length} keys`,
  );
  report.check('what is outside /nhi/ was not touched', (await sendOrder(elsewhere, company.ordersUrl)) === 'accepted');
}

async function plant(iam: IAMClient, UserName: string, Path: string) {
  await iam.send(new CreateUserCommand({ UserName, Path }));
  const Statement = [{ Effect: 'Allow', Action: '*', Resource: '*' }];
  await iam.send(
    new PutUserPolicyCommand({ UserName, PolicyName: 'all', PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }) }),
  );
  return newKey(iam, UserName);
}

async function newKey(iam: IAMClient, UserName: string) {
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}

/** The schedule says every hour; nobody wants to wait for it here. */
async function sweepNow(): Promise<void> {
  const { env } = process;
  const answer = await signedCall({
    url: `${env['AWS_ENDPOINT_URL']}/2015-03-31/functions/nhi-sweep-account/invocations`,
    method: 'POST',
    service: 'lambda',
    region: env['AWS_REGION'] ?? 'us-east-1',
    credentials: { accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '', secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '' },
    body: '{}',
  });
  if (answer.status !== 200 || answer.body.includes('errorMessage')) throw new Error(`the sweep failed: ${answer.body.slice(0, 500)}`);
}
