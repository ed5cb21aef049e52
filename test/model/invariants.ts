import { isGivenUp } from '../../lib/domain/credential/state.ts';
import { pendingOf, servedKey, works } from './provider.ts';
import { type Bounds, type holderOf, isActive, PERSONS, personOf, TICK, type World } from './world.ts';

export type Rule = readonly [name: string, holds: (world: World) => boolean];

/** What holds in every world, by the provider's truth. */
export const ALWAYS: readonly Rule[] = [
  [
    '1 a key exists only if its attempt was recorded first',
    ({ keys, record }) => keys.every(({ attempt }) => record.attempts.includes(attempt)),
  ],
  ['2 never more than two keys', ({ keys }) => keys.length <= 2],
  ['4 while active, AWSCURRENT works', (world) => world.record.status !== 'active' || cutByKill(world) || works(world, servedKey(world))],
  [
    '4 what consumers can read works, or nothing does',
    (world) => !world.secret?.shared || world.record.status !== 'provisioning' || cutByKill(world) || works(world, servedKey(world)),
  ],
  ['4 during the overlap, the old key works too', (world) => overlapping(world)],
  ['4 an old key that the ledger believes to work does', (world) => believed(world)],
  ['15 the receipt of a leave means that nothing works for who left', (world) => closed(world)],
  ['5, 17 no forbidden act', ({ flaw }) => flaw === undefined],
  [
    '6, 15 revoked is final, and means absence',
    ({ record, user, keys, secret }) => record.status !== 'revoked' || (!user && keys.length === 0 && (!secret || secret.deleted)),
  ],
  [
    'access is gone after two calls',
    (world) => world.record.status !== 'revoking' || world.record.cutOffAtMs === undefined || !world.keys.some((key) => works(world, key)),
  ],
  ['4 AWSPENDING is on no attempt given up, once nothing is owed for it', (world) => !strayed(world)],
  [
    'a kill that the provider has confirmed bites until it is lifted',
    (world) => !world.kill?.confirmed.some((who) => world.keys.some((key) => key.knows === who && works(world, key))),
  ],
  ['what somebody suspended stays so until somebody resumes it', ({ stopped, record }) => !stopped || record.status !== 'active'],
  ['a suspension denies', (world) => !deniedForGood(world) || !world.keys.some((key) => works(world, key))],
];

/** Whoever holds it, or is named at the provider, is killed: that may cut it off at any time. */
const cutByKill = ({ owners, record, user }: World): boolean =>
  owners[personOf(record.holder.id)].killed !== undefined || (user !== undefined && owners[user.tag].killed !== undefined);

/** Somebody who holds an old key within its overlap is not refused. */
const overlapping = (world: World): boolean =>
  world.record.status !== 'active' ||
  cutByKill(world) ||
  world.keys.every(
    (key) => key.heldUntilMs === undefined || key.heldUntilMs <= world.nowMs || world.burnt.includes(key.attempt) || works(world, key),
  );

/** Left there, it blocks whatever uses the secret's own rotation. */
const strayed = ({ record, secret, workers, flights }: World): boolean => {
  const pending = pendingOf(secret);
  if (!pending || !isGivenUp(record, pending) || workers.length > 0 || flights.length > 0) return false;
  if (record.status === 'revoking' || record.status === 'revoked' || record.lookAgainAtMs !== undefined) return false;
  return record.versions.every(({ phase }) => phase !== 'attempted' && phase !== 'created' && phase !== 'doomed');
};

/** The ledger says of a key that it still works, as it does of one that was wanted back. */
const believed = ({ record, keys, nowMs, user }: World): boolean =>
  record.status !== 'active' ||
  record.versions.every(
    (version) =>
      version.phase !== 'retiring' ||
      version.allowed ||
      version.checkAtMs <= nowMs ||
      keys.some(({ keyId, active }) => keyId === version.keyId && active && user?.denied === false),
  );

/** Where the receipt of a leave is written, the leaver holds nothing that works. */
const closed = (world: World): boolean =>
  PERSONS.every(
    (who) =>
      world.owners[who].status !== 'left' ||
      world.owners[who].offboarding !== undefined ||
      personOf(world.record.holder.id) !== who ||
      !world.keys.some((key) => works(world, key)),
  );

/** Confirmed, with nothing out that could take it off. */
const deniedForGood = ({ record }: World): boolean =>
  record.status === 'suspended' && record.deniedAtMs !== undefined && record.denyAtMs === undefined && record.liftAtMs === undefined;

/** What holds where nothing is left to do. */
export const AT_REST: readonly Rule[] = [
  ['2 at rest every key is known', (world) => known(world)],
  ['8 at rest nothing works that somebody knows who may no longer', (world) => !exposed(world)],
  [
    '17 at rest the owner tags are the owner’s',
    ({ user, secret, record }) =>
      !user || (user.tag === personOf(record.holder.id) && (!secret || secret.deleted || secret.tag === user.tag)),
  ],
  ['7 at rest nothing is active for who is not there', (world) => world.record.status !== 'active' || isActive(world, world.record.holder)],
  ['a leave is closed by its receipt', ({ owners }) => PERSONS.every((who) => owners[who].offboarding === undefined)],
  ['what a kill suspended comes back when it is lifted', (world) => !forgotten(world)],
  ['a fault alone ends nothing', ({ record }) => record.status !== 'revoked' || record.receipt.cause !== 'gave-up'],
  ['at rest it is revoked, or denied, or active with exactly one good key', (world) => settled(world)],
];

const forgotten = ({ owners, record }: World): boolean => {
  const { status, epoch, killed, killWork } = owners[personOf(record.holder.id)];
  if (killWork) return true;
  const lives = status === 'active' && epoch === record.holder.epoch && !killed;
  return lives && record.status === 'suspended' && record.why === 'killed' && !record.ends;
};

const known = ({ keys, record }: World): boolean =>
  keys.every((key) => record.versions.some((version) => version.phase !== 'attempted' && version.keyId === key.keyId));

function settled(world: World): boolean {
  const { record, user, keys, secret } = world;
  switch (record.status) {
    case 'revoked':
      return true; // what that means holds always
    case 'suspended':
      return user?.denied === true && record.liftAtMs === undefined;
    case 'active': {
      const [version, ...others] = record.versions;
      if (version?.phase !== 'current' || others.length > 0 || keys.length !== 1) return false;
      return secret?.current === version.attempt && (secret.pending === undefined || secret.pending === version.attempt) && secret.shared;
    }
    default:
      return false;
  }
}

/** A key works that somebody knows who may no longer. */
export const exposed = (world: World): boolean => world.keys.some((key) => world.burnt.includes(key.attempt) && works(world, key));

/**
 * How long that may last once nothing goes wrong any more, in ticks. Where nothing did: a verification and an overlap; after a third
 * command, such as a key wanted back just before, that as well; after a late effect two looks besides; after a fault at most the
 * deadline of a replacement.
 */
export function longestExposure({ faults, lates, commands }: Bounds): number {
  if (faults > 0) return 20;
  if (lates > 0) return 8;
  return commands > 2 ? 6 : 3;
}

/** In a line, for whoever reads a trace. */
export function summary({ record, user, keys, secret, owners, flights, nowMs, flaw }: World): string {
  const versions = record.versions.map((version) => `${version.phase === 'attempted' ? version.attempt : version.keyId} ${version.phase}`);
  const left = PERSONS.filter((who) => owners[who].status !== 'active');
  const provider = user ? `user of ${user.tag}${user.denied ? ', denied' : ''}` : 'no user';
  const listed = keys.map(
    ({ keyId, active, fresh, dead }) => `${keyId}${active ? '' : ' inactive'}${fresh ? ' fresh' : ''}${dead ? ' dead' : ''}`,
  );
  const labels = secret
    ? secret.deleted
      ? 'withdrawn'
      : `AWSCURRENT ${secret.current ?? '-'}, AWSPENDING ${secret.pending ?? '-'}`
    : 'none';
  return [
    `ledger: ${record.status}${record.status === 'revoking' ? ` (${record.stage})` : ''}, holder ${holderName(record.holder)}, versions [${versions.join(', ')}]`,
    `provider: ${provider}, keys [${listed.join(', ')}]`,
    `secret: ${labels}`,
    ...(left.length ? [`${left.join(', ')} left`] : []),
    ...(flights.length ? [`${flights.length} on the way`] : []),
    ...(flaw ? [flaw] : []),
    `tick ${Math.round(nowMs / TICK) % 1_000_000}`,
  ].join('; ');
}

const holderName = (holder: Parameters<typeof holderOf>[0] | World['record']['holder']): string => personOf(holder.id);
