import { factOf, type Next, say, teamFactOf } from './facts.ts';
import type { Issued } from './issued.ts';
import { readSecret } from './outside.ts';
import { type Person, type Wanted, wantedBy } from './people.ts';
import { scene, spread } from './report.ts';
import type { Stage } from './stage.ts';
import { inTurns } from './waiting.ts';

/** The teams that can take something over, with what their members may hold. */
const TEAMS = { IT: ['IT_PROG'], Sales: ['SA_MAN', 'SA_REP'], Administration: ['AC_ACCOUNT'] } as const;

export const everybodyJoins = (stage: Stage, people: readonly Person[], next: Next) => {
  const { stack, company, hr, report } = stage;
  const claims = {
    all: `all ${people.length} of the export of March are said to have joined`,
    stranger: 'a sender whom the policy does not name is refused by the bus',
    other: 'and so is one who may speak for teams, of people',
  };
  return scene(report, 'People and teams join', claims, async ({ check, line }) => {
    const applied = await hr.apply('03-01', undefined);
    check('all', applied.said.includes(`: ${people.length} joined, `), applied.said);
    line(applied.said.split('\n').at(-1) ?? '');
    const directory = await company.signIn('directory', 'sync');
    const teams = Object.entries(TEAMS).map(([team, roles]) => teamFactOf(stack.inboundBus, 'Joined', team, roles, next(team)));
    await say(directory, teams);
    const [first] = people;
    if (!first) throw new Error('nobody joins');
    const left = [factOf(stack.inboundBus, 'Left', first, 1, new Date())];
    const isRefused = (who: typeof directory) =>
      say(who, left).then(
        () => false,
        () => true,
      );
    check('stranger', await isRefused(await company.signIn('stranger', 'mallory')));
    check('other', await isRefused(directory));
  });
};

export const everybodyAsks = (stage: Stage, people: readonly Person[]) => {
  const { company, call, report, refused } = stage;
  const wanted = wantedBy(people);
  const claims = {
    unmapped: 'a caller whom the policy does not map is refused',
    other: 'a request for somebody else is refused',
    unreadable: 'a principal that is no consumer reads none of the secrets, whatever its own policy allows',
    accepted: `each of the ${wanted.length} keys makes a real signed call, and it is accepted`,
  };
  const title = `${wanted.length} credentials are asked for, by each owner themselves`;
  return scene(report, title, claims, async ({ check, line }): Promise<readonly Issued[]> => {
    const [one, another] = wanted;
    if (!one || !another) throw new Error('nobody wants a credential');
    const stranger = await company.signIn('stranger', 'mallory');
    const unmapped = await call(stranger, 'POST', '/v1/credentials', body(stage, one));
    check('unmapped', unmapped.status === 403 && unmapped.json.code === 'unmapped-caller', `${unmapped.status}`);
    const asAnother = await company.signIn('person', another.person.email);
    const other = await call(asAnother, 'POST', '/v1/credentials', { ...body(stage, one), owner: one.person.email });
    check('other', other.status === 403 && other.json.code === 'not-for-that-owner', `${other.status}`);
    const issued = await inTurns(wanted, (each) => issue(stage, each));
    line(`request to readable secret: ${spread(issued.map(({ activeAfterMs }) => activeAfterMs))}`);
    const read = await inTurns(issued, ({ secretName }) => readSecret(stranger, secretName));
    check(
      'unreadable',
      read.every((value) => value === undefined),
    );
    const calls = await inTurns(issued, ({ key }) => refused(key));
    check('accepted', !calls.includes(true));
    return issued;
  });
};

const body = ({ company }: Stage, { profile }: Wanted) => ({
  ...{ profile, purpose: 'nightly run', environment: 'prod' },
  consumers: [company.consumerArn],
});

/** One credential, from the request to its key as the consuming service reads it. */
async function issue(stage: Stage, wanted: Wanted): Promise<Issued> {
  const { company, call, eventually } = stage;
  const me = await company.signIn('person', wanted.person.email);
  const made = await eventually(`${wanted.person.email} is known`, async () => {
    const answer = await call(me, 'POST', '/v1/credentials', body(stage, wanted));
    if (answer.status === 422 && answer.json.code === 'no-such-owner') return undefined; // the fact is on its way
    if (answer.status !== 201) throw new Error(`request for ${wanted.person.email}: ${answer.status} ${JSON.stringify(answer.json)}`);
    return answer.json;
  });
  const active = await stage.until(made.id, 'active');
  const service = await company.signIn('service', wanted.profile);
  const key = await eventually(`${made.id} can be read`, () => readSecret(service, active.secretName));
  const activeAfterMs = Date.parse(active.activeSince) - Date.parse(active.requestedAt);
  return { ...wanted, id: made.id, userName: active.userName, secretName: active.secretName, key, activeAfterMs };
}
