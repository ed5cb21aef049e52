import type { AwsCredentials } from '../../lib/client/signed-call.ts';
import { apiOf, type Call } from './api.ts';
import { type Company, foundCompany } from './company.ts';
import { factOf, say } from './facts.ts';
import { movers } from './movers.ts';
import { orphans } from './orphans.ts';
import { listOutside, readSecret, sendOrder } from './outside.ts';
import { LEAVERS, type Person, type Wanted, wantedBy } from './people.ts';
import { type Report, spread } from './report.ts';
import { eventually, inTurns, seconds } from './waiting.ts';

export interface Deployed {
  readonly apiUrl: string;
  readonly inboundBus: string;
  readonly account: string;
  readonly region: string;
}

export interface Issued extends Wanted {
  readonly id: string;
  readonly userName: string;
  readonly secretName: string;
  readonly key: AwsCredentials;
  readonly activeAfterMs: number;
}

/** The line: everybody joins, forty ask for a credential and use it, five leave, two move, somebody plants a user and a key in IAM. */
export async function playLine(stack: Deployed, people: readonly Person[], report: Report): Promise<void> {
  const company = await foundCompany(stack.account);
  const call = apiOf(stack);
  await join(stack, company, people, report);
  const issued = await issue(call, company, wantedBy(people), report);
  const leavers = issued.filter(({ person }) => LEAVERS.includes(person.id));
  await leave(stack, company, call, people, leavers, report);
  const moved = await movers(
    stack,
    company,
    call,
    issued.filter((one) => !leavers.includes(one)),
    report,
  );
  const ended = [...leavers, moved];
  await orphans(
    company,
    call,
    issued.filter((one) => !ended.includes(one)),
    report,
  );
  await proveEnd(company, issued, ended, report);
}

async function join({ inboundBus }: Deployed, company: Company, people: readonly Person[], report: Report): Promise<void> {
  report.part(`${people.length} people join: owner facts on the bus ${inboundBus}`);
  const feed = await company.signIn('hr-feed', 'export-2026-03-01');
  await say(
    feed,
    people.map((person) => factOf(inboundBus, 'Joined', person, 1, new Date())),
  );
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

async function leave(
  { inboundBus }: Deployed,
  company: Company,
  call: Call,
  people: readonly Person[],
  leavers: readonly Issued[],
  report: Report,
): Promise<void> {
  report.part(`${LEAVERS.length} people leave, two managers among them`);
  const feed = await company.signIn('hr-feed', 'export-2026-04-01');
  const leftAt = new Date();
  const gone = people.filter(({ id }) => LEAVERS.includes(id));
  const facts = gone.map((person) => factOf(inboundBus, 'Left', person, 2, leftAt));
  await say(feed, [...facts, ...facts]); // twice, as buses do
  const windows = await Promise.all(
    leavers.map(({ key, id }) =>
      eventually(`${id} is refused`, async () =>
        (await sendOrder(key, company.ordersUrl)) === 'refused' ? Date.now() - leftAt.getTime() : undefined,
      ),
    ),
  );
  report.line(`fact to refused call, seen from outside: ${spread(windows)}`);
  const auditor = await company.signIn('auditor', 'review');
  const ends = await Promise.all(
    gone.map(({ id, email }) =>
      eventually(`${email} is offboarded`, async () => {
        const { json } = await call(auditor, 'GET', `/v1/owners/${encodeURIComponent(`hr:${id}`)}`);
        return json.convergence && { email, ...json.convergence };
      }),
    ),
  );
  for (const { email, sourceLagMs, ourLagMs, receivedAt, completeAt } of ends)
    report.line(
      `${email.padEnd(22)} occurred → received ${seconds(sourceLagMs)}, received → access removed ${seconds(ourLagMs)}, → receipt ${seconds(Date.parse(completeAt) - Date.parse(receivedAt))}`,
    );
  await say(
    feed,
    gone.map((person) => factOf(inboundBus, 'Joined', person, 1, leftAt)),
  ); // late and repeated
  report.check('every leaver has a closing receipt', ends.length === gone.length);
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
    'the same signed call with a leaver’s or the mover’s key is refused now',
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
