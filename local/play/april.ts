import { type Month, reportOf } from './feed.ts';
import type { Issued } from './issued.ts';
import { LEAVERS, MOVERS } from './people.ts';
import { scene, spread } from './report.ts';
import type { Stage } from './stage.ts';
import { seconds } from './waiting.ts';

/** The export of April: four people join, seven move, five leave. Gives when it was said. */
export const aprilIsSaid = ({ hr, report }: Stage) =>
  scene(report, 'The export of April', { read: 'it is read as 4 joiners, 7 movers, 5 leavers' }, async ({ check, line }) => {
    const startedAtMs = Date.now();
    const { said } = await hr.apply('04-01', '03-01');
    line(said.split('\n').at(-1) ?? '');
    check('read', / 4 joined, 7 moved, 5 left, 0 returned were said/.test(said), said);
    return startedAtMs;
  });

/** Whose credentials the policy revokes: at a leave, at a move. */
export const someAreRevoked = (stage: Stage, gone: readonly Issued[], startedAtMs: number) =>
  scene(
    stage.report,
    'April: a leaver and a mover whose credentials end',
    {
      refused: 'their keys are refused',
      revoked: 'and revoked, with a receipt that names the cause',
      again: 'what a new job may not have can’t be asked for again',
    },
    async ({ check, line }) => {
      const { company, call } = stage;
      const refusedAtMs = await Promise.all(gone.map((one) => stage.untilRefused(one)));
      line(`start of the import to refused call, seen from outside: ${spread(refusedAtMs.map((at) => at - startedAtMs))}`);
      check('refused', gone.length === 2);
      const ended = await Promise.all(gone.map(({ id }) => stage.until(id, 'revoked')));
      const causes = ended.map(({ events }) => events.find(({ type }) => type === 'RevocationStarted')?.cause).sort();
      check('revoked', causes.join() === 'owner-left,owner-moved', causes.join());
      const mover = gone.find(({ person }) => person.id === MOVERS.revoked);
      const asked = await call(await company.signIn('person', mover?.person.email ?? ''), 'POST', '/v1/credentials', {
        ...{ profile: mover?.profile, purpose: 'habit', environment: 'prod', consumers: [] },
      });
      check('again', asked.status === 403, `${asked.status}`);
    },
  );

/** A mover's three other ways: kept by the profile, kept until somebody else has looked, passed on. */
export const someMove = (stage: Stage, of: (person: string, profile?: string) => Issued) =>
  scene(
    stage.report,
    'April: what movers keep, and what passes on',
    {
      keep: 'what the new job may have works on, and so does what the profile lets a mover keep',
      pending: 'reapprove: it is on record that somebody has to look',
      own: 'the mover’s own approval is refused, in whatever role',
      second: 'a second person’s is taken, and the key works on',
      transfer: 'transfer: the mover’s key is refused after the overlap, and the new team holds the credential',
      closed: 'every mover has a closed review',
    },
    async ({ check, line }) => {
      const { company, call, credential, eventually, owner, refused } = stage;
      const asked = of(MOVERS.reapproved, 'ci-deploy');
      const kept = [...MOVERS.keeping.map((id) => of(id)), of(MOVERS.reapproved, 'status-page')];
      const pending = await eventually(`${asked.id} waits for an approval`, async () => {
        const now = await credential(asked.id);
        return now.events.some(({ type }) => type === 'ApprovalRequired') ? now : undefined;
      });
      check('pending', pending.status === 'active', pending.status);
      const approve = async (email: string) => {
        const who = await company.signIn('security', email);
        const { status, json } = await call(who, 'POST', `/v1/credentials/${asked.id}/approve`, { reason: 'goes on until the handover' });
        return `${status} ${json.code ?? ''}`;
      };
      const own = await approve(asked.person.email);
      check('own', own === '403 own-request', own);
      const second = await approve('sking@example.com');
      const after = await credential(asked.id);
      const granted = after.events.some(({ type }) => type === 'ApprovalGranted');
      check('second', second === '202 ' && granted && !(await refused(asked.key)), second);

      const passed = of(MOVERS.transferred);
      const team = await owner('team:Administration');
      await eventually(`${passed.id} is the team’s`, async () => ((await credential(passed.id)).owner === team.id ? true : undefined));
      check('transfer', await refused(passed.key));
      for (const id of [MOVERS.reapproved, MOVERS.revoked, MOVERS.transferred, ...MOVERS.keeping]) {
        const { receivedAt, doneAt } = await eventually(`hr:${id} is reviewed`, async () => (await owner(`hr:${id}`)).reviewed);
        line(`moved  hr:${id}  received → nothing exceeds the new role ${seconds(Date.parse(doneAt) - Date.parse(receivedAt))}`);
      }
      check('closed', true);
      const answers = await Promise.all(kept.map(({ key }) => refused(key)));
      check('keep', kept.length === 3 && !answers.includes(true), answers.join());
    },
  );

/** Nobody above an accountant may hold what he held, and there is no steward yet. */
export const nobodyTakesOver = (stage: Stage, held: Issued, startedAtMs: number) =>
  scene(
    stage.report,
    'April: a leaver whom nobody can follow',
    {
      suspended: 'no eligible successor: suspended at once, and the key refused',
      named: 'who was asked, and why they can’t, stands in the history',
      revoked: 'revoked when the regret time is over',
    },
    async ({ check, line }) => {
      const refusedAtMs = await stage.untilRefused(held);
      const suspended = await stage.until(held.id, 'suspended');
      line(`start of the import to refused call ${seconds(refusedAtMs - startedAtMs)}`);
      check('suspended', suspended.status === 'suspended', suspended.status);
      const cause = suspended.events.find(({ type }) => type === 'SuspensionStarted')?.cause ?? '';
      line(cause);
      check(
        'named',
        /hr:205 as manager: not-eligible: AC_MGR.*team:Accounting as team: unknown.*nobody can take it over/.test(cause),
        cause,
      );
      const ended = await stage.until(held.id, 'revoked');
      check('revoked', ended.events.at(-1)?.type === 'CredentialRevoked');
    },
  );

export const leaversAreClosed = (stage: Stage) =>
  scene(stage.report, 'April: the leavers’ closing receipts', { closed: 'every leaver has one' }, async ({ check, line }) => {
    const leavers = Object.values(LEAVERS).flat();
    for (const id of leavers) {
      const closed = await stage.eventually(`hr:${id} is offboarded`, async () => (await stage.owner(`hr:${id}`)).convergence);
      const receiptMs = Date.parse(closed.completeAt) - Date.parse(closed.receivedAt);
      line(`left  hr:${id}  received → nothing works that they knew ${seconds(closed.ourLagMs)}, → all seen to ${seconds(receiptMs)}`);
    }
    check('closed', leavers.length === 5);
  });

/** May has no rows of those who left; June stopped early. Neither may change anything. */
export const mayAndJune = ({ stack, hr, report, eventually }: Stage) =>
  scene(
    report,
    'The exports of May and June, and those of March and April once more',
    {
      may: 'May: the rows of leavers are gone, and nobody leaves twice',
      june: 'June: an export that stopped early is held',
      late: 'what is said late and twice is taken',
      bucket: 'and so it goes without the command line: put into the bucket, March is taken once more, and June is held',
    },
    async ({ check, line }) => {
      const put = async (month: Month): Promise<{ readonly held: boolean; readonly trouble?: readonly string[] }> => {
        const name = await hr.put(month);
        return JSON.parse(await eventually(`${name} is there`, () => reportOf(stack, name)));
      };
      const may = await hr.apply('05-01', '04-01');
      check('may', may.code === 0 && / 0 left, /.test(may.said), may.said);
      const june = await hr.apply('06-01-cut-off', '05-01');
      check('june', june.code === 1 && june.said.includes('not acted on'), june.said);
      for (const text of june.said.split('\n').slice(1)) line(text.trim());
      const again = [await hr.apply('04-01', '03-01'), await hr.apply('03-01', undefined)]; // late, repeated, in the wrong order
      check(
        'late',
        again.every(({ code }) => code === 0),
        again.map(({ said }) => said).join(),
      );
      const [whole, cutOff] = [await put('03-01'), await put('06-01-cut-off')];
      for (const text of cutOff.trouble ?? []) line(text);
      check('bucket', !whole.held && cutOff.held, JSON.stringify([whole, cutOff]));
    },
  );
