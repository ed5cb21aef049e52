import type { Call } from './api.ts';
import type { Company } from './company.ts';
import type { HrSystem } from './feed.ts';
import type { Issued } from './issued.ts';
import { sendOrder } from './outside.ts';
import { LEAVERS, MOVERS } from './people.ts';
import { type Report, spread } from './report.ts';
import { eventually, seconds } from './waiting.ts';

/** The export of April: four people join, seven move, five leave, two managers among them. Gives the credentials that had to go. */
export async function april(
  hr: HrSystem,
  company: Company,
  call: Call,
  issued: readonly Issued[],
  report: Report,
): Promise<readonly Issued[]> {
  report.part('The export of April: 4 join, 7 move, 5 leave, two managers among them');
  const of = (ids: readonly string[]): readonly Issued[] => issued.filter(({ person }) => ids.includes(person.id));
  const leavers = of(LEAVERS);
  const losing = of(MOVERS.losing);
  const startedAtMs = Date.now();
  const applied = await hr.apply('04-01', '03-01');
  report.line(applied.said.split('\n').at(-1) ?? '');
  report.check(
    'the snapshot is read as 4 joiners, 7 movers, 5 leavers',
    / 4 joined, 7 moved, 5 left, 0 returned were said/.test(applied.said),
  );
  const windows = await Promise.all(
    [...leavers, ...losing].map(({ key, id }) =>
      eventually(`${id} is refused`, async () =>
        (await sendOrder(key, company.ordersUrl)) === 'refused' ? Date.now() - startedAtMs : undefined,
      ),
    ),
  );
  report.line(`start of the import to refused call, seen from outside: ${spread(windows)}`);
  const auditor = await company.signIn('auditor', 'review');
  const owner = (id: string) => call(auditor, 'GET', `/v1/owners/${encodeURIComponent(`hr:${id}`)}`);
  for (const { person } of leavers) {
    const closed = await eventually(`${person.email} is offboarded`, async () => (await owner(person.id)).json.convergence);
    const { sourceLagMs, ourLagMs, completeAt, receivedAt } = closed;
    const receiptMs = Date.parse(completeAt) - Date.parse(receivedAt);
    report.line(
      `left   ${person.email.padEnd(22)} snapshot → received ${seconds(sourceLagMs)}, → access removed ${seconds(ourLagMs)}, → receipt ${seconds(receiptMs)}`,
    );
  }
  for (const id of [...MOVERS.losing, ...MOVERS.keeping]) {
    const reviewed = await eventually(`hr:${id} is reviewed`, async () => (await owner(id)).json.reviewed);
    report.line(
      `moved  hr:${id}  received → nothing exceeds the new role ${seconds(Date.parse(reviewed.doneAt) - Date.parse(reviewed.receivedAt))}`,
    );
  }
  report.check('every leaver has a closing receipt, every mover a closed review', leavers.length === LEAVERS.length);
  const kept = await Promise.all(of(MOVERS.keeping).map(({ key }) => sendOrder(key, company.ordersUrl)));
  report.check('what a new job may have is kept', kept.length > 0 && kept.every((answer) => answer === 'accepted'), kept.join());
  const [mover] = losing;
  const asked = await call(await company.signIn('person', mover?.person.email ?? ''), 'POST', '/v1/credentials', {
    ...{ profile: mover?.profile, purpose: 'habit', environment: 'prod', consumers: [] },
  });
  report.check('what a new job may not have can’t be asked for again', asked.status === 403, `${asked.status}`);
  for (const { id } of losing)
    await eventually(`${id} is revoked`, async () =>
      (await call(auditor, 'GET', `/v1/credentials/${id}`)).json.status === 'revoked' ? true : undefined,
    );
  return [...leavers, ...losing];
}

/** May has no rows of those who left; June stopped early. Neither may change anything. */
export async function mayAndJune(hr: HrSystem, report: Report): Promise<void> {
  report.part('The exports of May and June, and those of March and April once more');
  const may = await hr.apply('05-01', '04-01');
  report.check('May: the rows of leavers are gone, and nobody leaves twice', may.code === 0 && / 0 left, /.test(may.said), may.said);
  const june = await hr.apply('06-01-cut-off', '05-01');
  report.check('June: an export that stopped early is held', june.code === 1 && june.said.includes('not acted on'), june.said);
  for (const line of june.said.split('\n').slice(1)) report.line(line.trim());
  const again = [await hr.apply('04-01', '03-01'), await hr.apply('03-01', undefined)]; // late, repeated, and in the wrong order
  report.check(
    'what is said late and twice is taken',
    again.every(({ code }) => code === 0),
    again.map(({ said }) => said).join(),
  );
}
