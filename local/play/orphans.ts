import { setTimeout as sleep } from 'node:timers/promises';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import type { Issued } from './issued.ts';
import { activeKeysOf } from './outside.ts';
import { scene } from './report.ts';
import { invoke, type Stage } from './stage.ts';

/** As the policy of the company has it. */
const GRACE_MS = 5_000;
export const STRAY = 'backdoor';
export const ELSEWHERE = 'legacy-batch';

/** Somebody with rights of their own makes a user under the manager's path, a key on one of its users, and a user elsewhere. */
export const orphans = (stage: Stage, target: Issued) =>
  scene(
    stage.report,
    'Somebody plants a user and a key by hand, and the account is swept',
    {
      stray: 'the stray user’s key is refused after the first sweep',
      told: 'the report says what was found, and what became of it',
      handMade: 'the hand-made key is gone, the one that was issued still works',
      elsewhere: 'what is outside /nhi/ is reported, and not touched',
    },
    async ({ check, line }) => {
      const { call, eventually, refused } = stage;
      const iam = new IAMClient({});
      const stray = await plant(iam, STRAY, '/nhi/');
      const elsewhere = await plant(iam, ELSEWHERE, '/');
      const handMade = await newKey(iam, target.userName);
      for (const key of [stray, elsewhere, handMade])
        await eventually('a planted key works', async () => ((await refused(key)) ? undefined : true));
      await invoke('nhi-sweep-account');
      check('stray', await refused(stray));
      await eventually('the hand-made key is refused', async () => ((await refused(handMade)) ? true : undefined));
      await sleep(GRACE_MS);
      await invoke('nhi-sweep-account');
      const { json } = await call(stage.auditor, 'GET', '/v1/findings');
      const told = json.findings.map(({ kind, subject, status }) => `${kind} ${subject} ${status}`).sort();
      line(told.join(', '));
      const expected = [`stray-user ${STRAY} ended`, `unknown-key ${target.userName} ended`, `unmanaged ${ELSEWHERE} open`];
      check('told', told.join() === expected.sort().join(), told.join(', '));
      const keys = await activeKeysOf(target);
      check('handMade', keys.join() === target.key.accessKeyId && !(await refused(target.key)), keys.join());
      check('elsewhere', !(await refused(elsewhere)));
    },
  );

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
