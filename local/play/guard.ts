import { setTimeout as sleep } from 'node:timers/promises';
import { factOf, type Next, say, teamFactOf } from './facts.ts';
import type { Issued } from './issued.ts';
import { readSecret } from './outside.ts';
import { scene } from './report.ts';
import type { Stage } from './stage.ts';
import { seconds } from './waiting.ts';

const WEEK_MS = 168 * 3_600_000;
/** Longer than it takes from the first leaver to the guard's scene. */
const PLAY_MS = 5 * 60_000;

/** The policy's limit is met by those who leave one after the other, so all of them have to fall into one week of the guard's. */
export async function withinOneWeek({ report }: Stage): Promise<void> {
  const leftMs = WEEK_MS - (Date.now() % WEEK_MS);
  if (leftMs > PLAY_MS) return;
  report.line(`the guard counts by the week, and the next begins in ${seconds(leftMs)}: waiting for it`);
  await sleep(leftMs);
}

/** More leavers than the policy lets pass in a week: what they hold stays, until somebody else has looked. */
export const tooManyLeave = (stage: Stage, all: readonly Issued[], next: Next) =>
  scene(
    stage.report,
    'More leave at once than the guard lets pass',
    {
      held: 'they are held: the leave is a fact, their keys work on',
      nothing: 'and nothing new starts for them',
      changed: 'a release of a seal that changed meanwhile is refused',
      own: 'and so is one by whoever answers for the source that said it',
      released: 'a second person releases exactly this batch: the keys are refused, and revoked',
    },
    async ({ check, line }) => {
      const { stack, company, call, eventually, owner, refused } = stage;
      const desk = await company.signIn('hr-feed', 'desk');
      const leave = (these: readonly Issued[]) =>
        say(
          desk,
          these.map(({ person }) => factOf(stack.inboundBus, 'Left', person, next(person.id), new Date())),
        );
      const heldOf = (owners: number) =>
        eventually(`${owners} owners are held`, async () => {
          const { held } = (await call(stage.auditor, 'GET', '/v1/batches')).json;
          return held?.owners === owners ? held : undefined;
        });
      await leave(all.slice(1));
      const first = await heldOf(all.length - 1);
      await leave(all.slice(0, 1));
      const { seal, owners, credentials } = await heldOf(all.length);
      line(`${owners} owners with ${credentials} credentials are held, under the seal ${seal}`);
      const left = await Promise.all(all.map(async ({ person }) => (await owner(`hr:${person.id}`)).status === 'left'));
      const works = await Promise.all(all.map(async ({ key }) => !(await refused(key))));
      check('held', [...left, ...works].every(Boolean), [...left, ...works].join());
      const [one] = all;
      if (!one) throw new Error('nobody leaves');
      const asked = await call(await company.signIn('person', one.person.email), 'POST', '/v1/credentials', {
        ...{ profile: one.profile, purpose: 'one more', environment: 'prod', consumers: [] },
      });
      check('nothing', asked.status >= 400, `${asked.status}`);

      const release = async (email: string, what: string) =>
        stage.nhi(await company.signIn('security', email), 'batch', 'release', what, '--reason', 'a real lay-off, HR was asked');
      const changed = await release('sking@example.com', first.seal);
      check('changed', first.seal !== seal && changed.code !== 0, changed.err || changed.out);
      const own = await release('nyang@example.com', seal); // answers for the source hr
      check('own', own.code !== 0, own.out);
      const stillWork = await Promise.all(all.map(({ key }) => refused(key)));
      const second = await release('sking@example.com', seal);
      await Promise.all(all.map((gone) => stage.untilRefused(gone)));
      await Promise.all(all.map(({ id }) => stage.until(id, 'revoked')));
      check('released', !stillWork.includes(true) && second.code === 0, second.err);
    },
  );

/** A source that only observes: a whole team is gone, and what would follow is reported, not done. */
export const onlyObserved = (stage: Stage, team: string, holds: readonly Issued[], next: Next) =>
  scene(
    stage.report,
    'A source that is only observed says that a team is gone',
    {
      reported: '`nhi report would-have` lists each credential, and what would have become of it',
      untouched: 'nothing is done: every one of them works on',
    },
    async ({ check, line }) => {
      const { stack, company, eventually } = stage;
      await say(await company.signIn('directory', 'sync'), [teamFactOf(stack.inboundBus, 'Left', team, [], next(team))]);
      const report = await eventually('the report has all of them', async () => {
        const { out } = await stage.nhi(stage.auditor, 'report', 'would-have', '--json');
        const found = (JSON.parse(out).findings as readonly { kind: string; subject: string; wouldHave: string }[]).filter(
          ({ kind }) => kind === 'leaver',
        );
        return found.length >= holds.length ? found : undefined;
      });
      for (const { subject, wouldHave } of report) line(`${subject}: would have been: ${wouldHave}`);
      const names = report.map(({ subject }) => subject).sort();
      const all =
        names.join() ===
        holds
          .map(({ userName }) => userName)
          .sort()
          .join();
      check('reported', all && report.every(({ wouldHave }) => wouldHave === 'transfer'), names.join());
      const service = await company.signIn('service', 'observed');
      for (const { secretName } of holds) {
        const key = await readSecret(service, secretName);
        check('untouched', key !== undefined && !(await stage.refused(key)), secretName);
      }
    },
  );
