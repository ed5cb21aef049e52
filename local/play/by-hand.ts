import type { Issued } from './issued.ts';
import { activeKeysOf, readSecret } from './outside.ts';
import { scene } from './report.ts';
import type { Stage } from './stage.ts';

export const suspended = (stage: Stage, one: Issued) =>
  scene(
    stage.report,
    'Suspended and resumed',
    {
      refused: 'suspended by its owner: the key is refused, and stays where it was',
      own: 'the owner can’t resume it, since whoever was suspended for cause would',
      accepted: 'resumed by an operator: the same key is accepted',
    },
    async ({ check }) => {
      const { call, company, eventually } = stage;
      const me = await company.signIn('person', one.person.email);
      const path = `/v1/credentials/${one.id}`;
      const { status } = await call(me, 'POST', `${path}/suspend`, { reason: 'looks odd' });
      await stage.untilRefused(one);
      check('refused', status === 202 && (await activeKeysOf(one)).includes(one.key.accessKeyId), `${status}`);
      const own = await call(me, 'POST', `${path}/resume`, { reason: 'was nothing' });
      check('own', own.status === 403, `${own.status}`);
      const operator = await company.signIn('security', 'sking@example.com');
      await eventually('it can be resumed', async () =>
        (await call(operator, 'POST', `${path}/resume`, { reason: 'was nothing' })).status === 202 ? true : undefined,
      );
      await stage.until(one.id, 'active');
      await eventually('the key is accepted again', async () => ((await stage.refused(one.key)) ? undefined : true));
      check('accepted', true);
    },
  );

export const undone = (stage: Stage, one: Issued) =>
  scene(
    stage.report,
    'Rotated, and undone within the regret time',
    {
      disabled: 'rotated: the old key is refused once it is out of use, and not deleted',
      undone: 'undone: the old key is accepted again, beside the new one',
    },
    async ({ check }) => {
      const { call, company, eventually } = stage;
      const me = await company.signIn('person', one.person.email);
      const change = async (verb: string): Promise<number> =>
        (await call(me, 'POST', `/v1/credentials/${one.id}/${verb}`, { reason: 'a play' })).status;
      const rotated = await change('rotate');
      await stage.untilRefused(one);
      const disabled = await eventually('what was done to the old key is on record', async () => {
        const old = (await stage.credential(one.id)).keys.find(({ keyId }) => keyId === one.key.accessKeyId);
        return old?.phase === 'retiring' ? undefined : (old?.phase ?? 'gone');
      });
      check('disabled', rotated === 202 && disabled === 'disabled', `${rotated}, ${disabled}`);
      const undo = await change('undo');
      await eventually('the old key is accepted again', async () => ((await stage.refused(one.key)) ? undefined : true));
      const now = await readSecret(await company.signIn('service', 'undo'), one.secretName);
      const both = now !== undefined && now.accessKeyId !== one.key.accessKeyId && !(await stage.refused(now));
      check('undone', undo === 202 && both, `${undo}`);
    },
  );

export const replaced = (stage: Stage, one: Issued) =>
  scene(
    stage.report,
    'A key has leaked, and is replaced',
    { replaced: 'the new key is read and accepted, the old one refused without any overlap, and deleted' },
    async ({ check }) => {
      const { call, company, eventually } = stage;
      const me = await company.signIn('person', one.person.email);
      const { status } = await call(me, 'POST', `/v1/credentials/${one.id}/replace`, { reason: 'in a public repository' });
      await stage.untilRefused(one);
      const now = await readSecret(await company.signIn('service', 'replaced'), one.secretName);
      const works = now !== undefined && now.accessKeyId !== one.key.accessKeyId && !(await stage.refused(now));
      await eventually('the old key is deleted', async () => {
        const { keys } = await stage.credential(one.id);
        return keys.length === 1 && keys[0]?.keyId === now?.accessKeyId ? true : undefined;
      });
      check('replaced', status === 202 && works, `${status}`);
    },
  );
