import { setTimeout as sleep } from 'node:timers/promises';
import { type AwsCredentials, signedCall } from '../../lib/client/signed-call.ts';
import { type Company, foundCompany } from './company.ts';
import { factOf, say } from './facts.ts';
import { listOutside, readSecret, sendOrder } from './outside.ts';
import { LEAVERS, type Person, type Wanted, wantedBy } from './people.ts';
import { type Report, spread } from './report.ts';

export interface Deployed {
  readonly apiUrl: string;
  readonly inboundBus: string;
  readonly account: string;
  readonly region: string;
}

interface Issued extends Wanted {
  readonly id: string;
  readonly userName: string;
  readonly secretName: string;
  readonly key: AwsCredentials;
  readonly activeAfterMs: number;
}

/** How long anything in the play may take before it counts as wrong. */
const PATIENCE_MS = 120_000;
const AT_ONCE = 8;

/** The line: everybody joins, forty ask for a credential and use it, five leave, and their keys stop working. */
export async function playLine(stack: Deployed, people: readonly Person[], report: Report): Promise<void> {
  const company = await foundCompany(stack.account);
  const call = apiOf(stack);
  await join(stack, company, people, report);
  const issued = await issue(call, company, wantedBy(people), report);
  const leavers = issued.filter(({ person }) => LEAVERS.includes(person.id));
  await leave(stack, company, call, people, leavers, report);
  await proveEnd(company, issued, leavers, report);
}

type Call = (
  credentials: AwsCredentials,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
) => Promise<{ readonly status: number; readonly json: Answer }>;
interface Answer {
  readonly id: string;
  readonly status: string;
  readonly code: string;
  readonly userName: string;
  readonly secretName: string;
  readonly activeSince: string;
  readonly requestedAt: string;
  readonly convergence?: {
    readonly sourceLagMs: number;
    readonly ourLagMs: number;
    readonly completeAt: string;
    readonly receivedAt: string;
  };
}

const apiOf =
  ({ apiUrl, region }: Deployed): Call =>
  async (credentials, method, path, body) => {
    const headers: Readonly<Record<string, string>> = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await signedCall({
      url: `${apiUrl.replace(/\/$/, '')}${path}`,
      method,
      service: 'execute-api',
      region,
      credentials,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, json: JSON.parse(answer.body || '{}') };
  };

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
    'the same signed call with a leaver’s key is refused now',
    old.every(([answer]) => answer === 'refused'),
  );
  report.check(
    'and the consumer cannot read a leaver’s secret any more',
    old.every(([, value]) => value === undefined),
  );
  const calls = await inTurns(staying, ({ key }) => sendOrder(key, company.ordersUrl));
  report.check(
    'everybody else’s key works as before',
    calls.every((answer) => answer === 'accepted'),
  );
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Asks until there is an answer; throws what it waited for when patience ends. */
async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const stopAt = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > stopAt) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`);
    await sleep(300);
  }
}

async function inTurns<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) results.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(act))));
  return results;
}
