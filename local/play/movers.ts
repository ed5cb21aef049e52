import type { Call } from './api.ts';
import type { Company } from './company.ts';
import { factOf, say } from './facts.ts';
import type { Deployed, Issued } from './line.ts';
import { sendOrder } from './outside.ts';
import type { Report } from './report.ts';
import { eventually, seconds } from './waiting.ts';

/** Two people move: one to a job that may not have what they hold, one to a job that may. Gives the credential that had to go. */
export async function movers(
  { inboundBus }: Deployed,
  company: Company,
  call: Call,
  staying: readonly Issued[],
  report: Report,
): Promise<Issued> {
  const toSales = must(staying, 'IT_PROG');
  const withinStock = must(staying, 'ST_CLERK');
  report.part(`Two people move: ${toSales.person.email} from programming to sales, ${withinStock.person.email} from stock to shipping`);
  const feed = await company.signIn('hr-feed', 'export-2026-05-01');
  const movedAt = new Date();
  await say(feed, [
    factOf(inboundBus, 'Moved', { ...toSales.person, job: 'SA_REP' }, 2, movedAt),
    factOf(inboundBus, 'Moved', { ...withinStock.person, job: 'SH_CLERK' }, 2, movedAt),
  ]);
  await eventually(`${toSales.id} is refused`, async () =>
    (await sendOrder(toSales.key, company.ordersUrl)) === 'refused' ? true : undefined,
  );
  report.line(`fact to refused call, seen from outside: ${seconds(Date.now() - movedAt.getTime())}`);
  const auditor = await company.signIn('auditor', 'review');
  for (const { person } of [toSales, withinStock])
    await eventually(`${person.email} is reviewed`, async () => {
      const { json } = await call(auditor, 'GET', `/v1/owners/${encodeURIComponent(`hr:${person.id}`)}`);
      return json.reviewed;
    });
  report.check('what the new job may have is kept', (await sendOrder(withinStock.key, company.ordersUrl)) === 'accepted');
  const asked = await call(await company.signIn('person', toSales.person.email), 'POST', '/v1/credentials', {
    ...{ profile: toSales.profile, purpose: 'habit', environment: 'prod', consumers: [] },
  });
  report.check('and what it may not have can’t be asked for again', asked.status === 403, `${asked.status}`);
  await eventually(`${toSales.id} is revoked`, async () => {
    const { json } = await call(auditor, 'GET', `/v1/credentials/${toSales.id}`);
    return json.status === 'revoked' ? true : undefined;
  });
  return toSales;
}

function must(staying: readonly Issued[], job: string): Issued {
  const found = staying.find(({ person }) => person.job === job);
  if (!found) throw new Error(`nobody with job ${job} has a credential`);
  return found;
}
