import type { Active, Credential, Suspended } from '../../lib/domain/credential/state.ts';
import type { DenyOutcome } from '../../lib/domain/deny-list.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { COMPARED_TIME, ITEM, idOf, isMet, MENTIONED, placed, put, putFields, type Scope, timed } from './fields.ts';
import { add, addLanes, begin, codeOf, type Lanes, sum, taken } from './hash.ts';
import { type Kill, PERSONS, type Person, type SecretVersions, type Worker, type World } from './world.ts';

/** The prints of the parts of a world; what comes out of it mostly has all but one of them in common with it: the same objects. */
export interface Printed {
  readonly world: World;
  readonly scope: Scope;
  readonly record: Lanes;
  readonly owners: readonly Lanes[];
  readonly keys: Lanes;
  readonly secret: Lanes;
}

/** `from`: one it came out of. */
export function printed(world: World, from?: Printed): Printed {
  const { record, owners, keys, secret, commands } = world;
  const scope = scopeOf(world);
  const before = from && isSame(from.scope, scope) ? from : undefined;
  const of = (write: () => void): Lanes => {
    begin(0);
    write();
    return taken();
  };
  return {
    world,
    scope,
    record: before?.world.record === record ? before.record : of(() => putRecord(scope, record)),
    owners: PERSONS.map((who, at) => {
      const known =
        before && before.world.owners[who] === owners[who] && before.world.commands === commands ? before.owners[at] : undefined;
      return known ?? of(() => putOwner(scope, world, who));
    }),
    keys: before?.world.keys === keys ? before.keys : of(() => putKeys(scope, keys)),
    secret: before && before.world.secret === secret ? before.secret : of(() => putSecret(scope, secret)),
  };
}

/** The same for all worlds that differ only in the time of day, in the numbering of attempts and leases, and in the order of workers. */
export function fingerprint({ world, scope, record: ofRecord, owners: ofOwners, keys, secret }: Printed): Lanes {
  const { record, owners, workers, flights, user, burnt } = world;
  const some: Lanes = { high: 0, low: 0 };
  for (const worker of workers) {
    begin(1);
    putWorker(scope, worker);
    sum(some);
  }
  for (const flight of flights) {
    begin(2);
    putFields(scope, flight);
    sum(some);
  }
  begin(3);
  for (const lanes of [ofRecord, ...ofOwners, keys, secret, some]) addLanes(lanes);
  if (user) putFields(scope, user, scope.closing && !world.kill ? 'tag' : undefined);
  add(4);
  if (!(record.status === 'revoking' && record.cutOffAtMs !== undefined)) put(scope, MENTIONED, burnt);
  if (world.kill) putKill(scope, world, world.kill);
  add(5);
  if (!scope.ending && PERSONS.some((who) => owners[who].offboarding)) add(codeOf(world.onLeave));
  add(world.faults * 100 + world.lates * 10 + world.commands);
  add(workers.length * 10 + flights.length);
  if (world.stopped && !scope.ending) add(6);
  if (world.flaw) add(codeOf(world.flaw));
  return taken();
}

const LAST: readonly string[] = ['deny', 'disable-all', 'withdraw-secret', 'remove-account', 'confirm-absence'];

function scopeOf(world: World): Scope {
  const { nowMs, record, workers } = world;
  const ending = record.status === 'revoking' || record.status === 'revoked';
  const closing = ending && workers.every(({ step }) => LAST.includes(step.do));
  return { nowMs, fence: record.fence, ids: idsIn(world, closing), ending, closing };
}

const isSame = (a: Scope, b: Scope): boolean =>
  a.nowMs === b.nowMs &&
  a.fence === b.fence &&
  a.ending === b.ending &&
  a.closing === b.closing &&
  a.ids.length === b.ids.length &&
  a.ids.every((id, at) => id === b.ids[at]);

type Living = Active | Suspended;

function putRecord(scope: Scope, record: Credential): void {
  const alarm = record.status === 'revoking' ? 'deadlineMs' : undefined; // of a revocation it is nothing else
  putFields(scope, record, alarm, scope.ending ? 'versions' : undefined, scope.ending ? 'taggedFor' : undefined);
  if (record.status === 'active' || record.status === 'suspended') putOrder(scope, record);
  // Of a credential that ends it counts which keys are known, and what may still come.
  if (!scope.ending) return;
  for (const version of record.versions)
    if ('settledAtMs' in version) putFields(scope, version);
    else add(placed(scope, version.keyId));
}

/** Of what is overdue, which comes first. */
function putOrder({ nowMs }: Scope, { versions, ...record }: Living): void {
  const { lookAgainAtMs, lostUntilMs, taggedFor, holder } = record;
  const times = [
    ...versions.map((version) => ('checkAtMs' in version ? version.checkAtMs : 'deleteAtMs' in version ? version.deleteAtMs : undefined)),
    ...[lookAgainAtMs, taggedFor === holder.id ? undefined : lostUntilMs, record.status === 'active' ? record.rotateAtMs : undefined],
  ];
  const overdue = times.map((at) => (at === undefined || at >= nowMs ? undefined : at));
  if (overdue.filter((at) => at !== undefined).length < 2) return;
  const inOrder = [...new Set(overdue)].sort((a, b) => (a ?? 0) - (b ?? 0));
  for (const at of overdue) add(inOrder.indexOf(at));
}

function putOwner({ nowMs, ending }: Scope, { owners, record, commands, kill }: World, who: Person): void {
  const { id, status, epoch, sequence, offboarding } = owners[who];
  // Nothing more is to be said of the owners of one that ends; what is left is their passes, and the receipt of its holder.
  const told = !ending || commands > 0 || kill !== undefined;
  if (told || record.holder.id === id) add(codeOf(status));
  if (told) add(epoch);
  if (told) add(sequence);
  if (!offboarding) return;
  add(timed(ITEM, offboarding.nextAtMs, nowMs));
  if (!ending) add(codeOf(offboarding.cause));
}

function putKeys(scope: Scope, keys: World['keys']): void {
  for (const key of keys) {
    const { keyId, active, fresh, dead } = key;
    // That its overlap is over is as if it had had none.
    const isHeld = key.heldUntilMs !== undefined && key.heldUntilMs > scope.nowMs;
    if (scope.ending) putFields(scope, { keyId, active, fresh, dead });
    else putFields(scope, key, isHeld ? undefined : 'heldUntilMs');
  }
}

/** Steps whose calls depend on the versions as they were read, and how far those are told apart. */
const READING: readonly string[] = ['recover', 'promote', 'delete-version'];
const TOLD_APART: readonly string[] = ['attempted', 'created', 'doomed', 'current'];

function putWorker(scope: Scope, worker: Worker): void {
  const { step, fence, readAtMs, untilMs, record: read, answers, outcome } = worker;
  putFields(scope, step);
  add(fence - scope.fence);
  if (step.do === 'deny') add(timed(COMPARED_TIME, readAtMs, scope.nowMs));
  add(timed(ITEM, untilMs, scope.nowMs));
  if (step.do === 'create-version') {
    add(placed(scope, worker.attempt));
    add(read.status === 'active' && read.replacement?.heir ? 1 : 2); // who reads its value
  }
  if (outcome) {
    putFields(scope, outcome);
    if (outcome.of !== 'create-key') return; // what it was told is all in there
  }
  if (step.do === 'disable-all' || READING.includes(step.do))
    for (const version of read.versions) {
      if (step.do !== 'disable-all') add(TOLD_APART.indexOf(version.phase));
      add(placed(scope, version.phase === 'attempted' ? version.attempt : version.keyId));
    }
  put(scope, ITEM, answers);
}

/** What is denied since when, and when it is looked at again as a matter of routine, decides nothing. */
function putKill({ nowMs }: Scope, { owners, record }: World, { list, policy, workers, pages, confirmed }: Kill): void {
  const text: (string | number | undefined)[] = [];
  const time = (at: EpochMs | undefined): string => (at === undefined ? '' : `${timed(ITEM, at, nowMs)}`);
  for (const who of PERSONS) {
    const { id, killed, killWork } = owners[who];
    text.push(
      killed
        ? record.status === 'suspended' && record.holder.id === id && killed.atMs === record.killedAtMs
          ? 'as denied'
          : 'killed'
        : '',
    );
    if (killWork) text.push(killWork.phase, killWork.clean ? 'clean' : '', time(killWork.nextAtMs));
  }
  const { entries, rendered, lease, lostUntilMs, blocked, pruneOwed } = list;
  text.push(entries.map(({ key }) => key).join('+'), rendered ? rendered.join('+') : '?', pruneOwed ? '1' : '0');
  text.push(lease ? `${lease.step}${time(lease.untilMs)}` : '', time(lostUntilMs), time(blocked?.nextTryAtMs));
  text.push(policy.join('+'), confirmed.join('+'));
  for (const { who, killedAtMs } of pages) {
    const denied = 'killedAtMs' in record && killedAtMs === record.killedAtMs;
    text.push(who, killedAtMs === owners[who].killed?.atMs ? 'stands' : '', denied ? 'denied' : '');
  }
  for (const { fence, keys, beganAtMs, outcome } of workers)
    text.push(fence - list.fence, keys ? keys.join('+') : '?', timed(COMPARED_TIME, beganAtMs, nowMs), outcome ? said(outcome) : '');
  add(codeOf(text.join()));
}

const said = (outcome: DenyOutcome): string => `${outcome.of}${'keys' in outcome ? outcome.keys.join('+') : ''}`;

function putSecret(scope: Scope, secret: SecretVersions | undefined): void {
  if (!secret) return;
  if (scope.closing) return void add(secret.deleted ? 1 : 2);
  putFields(scope, secret, 'values');
  for (const value of secret.values) if (isMet(scope, value.attempt)) putFields(scope, value);
}

/** Attempts and keys that something still speaks of, in their order. */
function idsIn({ record, workers, flights, keys, secret }: World, closing: boolean): readonly number[] {
  const found: number[] = [];
  const meet = (id: number): void => {
    let at = found.length;
    while (at > 0 && (found[at - 1] ?? 0) > id) at -= 1;
    if (found[at - 1] !== id) found.splice(at, 0, id);
  };
  const of = (text: string): void => meet(idOf(text)?.[1] ?? 0);
  for (const version of record.versions) of(version.attempt ?? (version.phase === 'attempted' ? version.attempt : version.keyId));
  for (const { attempt } of keys) of(attempt);
  for (const { step, attempt } of workers) {
    if (step.do === 'create-version') of(attempt);
    if ('keyId' in step) of(step.keyId);
  }
  for (const { call } of flights) {
    if ('attempt' in call) of(call.attempt);
    if ('keyId' in call) of(call.keyId);
    if ('to' in call && 'from' in call) {
      of(call.to);
      of(call.from ?? call.to);
    }
  }
  if (!closing && secret?.current) of(secret.current);
  if (!closing && secret?.pending) of(secret.pending);
  return found;
}
