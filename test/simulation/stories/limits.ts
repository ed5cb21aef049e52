import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import { say } from '../actions.ts';
import { ENTITLED, SECURITY } from '../company.ts';
import { goesOn, isOfOurs } from '../sessions.ts';
import type { World } from '../world.ts';
import {
  asks,
  chapters,
  credentials,
  idOf,
  isActive,
  isHeldBy,
  isRevoked,
  isRotated,
  isRotating,
  isSuspended,
  issue,
  member,
  only,
  type Story,
  type Teller,
  tells,
  waits,
} from './chapters.ts';

const WATCHING = 2;
const STRICTER = 1;

const told = (here: World, type: CredentialEvent['type']): number =>
  (here.ledger.history.get(idOf(here)) ?? []).filter(({ data }) => data.type === type).length;
const isRenewed = (here: World): boolean => told(here, 'ExpiryRenewed') > 0;
/** Its end came, and the last warning before it; where they were late, one stands for those before. */
const isExpired = (here: World): boolean => isRevoked(here) && only(here)?.expiry?.warned === 3 && told(here, 'ExpiryApproaching') > 0;

/** Of roles of ours that were assumed with it. */
const sessionsGoOn = (here: World): boolean =>
  [...here.sessions.values()].flat().some((session) => isOfOurs(session) && goesOn(here, session));
const areDenied = (here: World): boolean => here.sessions.size > 0 && !sessionsGoOn(here);

const deploys =
  (number: number) =>
  async ({ here }: Teller): Promise<void> =>
    here.deploy(number);
const isFollowedUp = (here: World): boolean => [...here.ledger.policies.values()].every(({ state }) => state.status === 'followed-up');
const passes = (minutes: number) => waits(minutes, () => false);

/** The renewal is decided, and before it is written the leave is heard. */
const leavesAsRenewed = async ({ here, said }: Teller): Promise<void> => {
  const fact = say(here, said, member('1'), 'Left', ENTITLED);
  await Promise.all([here.change(SECURITY, idOf(here), 'renew'), here.hear(fact)]);
  await here.hear(fact);
};

const rolledBack = async ({ here, said }: Teller): Promise<void> => {
  here.deploy(WATCHING);
  const fact = say(here, said, member('1'), 'Left', ENTITLED);
  await here.hear(fact);
  for (const message of here.messages.splice(0)) await here.deliver(message);
  here.deploy(0);
  await here.hear(fact); // were it not heard, it would come again
};

/** What is limited: in time, by roles, by the policy. */
export const LIMITS: readonly Story[] = [
  { name: 'its time is over', tell: chapters(issue('brief'), waits(50, isRevoked)), came: isExpired },
  {
    name: 'renewed in time, and then its time is over',
    tell: chapters(issue('brief'), passes(30), asks('renew', isRenewed), waits(30, isRotated), waits(50, isRevoked)),
    came: (here) => isRevoked(here) && isRenewed(here),
  },
  {
    name: 'renewed for somebody who leaves in that moment',
    tell: chapters(
      issue('brief'),
      leavesAsRenewed,
      waits(50, (here) => isRevoked(here) || isHeldBy('3')(here)),
      waits(50, isRevoked),
    ),
    came: isRevoked,
  },
  {
    name: 'suspended when its time is over',
    tell: chapters(issue('brief'), asks('suspend', isSuspended), waits(50, isRevoked)),
    came: isRevoked,
  },
  {
    name: 'a token renewed in time, and then its time is over',
    tell: chapters(issue('brief-token'), passes(30), asks('renew', isRenewed), waits(30, isRotated), waits(50, isRevoked)),
    came: (here) => isRevoked(here) && isRenewed(here),
  },
  {
    name: 'suspended while roles are assumed, and resumed',
    tell: chapters(issue('assuming'), passes(5), asks('suspend', isSuspended), waits(20, areDenied), asks('resume', isActive), passes(5)),
    came: isActive,
  },
  {
    name: 'replaced while roles are assumed',
    tell: chapters(
      issue('assuming'),
      passes(5),
      asks('replace', (here) => isRotating(here) || isRotated(here)),
      waits(30, isRotated),
    ),
    came: (here) => isRotated(here) || isSuspended(here),
  },
  {
    name: 'a leave while roles are assumed, to be suspended, and then revoked',
    tell: chapters(issue('assuming'), passes(5), tells('1', 'Left'), waits(60, isRevoked)),
    came: (here) => isRevoked(here) && areDenied(here),
  },
  {
    name: 'a leave while roles are assumed, to be transferred',
    tell: chapters(issue('assuming-on'), passes(5), tells('1', 'Left'), waits(90, isHeldBy('3'))),
    came: isHeldBy('3'),
  },
  {
    name: 'another policy, by which nobody but the steward may have it',
    tell: chapters(issue('transferred'), deploys(STRICTER), waits(90, isHeldBy('9'))),
    came: (here) => isHeldBy('9')(here) && isFollowedUp(here),
  },
  {
    name: 'a leave observed by a deployment that was rolled back before any sweep',
    tell: chapters(issue('revoked'), passes(5), rolledBack, waits(90, isRevoked)),
    came: (here) => isRevoked(here) && isFollowedUp(here),
  },
  {
    name: 'a leave that was only observed, and then is enforced',
    tell: chapters(
      issue('revoked'),
      deploys(WATCHING),
      tells('1', 'Left'),
      passes(5),
      async ({ here }) => {
        if (credentials(here).some(({ status }) => status !== 'active')) throw new Error('observed, and something was done');
      },
      deploys(0),
      waits(60, isRevoked),
    ),
    came: (here) => isRevoked(here) && only(here) !== undefined && isFollowedUp(here),
  },
];
