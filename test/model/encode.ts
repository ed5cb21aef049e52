import type { Credential } from '../../lib/domain/credential/state.ts';
import type { DenyOutcome } from '../../lib/domain/deny-list.ts';
import type { Owner } from '../../lib/domain/owner/state.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { HORIZON, type Kill, numberOf, PERSONS, type SecretVersions, TICK, type Worker, type World } from './world.ts';

/** For the record's history only: nothing is decided by them. */
const TOLD = new Set([
  'id',
  'grant',
  'rotation',
  'requestedAtMs',
  'activeSinceMs',
  'sinceMs',
  'receipt',
  'attempts',
  'verifiedAtMs',
  'correlationId',
  'why',
  'cause',
  'rung',
  'code',
  'tally',
  'pass',
  'converged',
  'occurredAtMs',
  'receivedAtMs',
  'attributes',
  'nextAttempt',
  'record',
  'line',
  'from',
]);
/** Only whether they are there counts. */
const WHETHER = new Set(['cutOffAtMs', 'deniedAtMs', 'secretClosedAtMs', 'succession']);
const FENCES = new Set(['fence', 'lifting']);
/** Times that are compared with others that have passed; of any other that has passed only that counts. */
const COMPARED = new Set(['denyAtMs', 'givingBackUntilMs', 'readAtMs', 'startedAtMs']);
/** What is further in the past than this can't be told from it: nobody who began then is still at it. */
const PAST = 3 * TICK;
const LEAST_TIME = 1_000 * TICK;

/** Names of fields, in the order they were first seen in: the same string for the same content, however it came about. */
const known = new Map<string, string[]>();
const namesOf = (kind: string, value: object): readonly string[] => {
  const names = known.get(kind) ?? [];
  for (const name in value) if (!names.includes(name)) names.push(name);
  known.set(kind, names);
  return names;
};

/** What the text of a part depends on besides the part. */
interface Scope {
  readonly nowMs: EpochMs;
  readonly fence: number;
  readonly ranks: ReadonlyMap<string, string>;
  /** All of that in a string. */
  readonly key: string;
}

function put(scope: Scope, parts: string[], name: string, value: unknown): void {
  if (value === undefined || TOLD.has(name)) return;
  if (WHETHER.has(name)) return void parts.push(name, '!');
  if (typeof value === 'number')
    return void parts.push(name, FENCES.has(name) ? `${value - scope.fence}` : timed(name, value, scope.nowMs));
  if (typeof value === 'string') return void parts.push(name, scope.ranks.get(value) ?? value);
  if (typeof value === 'boolean') return void parts.push(name, value ? '1' : '0');
  if (value === null || typeof value !== 'object') return;
  parts.push(name, '(');
  if (Array.isArray(value)) for (const item of value) put(scope, parts, '', item);
  else for (const field of namesOf(name, value)) put(scope, parts, field, (value as Readonly<Record<string, unknown>>)[field]);
  parts.push(')');
}

/** One number for all worlds that differ only in the time of day, in the numbering of attempts and leases, and in the order of workers. */
export function fingerprint(world: World): number {
  const { nowMs, record, owners, workers, flights, user, keys, secret, burnt } = world;
  const { fence } = record;
  const ending = record.status === 'revoking' || record.status === 'revoked';
  const ids = idsIn(world);
  const key = `${nowMs}/${fence}/${ending ? 1 : 0}/${ids.join()}`;
  const scope: Scope = { nowMs, fence, ranks: ranksOf(ids), key };
  const of = (part: object, write: (parts: string[]) => void): Lanes => remembered(scope, part, write);
  const sum: Lanes = { high: 0xdeadbeef, low: 0x41c6ce57 };
  fold(
    sum,
    of(record, (parts) => putRecord(scope, parts, record, ending)),
  );
  for (const who of PERSONS)
    fold(
      sum,
      of(owners[who], (parts) => putOwner(scope, parts, owners[who])),
    );
  const told = workers.map((worker) => of(worker, (parts) => putWorker(scope, parts, worker)));
  for (const lanes of told.sort((a, b) => a.high - b.high || a.low - b.low)) fold(sum, lanes);
  for (const flight of flights)
    fold(
      sum,
      of(flight, (parts) => put(scope, parts, 'flight', flight)),
    );
  const shown = ending ? keys.map(({ keyId, active, fresh }) => ({ keyId, active, fresh })) : keys;
  fold(
    sum,
    of(keys, (parts) => put(scope, parts, 'keys', shown)),
  );
  if (secret)
    fold(
      sum,
      of(secret, (parts) => putSecret(scope, parts, secret)),
    );
  const rest: string[] = [];
  put(scope, rest, 'user', user);
  if (!(record.status === 'revoking' && record.cutOffAtMs !== undefined)) {
    const still = burnt.filter((attempt) => scope.ranks.has(attempt));
    put(scope, rest, 'burnt', still);
  }
  if (world.kill) putKill(scope, rest, world, world.kill);
  rest.push(
    PERSONS.some((who) => owners[who].offboarding) ? world.onLeave : '',
    `${world.faults}${world.lates}${world.commands}`,
    `${workers.length}${flights.length}${secret ? 1 : 0}`,
    world.flaw ?? '',
  );
  fold(sum, lanesOf(rest.join()));
  return named(sum);
}

function putRecord(scope: Scope, parts: string[], record: Credential, ending: boolean): void {
  const alarm = record.status === 'revoking' ? 'deadlineMs' : undefined; // of a revocation it is nothing else
  for (const field of namesOf('credential', record))
    if (field !== alarm && !(ending && field === 'versions'))
      put(scope, parts, field, (record as unknown as Readonly<Record<string, unknown>>)[field]);
  // Of a credential that ends it counts which keys are known, and what may still come.
  if (!ending) return;
  const versions = record.versions.map((version) => ('settledAtMs' in version ? version : version.keyId));
  put(scope, parts, 'versions', versions);
}

function putOwner({ nowMs }: Scope, parts: string[], { status, epoch, sequence, offboarding }: Owner): void {
  parts.push(status, `${epoch}`, `${sequence}`);
  if (offboarding) parts.push(offboarding.admission.is, timed('', offboarding.nextAtMs, nowMs), offboarding.cause);
}

function putWorker(scope: Scope, parts: string[], worker: Worker): void {
  const { step, fence, readAtMs, untilMs, record: read, answers, outcome } = worker;
  put(scope, parts, 'step', step);
  parts.push(
    `${fence - scope.fence}`,
    step.do === 'deny' ? timed('readAtMs', readAtMs, scope.nowMs) : '',
    timed('', untilMs, scope.nowMs),
    outcome ? 'found' : '',
  );
  if (step.do === 'disable-all' || step.do === 'recover') {
    const versions = read.versions.map((version) => (version.phase === 'attempted' ? version.attempt : version.keyId));
    put(scope, parts, 'versions', versions);
  }
  put(scope, parts, 'attempt', step.do === 'create-version' ? worker.attempt : undefined);
  put(scope, parts, 'answers', answers);
  if (outcome) put(scope, parts, 'outcome', outcome);
}

/** What is denied since when, and when it is looked at again as a matter of routine, decides nothing. */
function putKill({ nowMs }: Scope, parts: string[], { owners, record }: World, { list, policy, workers, pages, confirmed }: Kill): void {
  for (const who of PERSONS) {
    const { killed, killWork } = owners[who];
    parts.push(killed ? (record.status === 'suspended' && killed.atMs === record.killedAtMs ? 'as denied' : 'killed') : '');
    if (killWork) parts.push(killWork.phase, killWork.clean ? 'clean' : '', timed('', killWork.nextAtMs, nowMs));
  }
  const { entries, rendered, lease, lostUntilMs, blocked, pruneOwed } = list;
  parts.push(entries.map(({ key }) => key).join('+'), rendered ? rendered.join('+') : '?', pruneOwed ? '1' : '0');
  parts.push(
    lease ? `${lease.step}${timed('', lease.untilMs, nowMs)}` : '',
    lostUntilMs === undefined ? '' : timed('', lostUntilMs, nowMs),
  );
  parts.push(blocked ? timed('', blocked.nextTryAtMs, nowMs) : '', policy.join('+'), confirmed.join('+'));
  for (const { who, killedAtMs } of pages)
    parts.push(
      who,
      killedAtMs === owners[who].killed?.atMs ? 'stands' : '',
      `${'killedAtMs' in record && killedAtMs === record.killedAtMs}`,
    );
  for (const { fence, keys, beganAtMs, outcome } of workers)
    parts.push(`${fence - list.fence}`, keys ? keys.join('+') : '?', timed('readAtMs', beganAtMs, nowMs), outcome ? said(outcome) : '');
}

const said = (outcome: DenyOutcome): string => `${outcome.of}${'keys' in outcome ? outcome.keys.join('+') : ''}`;

function putSecret(scope: Scope, parts: string[], { values, ...rest }: SecretVersions): void {
  put(scope, parts, 'secret', rest);
  const named = values.filter(({ attempt }) => scope.ranks.has(attempt));
  put(scope, parts, 'values', named);
}

/** A hash of 64 bits in two halves. */
interface Lanes {
  high: number;
  low: number;
}

/** Most of what can happen changes one part of a world, and leaves the others as they are: the same objects. */
const memory = new Map<object, Lanes & { readonly key: string }>();
const REMEMBERED = 10_000;

function remembered({ key }: Scope, part: object, write: (parts: string[]) => void): Lanes {
  const before = memory.get(part);
  if (before?.key === key) return before;
  const parts: string[] = [];
  write(parts);
  const lanes = { ...lanesOf(parts.join()), key };
  if (memory.size >= REMEMBERED) memory.clear();
  memory.set(part, lanes);
  return lanes;
}

/** Relative to now; a small number is none. */
const timed = (name: string, value: number, nowMs: EpochMs): string =>
  value < LEAST_TIME ? `#${value}` : `${Math.min(HORIZON, Math.max(COMPARED.has(name) ? -PAST : 0, value - nowMs))}`;

/** Attempts and keys that something still speaks of, in their order. */
function idsIn({ record, workers, flights, keys, secret }: World): readonly number[] {
  const ids = new Set<number>();
  for (const version of record.versions)
    ids.add(numberOf(version.attempt ?? (version.phase === 'attempted' ? version.attempt : version.keyId)));
  for (const { attempt } of keys) ids.add(numberOf(attempt));
  for (const { step, attempt } of workers) {
    if (step.do === 'create-version') ids.add(numberOf(attempt));
    if ('keyId' in step) ids.add(numberOf(step.keyId));
  }
  for (const { call } of flights) {
    if ('attempt' in call) ids.add(numberOf(call.attempt));
    if ('keyId' in call) ids.add(numberOf(call.keyId));
    if ('to' in call && 'from' in call) ids.add(numberOf(call.to)).add(numberOf(call.from ?? call.to));
  }
  if (secret?.current) ids.add(numberOf(secret.current));
  if (secret?.pending) ids.add(numberOf(secret.pending));
  return [...ids].sort((a, b) => a - b);
}

const ranked = new Map<string, ReadonlyMap<string, string>>();

/** Numbered from the first of them. */
function ranksOf(ids: readonly number[]): ReadonlyMap<string, string> {
  const name = ids.join();
  const before = ranked.get(name);
  if (before) return before;
  const ranks = new Map<string, string>();
  ids.forEach((id, rank) => {
    ranks.set(`a${id}`, `a${rank}`).set(`k${id}`, `k${rank}`).set(`k${id}b`, `k${rank}b`);
  });
  ranked.set(name, ranks);
  return ranks;
}

function lanesOf(text: string): Lanes {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  return stirred(high, low);
}

function fold(sum: Lanes, { high, low }: Lanes): void {
  const stir = stirred(Math.imul(sum.high ^ high, 2_654_435_761), Math.imul(sum.low ^ low, 1_597_334_677));
  sum.high = stir.high;
  sum.low = stir.low;
}

function stirred(high: number, low: number): Lanes {
  const upper = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  return { high: upper, low: Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(upper ^ (upper >>> 13), 3_266_489_909) };
}

/** 53 bits of it, so that millions of worlds fit; that two fall together is improbable (n²/2^54). */
const named = ({ high, low }: Lanes): number => 4_294_967_296 * (2_097_151 & low) + (high >>> 0);
