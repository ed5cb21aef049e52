import { aprilIsSaid, leaversAreClosed, mayAndJune, nobodyTakesOver, someAreRevoked, someMove } from './april.ts';
import { replaced, suspended, undone } from './by-hand.ts';
import { type Outcome, reports, theEnd } from './end.ts';
import { type Next, say, sequences, teamFactOf } from './facts.ts';
import { onlyObserved, tooManyLeave, withinOneWeek } from './guard.ts';
import type { Deployed, Issued } from './issued.ts';
import { everybodyAsks, everybodyJoins } from './march.ts';
import { orphans } from './orphans.ts';
import { BY_HAND, LATER, LEAVERS, MOVERS, type Person } from './people.ts';
import type { Report } from './report.ts';
import { openStage, type Stage } from './stage.ts';
import { aprilsSuccession, heirRefuses, leaveIsRescinded, managerLeavesToo, namedSuccessor } from './succession.ts';

/** A company's spring: everybody joins and asks, April's export moves and ends, strangers plant, HR says more, and the end is counted. */
export async function playLine(stack: Deployed, people: readonly Person[], report: Report): Promise<Outcome | undefined> {
  const stage = await openStage(stack, report);
  const next = sequences();
  await everybodyJoins(stage, people, next);
  const issued = await everybodyAsks(stage, people);
  if (!issued) return undefined; // with nothing issued there is nothing to play with; the report says why
  const of = finder(issued);
  await withinOneWeek(stage);
  const [passed, gone] = await april(stage, of);
  await foundSecurity(stage, next);
  const later = await afterApril(stage, of, next);
  await tooManyLeave(
    stage,
    LATER.atOnce.map((id) => of(id)),
    next,
  );
  await onlyObserved(stage, 'Sales', [of('145'), ...LATER.together.map((id) => of(id))], next);
  await reports(stage);
  const outcome = { issued, gone: [...gone, ...LATER.atOnce.map((id) => of(id))], passed: [...passed, ...later] };
  await theEnd(stage, outcome);
  return outcome;
}

type Of = (person: string, profile?: string) => Issued;

const finder =
  (issued: readonly Issued[]): Of =>
  (id, profile) => {
    const found = issued.find(({ person, profile: of }) => person.id === id && (profile === undefined || of === profile));
    if (!found) throw new Error(`nobody of the play is hr:${id}`);
    return found;
  };

/** What the export sets off, and what goes on beside it. Gives what passed on to somebody else, and what ended. */
async function april(stage: Stage, of: Of): Promise<readonly [readonly Issued[], readonly Issued[]]> {
  const [programmer, salesman] = LEAVERS.team.map((id) => of(id));
  const representative = of(LEAVERS.manager);
  const gone = [of(LEAVERS.revoked), of(MOVERS.revoked)];
  const accountant = of(LEAVERS.nobody);
  if (!programmer || !salesman) throw new Error('nobody leaves');
  const heirs = [
    { credential: programmer, heir: 'team:IT' },
    { credential: salesman, heir: 'team:Sales' },
    { credential: representative, heir: 'hr:149' },
  ];
  const said = Promise.withResolvers<number>();
  const begin = async (): Promise<void> => {
    const startedAtMs = await aprilIsSaid(stage);
    said.resolve(startedAtMs ?? Date.now());
  };
  await Promise.all([
    aprilsSuccession(stage, heirs, begin),
    said.promise.then((atMs) => someAreRevoked(stage, gone, atMs)),
    said.promise.then((atMs) => nobodyTakesOver(stage, accountant, atMs)),
    said.promise.then(() => someMove(stage, of)),
    said.promise.then(() => leaversAreClosed(stage)),
    suspended(stage, of(BY_HAND.suspended)),
    undone(stage, of(BY_HAND.undone)),
    replaced(stage, of(BY_HAND.replaced)),
    orphans(stage, of(BY_HAND.tampered)),
  ]);
  return [
    [programmer, salesman, representative, of(MOVERS.transferred)],
    [...gone, accountant],
  ];
}

/** From now on there is somebody who takes what nobody else can. */
async function foundSecurity({ stack, company, eventually, owner }: Stage, next: Next): Promise<void> {
  await say(await company.signIn('directory', 'sync'), [
    teamFactOf(stack.inboundBus, 'Joined', 'security', ['SECURITY'], next('security')),
  ]);
  await eventually('the security team is known', async () => ((await owner('team:security')).status === 'active' ? true : undefined));
}

/** Gives what passed on to somebody else. */
async function afterApril(stage: Stage, of: Of, next: Next): Promise<readonly Issued[]> {
  const [leaver, heir] = LATER.named.map((id) => of(id));
  const together = LATER.together.map((id) => of(id));
  const [manager] = together;
  if (!leaver || !heir || !manager) throw new Error('nobody leaves later');
  await Promise.all([
    heirRefuses(stage, of(LEAVERS.manager), manager.person.email).then(() => managerLeavesToo(stage, together, next)),
    namedSuccessor(stage, leaver, heir.person.email, next),
    leaveIsRescinded(stage, of(LATER.rescinded), next),
    mayAndJune(stage),
  ]);
  return [leaver, ...together];
}
