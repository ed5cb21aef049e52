import type { EpochMs, KeyId } from '../../../lib/domain/types.ts';
import { callerOf, SECURITY } from '../company.ts';
import { PATH } from '../wiring.ts';
import {
  approvalOf,
  asks,
  chapters,
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
  keysOf,
  member,
  only,
  orders,
  type Story,
  subjectOf,
  type Teller,
  tells,
  waits,
} from './chapters.ts';

const plantHand = async ({ here }: Teller): Promise<void> => {
  const { provider, clock } = here;
  const key = { secret: 'by hand', attempt: undefined, createdAtMs: 0 as EpochMs, active: true, usedAtMs: undefined };
  const blank = { credential: undefined, path: PATH, createdAtMs: clock.now(), ownerKey: '', denied: false, inGroup: false };
  const keys = (id: string) => new Map([[id as KeyId, { ...key }]]);
  provider.users.set('nhi-stray', { ...blank, attached: new Set(['policy']), keys: keys('AKIASTRAY'), goneKeys: new Map() });
  provider.users.get(only(here)?.grant.accountName ?? '')?.keys.set('AKIAHAND' as KeyId, { ...key });
};

/** The life of one credential, each way it can go. */
export const KEYS: readonly Story[] = [
  { name: 'issue', tell: issue('revoked'), came: (here) => isActive(here) && keysOf(here).length === 1 },
  {
    name: 'rotate',
    tell: chapters(issue('revoked'), asks('rotate', isRotating), waits(120, isRotated)),
    came: isRotated,
  },
  { name: 'leave, to be revoked', tell: chapters(issue('revoked'), tells('1', 'Left'), waits(20, isRevoked)), came: isRevoked },
  {
    name: 'leave for cause in the middle of a rotation',
    tell: chapters(
      issue('revoked'),
      asks('rotate', isRotating),
      waits(120, isDisabled),
      tells('1', 'Left', { cause: 'for-cause' }),
      waits(20, isRevoked),
    ),
    came: isRevoked,
  },
  {
    name: 'leave while a key is made',
    tell: chapters(
      issue('revoked', (here) => (only(here)?.attempts.length ?? 0) > 0 || isActive(here)),
      tells('1', 'Left'),
      waits(20, isRevoked),
    ),
    came: isRevoked,
  },
  {
    name: 'leave, to be suspended, and then revoked',
    tell: chapters(issue('suspended'), tells('1', 'Left'), waits(60, isRevoked)),
    came: isRevoked,
  },
  {
    name: 'leave, to be transferred, and accepted',
    tell: chapters(
      issue('transferred'),
      tells('1', 'Left'),
      waits(90, isHeldBy('3')),
      asks('accept', (here) => only(here)?.succession?.acceptedAtMs !== undefined, undefined, callerOf(member('3'))),
    ),
    came: isHeldBy('3'),
  },
  {
    name: 'leave, to be transferred, and refused by the first',
    tell: chapters(
      issue('transferred'),
      tells('1', 'Left'),
      waits(90, isHeldBy('3')),
      asks('refuse', (here) => subjectOf(here, only(here)) !== '3' || isRotating(here), undefined, callerOf(member('3'))),
      waits(90, isHeldBy('2')),
    ),
    came: isHeldBy('2'),
  },
  {
    name: 'leave, to be transferred, and accepted by nobody',
    tell: chapters(issue('transferred'), tells('1', 'Left'), waits(90, isHeldBy('3')), waits(240, isHeldBy('2'))),
    came: isHeldBy('2'),
  },
  {
    name: 'leave, to be transferred, and the successor leaves with them',
    tell: chapters(issue('transferred'), tells('1', 'Left'), tells('3', 'Left'), waits(120, isHeldBy('2'))),
    came: (here) => isHeldBy('2')(here) || isRevoked(here),
  },
  {
    name: 'leave in the middle of a rotation, to be transferred',
    tell: chapters(issue('transferred'), asks('rotate', isRotating), waits(120, isDisabled), tells('1', 'Left'), waits(90, isHeldBy('3'))),
    came: isHeldBy('3'),
  },
  {
    name: 'leave and return, and be given it back by a command',
    tell: chapters(
      issue('suspended'),
      tells('1', 'Left'),
      waits(20, isSuspended),
      tells('1', 'Returned'),
      asks('resume', (here) => isActive(here) || isRevoked(here)),
    ),
    came: (here) => isActive(here) || isRevoked(here),
  },
  { name: 'move, to be revoked', tell: chapters(issue('revoked'), tells('1', 'Moved', {}, 'X'), waits(20, isRevoked)), came: isRevoked },
  {
    name: 'move, to be approved of',
    tell: chapters(
      issue('suspended'),
      tells('1', 'Moved', {}, 'X'),
      waits(20, (here) => approvalOf(here) !== undefined),
      asks('approve', (here) => approvalOf(here) === 'granted' || isRevoked(here)),
    ),
    came: (here) => (isActive(here) && approvalOf(here) === 'granted') || isRevoked(here),
  },
  {
    name: 'move, to be transferred',
    tell: chapters(issue('transferred'), tells('1', 'Moved', {}, 'X'), waits(90, isHeldBy('3'))),
    came: isHeldBy('3'),
  },
  {
    name: 'transfer by request',
    tell: chapters(
      issue('kept'),
      asks('transfer', (here) => subjectOf(here, only(here)) === '5' || isRotating(here), 'hr:5'),
      waits(120, isHeldBy('5')),
    ),
    came: isHeldBy('5'),
  },
  {
    name: 'suspend and resume',
    tell: chapters(
      issue('kept'),
      asks('suspend', isSuspended),
      waits(5, () => false),
      asks('resume', isActive),
    ),
    came: isActive,
  },
  {
    name: 'suspend and resume at once',
    tell: chapters(issue('kept'), asks('suspend', isSuspended), asks('resume', isActive)),
    came: isActive,
  },
  {
    name: 'undo of a rotation',
    tell: chapters(
      issue('kept'),
      asks('rotate', isRotating),
      waits(120, isDisabled),
      asks('undo', (here) => !isDisabled(here)),
      waits(120, isRotated),
    ),
    came: isRotated,
  },
  {
    name: 'replace at once',
    tell: chapters(
      issue('kept'),
      asks('replace', (here) => isRotating(here) || isRotated(here)),
      waits(30, isRotated),
    ),
    came: (here) => isRotated(here) || isSuspended(here),
  },
  {
    name: 'revoke by request',
    tell: chapters(
      issue('kept'),
      asks('revoke', (here) => only(here)?.status !== 'active'),
      waits(20, isRevoked),
    ),
    came: isRevoked,
  },
  {
    name: 'kill',
    tell: chapters(issue('kept'), orders('kill', '1', isKilled('1')), waits(30, isOut('1'))),
    came: (here) => isSuspended(here) && isOut('1')(here),
  },
  {
    name: 'kill, and lift',
    tell: chapters(
      issue('kept'),
      orders('kill', '1', isKilled('1')),
      waits(30, isOut('1')),
      orders('unkill', '1', isLifted('1')),
      waits(30, isActive),
    ),
    came: isActive,
  },
  {
    name: 'suspend, kill, and lift',
    tell: chapters(
      issue('kept'),
      asks('suspend', isSuspended),
      orders('kill', '1', isKilled('1')),
      waits(30, isOut('1')),
      orders('unkill', '1', isLifted('1')),
      waits(10, () => false),
    ),
    came: isSuspended,
  },
  {
    name: 'kill, lift and kill again at once',
    tell: chapters(
      issue('kept'),
      orders('kill', '1', isKilled('1')),
      orders('unkill', '1', isLifted('1')),
      orders('kill', '1', isKilled('1')),
      waits(30, isOut('1')),
    ),
    came: (here) => isSuspended(here) && isOut('1')(here),
  },
  {
    name: 'kill in the middle of a transfer',
    tell: chapters(
      issue('kept'),
      asks('transfer', (here) => subjectOf(here, only(here)) === '5' || isRotating(here), 'hr:5'),
      orders('kill', '1', isKilled('1')),
      waits(60, isOut('1')),
    ),
    came: (here) => isSuspended(here) || isHeldBy('5')(here),
  },
  {
    name: 'kill as soon as a transfer is asked for',
    tell: chapters(
      issue('kept'),
      ({ here, insist }) =>
        insist(
          () => isKilled('1')(here),
          async () => {
            await here.change(SECURITY, idOf(here), 'transfer', 'hr:5');
            await here.kill('hr:1', 'kill');
          },
        ),
      waits(60, isOut('1')),
    ),
    came: (here) => isSuspended(here) || isHeldBy('5')(here),
  },
  {
    name: 'two are killed at once',
    tell: chapters(
      issue('kept'),
      async ({ here, insist }) =>
        insist(
          () => isKilled('1')(here) && isKilled('2')(here),
          async () => {
            await here.kill('hr:1', 'kill');
            await here.kill('hr:2', 'kill');
          },
        ),
      waits(30, (here) => isOut('1')(here) && isOut('2')(here)),
    ),
    came: (here) => isSuspended(here) && isOut('1')(here) && isOut('2')(here),
  },
  {
    name: 'a user and a key made by hand',
    tell: chapters(
      issue('kept'),
      plantHand,
      waits(10, () => false),
      async ({ here, insist }) => {
        await insist(
          () => here.provider.users.size === 1,
          () => here.sweepAccount(),
        );
      },
    ),
    came: (here) => here.provider.users.size === 1 && keysOf(here).length === 1,
  },
];
