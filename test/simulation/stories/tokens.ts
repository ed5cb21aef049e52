import { callerOf } from '../company.ts';
import { currentValue, type World } from '../world.ts';
import {
  asks,
  chapters,
  credentials,
  idOf,
  isActive,
  isDisabled,
  isHeldBy,
  isKilled,
  isLifted,
  isOut,
  isRevoked,
  isRotated,
  isRotating,
  isSuspended,
  issue,
  member,
  only,
  orders,
  type Story,
  type Teller,
  tells,
  waits,
} from './chapters.ts';

/** The token that is in force, where its owner was shown it; an answer that comes late may be an older one. */
const handed = (here: World): string | undefined => {
  const credential = only(here);
  return credential && isActive(here) ? currentValue(here, credential) : undefined;
};
const isInHand = (here: World): boolean => handed(here) !== undefined;

/** They ask until they have another one that works; who asked before and got nothing says that it was lost. */
const isShown =
  (isLost = false) =>
  async ({ here, insist }: Teller): Promise<void> => {
    const before = handed(here);
    let lost = isLost;
    await insist(
      () => ![undefined, before].includes(handed(here)),
      async () => {
        await here.reveal(callerOf(member('1')), idOf(here), lost);
        lost = true;
      },
    );
  };

const isRequested = (here: World): boolean => only(here) !== undefined;

/** Every other one is gone. */
const onlyLastWorks = (here: World): boolean => isInHand(here) && only(here)?.versions.length === 1;

const allSuspended = (here: World): boolean => credentials(here).every(({ status }) => status === 'suspended');
const allActive = (here: World): boolean => credentials(here).length === 2 && credentials(here).every(({ status }) => status === 'active');

/** A key and a token of the same owner. */
const both = async ({ here, insist }: Teller): Promise<void> =>
  insist(
    () => allActive(here),
    async () => {
      await here.request('hr:1', { profile: 'kept', idempotencyKey: 'k' });
      await here.request('hr:1', { profile: 'token', idempotencyKey: 't' });
    },
  );

/** The run that comes every so often, and once more where it failed. */
const isToldAnew = async ({ here, insist }: Teller): Promise<void> => {
  const before = here.tokenKeys.text();
  await insist(
    () => here.tokenKeys.text() !== before,
    () => here.rotateTokenKey(),
  );
};

/** The life of one token, each way it can go. */
export const TOKENS: readonly Story[] = [
  {
    name: 'a token, rotated and revoked',
    tell: chapters(
      issue('token'),
      asks('rotate', isRotating),
      waits(120, isRotated),
      asks('revoke', (here) => only(here)?.status !== 'active'),
      waits(20, isRevoked),
    ),
    came: isRevoked,
  },
  {
    name: 'a token, its rotation undone',
    tell: chapters(
      issue('token'),
      asks('rotate', isRotating),
      waits(120, isDisabled),
      asks('undo', (here) => !isDisabled(here)),
      waits(120, isRotated),
    ),
    came: isRotated,
  },
  {
    name: 'a token whose owner leaves, and the heir accepts',
    tell: chapters(
      issue('token'),
      tells('1', 'Left'),
      waits(90, isHeldBy('3')),
      asks('accept', (here) => only(here)?.succession?.acceptedAtMs !== undefined, undefined, callerOf(member('3'))),
    ),
    came: isHeldBy('3'),
  },
  {
    name: 'a token whose owner leaves for cause',
    tell: chapters(issue('token'), tells('1', 'Left', { cause: 'for-cause' }), waits(90, isHeldBy('3'))),
    came: isHeldBy('3'),
  },
  {
    name: 'a token, suspended and resumed',
    tell: chapters(
      issue('token'),
      asks('suspend', isSuspended),
      waits(5, () => false),
      asks('resume', isActive),
    ),
    came: isActive,
  },
  {
    name: 'a token, and the key it is told by is rotated twice',
    tell: chapters(
      issue('token'),
      ({ wait }) => wait(61, () => false),
      isToldAnew,
      ({ wait }) => wait(61, () => false),
      isToldAnew,
      asks('rotate', isRotating),
      waits(120, isRotated),
    ),
    came: isRotated,
  },
  {
    name: 'a kill of who has a token and a key, and lift',
    tell: chapters(
      both,
      orders('kill', '1', isKilled('1')),
      waits(30, (here) => isOut('1')(here) && allSuspended(here)),
      orders('unkill', '1', isLifted('1')),
      waits(30, allActive),
    ),
    came: allActive,
  },
  {
    name: 'a kill of who hands a token over',
    tell: chapters(issue('token'), asks('transfer', isRotating, 'hr:5'), orders('kill', '1', isKilled('1')), waits(60, isOut('1'))),
    came: (here) => isSuspended(here) || isHeldBy('5')(here),
  },
  {
    name: 'a token shown once',
    tell: chapters(issue('shown', isRequested), isShown()),
    came: onlyLastWorks,
  },
  {
    name: 'a token shown once, and known to somebody else',
    tell: chapters(issue('shown', isRequested), isShown(), isShown(true)),
    came: onlyLastWorks,
  },
  {
    name: 'a token shown once, rotated, and its owner leaves',
    tell: chapters(issue('shown', isRequested), isShown(), isShown(), tells('1', 'Left'), waits(20, isRevoked)),
    came: isRevoked,
  },
];
