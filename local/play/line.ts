import { apiOf, type Call } from './api.ts';
import { april, mayAndJune } from './april.ts';
import { type Company, foundCompany } from './company.ts';
import { factOf, say } from './facts.ts';
import { type HrSystem, hrSystem } from './feed.ts';
import type { Deployed, Issued } from './issued.ts';
import { orphans } from './orphans.ts';
import { listOutside, readSecret, sendOrder } from './outside.ts';
import { type Person, type Wanted, wantedBy } from './people.ts';
import { type Report, spread } from './report.ts';
import { eventually, inTurns } from './waiting.ts';

/** The line: everybody joins by the export of March, forty get a credential and use it, April, May and a broken June follow, and somebody plants a user and a key. */
export async function playLine(stack: Deployed, people: readonly Person[], report: Report): Promise<void> {
  const company = await foundCompany(stack.account);
  const call = apiOf(stack);
  const hr = hrSystem(await company.signIn('hr-feed', 'export'), stack.inboundBus);
  await joinAll(hr, stack, company, people, report);
  const issued = await issue(call, company, wantedBy(people), report);
  const ended = await april(hr, company, call, issued, report);
  await mayAndJune(hr, report);
  await orphans(
    company,
    call,
    issued.filter((one) => !ended.includes(one)),
    report,
  );
  await proveEnd(company, issued, ended, report);
}

async function joinAll(hr: HrSystem, { inboundBus }: Deployed, company: Company, people: readonly Person[], report: Report): Promise<void> {
  report.part(`${people.length} people join: the HR export of March, as owner facts on the bus ${inboundBus}`);
  const applied = await hr.apply('03-01', undefined);
  report.check(`everybody of the export is said to have joined`, applied.said.includes(`: ${people.length} joined, `), applied.said);
  const [first] = people;
  if (!first) throw new Error('nobody joins');
  const stranger = await company.signIn('stranger', 'mallory');
  const refused = await say(stranger, [factOf(inboundBus, 'Left', first, 99, new Date())]).then(
    () => undefined,
    (error: Error) => error,
  );
  report.check('a sender whom the policy does not name is refused by the bus', refused !== undefined);
}

async function issue(call: Call, company: Company, wanted: readonly Wanted[], report: Report): Promise<readonly Issued[]> {
  report.part(`${wanted.length} of them ask for a credential, each signed in as themselves`);
  const refused = await call(await company.signIn('stranger', 'mallory'), 'POST', '/v1/credentials', body(company, wanted[0]));
  report.check(
    'a caller whom the policy does not map is refused',
    refused.status === 403 && refused.json.code === 'unmapped-caller',
    `${refused.status}`,
  );
  const other = await call(await company.signIn('person', wanted[1]?.person.email ?? ''), 'POST', '/v1/credentials', {
    ...body(company, wanted[0]),
    owner: wanted[0]?.person.email,
  });
  report.check(
    'a request for somebody else is refused',
    other.status === 403 && other.json.code === 'not-for-that-owner',
    `${other.status}`,
  );
  const issued = await inTurns(wanted, (one) => issueOne(call, company, one));
  report.line(`request to readable secret: ${spread(issued.map(({ activeAfterMs }) => activeAfterMs))}`);

  const stranger = await company.signIn('stranger', 'mallory');
  const read = await inTurns(issued, ({ secretName }) => readSecret(stranger, secretName));
  report.check(
    'a principal that is no consumer reads none of the secrets, whatever its own policy allows',
    read.every((value) => value === undefined),
  );
  const calls = await inTurns(issued, ({ key }) => sendOrder(key, company.ordersUrl));
  report.check(
    `each of the ${issued.length} keys makes a real signed call, and it is accepted`,
    calls.every((answer) => answer === 'accepted'),
  );
  return issued;
}

const body = (company: Company, wanted: Wanted | undefined) => ({
  profile: wanted?.profile,
  purpose: 'nightly run',
  environment: 'prod',
  consumers: [company.consumerArn],
});

async function issueOne(call: Call, company: Company, wanted: Wanted): Promise<Issued> {
  const me = await company.signIn('person', wanted.person.email);
  const made = await eventually(`${wanted.person.email} is known`, async () => {
    const answer = await call(me, 'POST', '/v1/credentials', body(company, wanted));
    if (answer.status === 422 && answer.json.code === 'no-such-owner') return undefined; // the fact is on its way
    if (answer.status !== 201) throw new Error(`request for ${wanted.person.email}: ${answer.status} ${JSON.stringify(answer.json)}`);
    return answer.json;
  });
  const active = await eventually(`${made.id} is active`, async () => {
    const { json } = await call(me, 'GET', `/v1/credentials/${made.id}`);
    return json.status === 'active' ? json : undefined;
  });
  const service = await company.signIn('service', wanted.profile);
  const key = await eventually(`${made.id} can be read`, () => readSecret(service, active.secretName));
  const activeAfterMs = Date.parse(active.activeSince) - Date.parse(active.requestedAt);
  return { ...wanted, id: made.id, userName: active.userName, secretName: active.secretName, key, activeAfterMs };
}

async function proveEnd(company: Company, issued: readonly Issued[], leavers: readonly Issued[], report: Report): Promise<void> {
  report.part('The end, as IAM and Secrets Manager list it');
  const staying = issued.filter((one) => !leavers.includes(one));
  const { users, secrets } = await listOutside();
  const expected = new Set(staying.map(({ userName }) => userName));
  report.check(
    `IAM lists exactly ${staying.length} users under /nhi/`,
    users.size === expected.size && [...users.keys()].every((name) => expected.has(name)),
    [...users.keys()].filter((name) => !expected.has(name)).join(', ') || 'some are missing',
  );
  report.check(
    'each of them has exactly one active key',
    [...users.values()].every((keys) => keys === 1),
  );
  const names = new Set(staying.map(({ secretName }) => secretName));
  report.check(
    `Secrets Manager has exactly ${staying.length} readable secrets under nhi/`,
    secrets.size === names.size && [...secrets].every((name) => names.has(name)),
    `${secrets.size}`,
  );
  const service = await company.signIn('service', 'late');
  const old = await inTurns(
    leavers,
    async ({ key, secretName }) => [await sendOrder(key, company.ordersUrl), await readSecret(service, secretName)] as const,
  );
  report.check(
    'the same signed call with a leaver’s or mover’s key is refused now',
    old.every(([answer]) => answer === 'refused'),
  );
  report.check(
    'and the consumer cannot read their secrets any more',
    old.every(([, value]) => value === undefined),
  );
  const calls = await inTurns(staying, ({ key }) => sendOrder(key, company.ordersUrl));
  report.check(
    'everybody else’s key works as before',
    calls.every((answer) => answer === 'accepted'),
  );
}
