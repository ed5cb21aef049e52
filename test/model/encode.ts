import type { EpochMs } from '../../lib/domain/types.ts';
import { HORIZON, numberOf, PERSONS, TICK, type World } from './world.ts';

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
const WHETHER = new Set(['cutOffAtMs', 'deniedAtMs', 'succession']);
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

/** One string for all worlds that differ only in the time of day and in the numbering of attempts and leases. */
export function encode(world: World): string {
  const { nowMs, record, owners, workers, flights, user, keys, secret, burnt } = world;
  const ranks = rankIds(world);
  const parts: string[] = [];
  const put = (name: string, value: unknown): void => {
    if (value === undefined || TOLD.has(name)) return;
    if (WHETHER.has(name)) return void parts.push(name, '!');
    if (typeof value === 'number') return void parts.push(name, FENCES.has(name) ? `${value - record.fence}` : timed(name, value, nowMs));
    if (typeof value === 'string') return void parts.push(name, ranks.get(value) ?? value);
    if (typeof value === 'boolean') return void parts.push(name, value ? '1' : '0');
    if (value === null || typeof value !== 'object') return;
    parts.push(name, '(');
    if (Array.isArray(value)) for (const item of value) put('', item);
    else for (const field of namesOf(name, value)) put(field, (value as Readonly<Record<string, unknown>>)[field]);
    parts.push(')');
  };
  const alarm = record.status === 'revoking' ? 'deadlineMs' : undefined; // of a revocation it is nothing else
  const ending = record.status === 'revoking' || record.status === 'revoked';
  for (const field of namesOf('credential', record))
    if (field !== alarm && !(ending && field === 'versions')) put(field, (record as unknown as Readonly<Record<string, unknown>>)[field]);
  // Of a credential that ends it counts which keys are known, and what may still come.
  if (ending)
    put(
      'versions',
      record.versions.map((version) => ('settledAtMs' in version ? version : version.keyId)),
    );
  for (const who of ['L', 'S'] as const) {
    const { status, epoch, sequence, offboarding } = owners[who];
    parts.push(status, `${epoch}`, `${sequence}`);
    if (offboarding) parts.push(offboarding.admission.is, timed('', offboarding.nextAtMs, nowMs), offboarding.cause);
  }
  const told = workers.map((worker) => {
    const from = parts.length;
    const { step, fence, readAtMs, untilMs, record: read, answers, outcome } = worker;
    put('step', step);
    parts.push(
      `${fence - record.fence}`,
      step.do === 'deny' ? timed('readAtMs', readAtMs, nowMs) : '',
      timed('', untilMs, nowMs),
      outcome ? 'found' : '',
    );
    if (step.do === 'disable-all' || step.do === 'recover')
      put(
        'versions',
        read.versions.map((version) => (version.phase === 'attempted' ? version.attempt : version.keyId)),
      );
    put('attempt', step.do === 'create-version' ? worker.attempt : undefined);
    put('answers', answers);
    if (outcome) put('outcome', outcome);
    return parts.splice(from).join(',');
  });
  parts.push(...told.sort());
  put('flights', flights);
  put('user', user);
  put('keys', ending ? keys.map(({ keyId, active, fresh }) => ({ keyId, active, fresh })) : keys);
  if (secret) {
    const { values, ...rest } = secret;
    put('secret', rest);
    put(
      'values',
      values.filter(({ attempt }) => ranks.has(attempt)),
    );
  }
  if (!(record.status === 'revoking' && record.cutOffAtMs !== undefined))
    put(
      'burnt',
      burnt.filter((attempt) => ranks.has(attempt)),
    );
  parts.push(
    PERSONS.some((who) => owners[who].offboarding) ? world.onLeave : '',
    `${world.faults}${world.lates}${world.commands}`,
    world.flaw ?? '',
  );
  return parts.join(',');
}

/** Relative to now; a small number is none. */
const timed = (name: string, value: number, nowMs: EpochMs): string =>
  value < LEAST_TIME ? `#${value}` : `${Math.min(HORIZON, Math.max(COMPARED.has(name) ? -PAST : 0, value - nowMs))}`;

/** Attempts and keys that something still speaks of, numbered in their order. */
function rankIds({ record, workers, flights, keys, secret }: World): ReadonlyMap<string, string> {
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
  const ranks = new Map<string, string>();
  [...ids]
    .sort((a, b) => a - b)
    .forEach((id, rank) => {
      ranks.set(`a${id}`, `a${rank}`).set(`k${id}`, `k${rank}`).set(`k${id}b`, `k${rank}b`);
    });
  return ranks;
}

/** 53 bits of hash instead of the string, so that millions of worlds fit; that two fall together is improbable (n²/2^54). */
export function hashOf(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0);
}
