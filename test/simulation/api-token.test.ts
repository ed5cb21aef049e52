import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { memoryLedger } from '../../lib/adapters/memory/ledger.ts';
import { providerWorld } from '../../lib/adapters/memory/provider-world.ts';
import { memorySecrets } from '../../lib/adapters/memory/secrets-manager.ts';
import { memoryTokenStore } from '../../lib/adapters/memory/token-store.ts';
import { memoryWake } from '../../lib/adapters/memory/wake.ts';
import type { Connector } from '../../lib/application/ports.ts';
import { appendCredential, command } from '../../lib/application/record.ts';
import type { TokenStore } from '../../lib/application/token-store.ts';
import { workOnCredential } from '../../lib/application/work-credential.ts';
import { verifyToken } from '../../lib/client/verify-token.ts';
import { apiTokenConnector } from '../../lib/connectors/api-token/connector.ts';
import { decide } from '../../lib/domain/credential/decide.ts';
import { dueAtMs } from '../../lib/domain/credential/next-step.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import { Fault } from '../../lib/domain/faults.ts';
import { DEFAULT_TIMING } from '../../lib/domain/timing.ts';
import { tokenIdOf } from '../../lib/domain/token/format.ts';
import { type EpochMs, plusMs } from '../../lib/domain/types.ts';
import { ACCOUNT, credentialOf } from '../contract/connector-conformance.ts';
import { ACTIVE_OWNER, KEYRING } from '../unit/token/given-tokens.ts';
import { FAULT_KINDS, type FaultKind, type FaultPlan, faultLine, Killed, LANDS_WITHIN_MS } from './port-faults.ts';

const CONTEXT = { actor: { kind: 'person', id: 'x' }, cause: 'x', correlationId: 'x', policyDigest: 'd' } as const;
const ROTATION = { everyMs: 86_400_000, overlapMs: 600_000, hardLimitMs: 3_600_000, regretMs: 1_200_000, stillInUse: 'extend' } as const;
const MAX_ROUNDS = 600;
const MAX_PAUSE_MS = 45_000;

/** Chance that is none, so that a run is the same each time. */
const counted = () => {
  let count = 0;
  return (bytes: number): Uint8Array => {
    count += 1;
    return createHash('sha256').update(String(count)).digest().subarray(0, bytes);
  };
};

/** A token is issued, rotated and revoked, through these faults; gives what was wrong on the way, and the calls that were made. */
async function live(plan: FaultPlan, plant: (real: Connector, store: TokenStore) => Connector = (real) => real) {
  let nowMs = 1_700_000_000_000 as EpochMs;
  const clock = { now: () => nowMs };
  const faults = faultLine(plan, clock.now, () => LANDS_WITHIN_MS - 1_000);
  const [ledger, store, world] = [memoryLedger(), memoryTokenStore(), providerWorld()];
  let made = 0;
  const next = (length: number): string => {
    made += 1;
    return String(made).padStart(length, '0');
  };
  const ids = { ulid: () => next(26), uuid: () => `00000000-0000-4000-8000-${next(12)}` };
  const base = { ledger, clock, ids, timing: DEFAULT_TIMING, policyDigest: 'd', wake: memoryWake(clock) };
  const tokens = { keyring: async () => KEYRING, account: ACCOUNT, randomBytes: counted() };
  const connector = plant(apiTokenConnector({ ...tokens, store: faults.wrap('store', store) }), store);
  const work = workOnCredential({
    ...base,
    ledger: faults.wrap('ledger', ledger),
    connector: faults.wrap('connector', connector),
    secrets: faults.wrap('secrets', memorySecrets(world, clock)),
    requestTimeoutMs: 10_000,
  });
  const { id, holder, grant } = credentialOf('api-token');
  const asked = decide(undefined, { type: 'request', id, holder, grant, rotation: ROTATION }, nowMs, DEFAULT_TIMING);
  if (!asked.ok) throw new Error(asked.why);
  await appendCredential(base, undefined, asked.events, CONTEXT);

  const stateOf = (): Credential => {
    const record = ledger.credentials.get(id);
    if (!record) throw new Error('no record');
    return record.state;
  };
  const verify = verifyToken({
    reader: { token: store.read, owner: async () => ACTIVE_OWNER },
    keyring: async () => KEYRING,
    environment: grant.environment,
    now: clock.now,
  });
  const works = async (label: 'AWSCURRENT' | 'AWSPREVIOUS'): Promise<boolean> => {
    const secret = world.secrets.get(grant.secretName);
    const value = secret?.versions.get(secret.labels.get(label) ?? ('' as never));
    return value !== undefined && (await verify(JSON.parse(value.value).token, 'orders:read')).ok;
  };
  const wrong: string[] = [];
  const look = async (): Promise<void> => {
    const state = stateOf();
    const versions = [...store.records.values()].flatMap((record) => record.versions);
    if (versions.length > 2) wrong.push('2: more than two versions');
    for (const { attempt } of versions) if (!state.attempts.includes(attempt)) wrong.push('1: a token without its attempt on record');
    if (state.status === 'active' && !(await works('AWSCURRENT'))) wrong.push('4: AWSCURRENT does not work');
    const overlaps = state.versions.some((version) => version.phase === 'retiring' && version.checkAtMs > nowMs);
    if (state.status === 'active' && overlaps && !(await works('AWSPREVIOUS'))) wrong.push('4: AWSPREVIOUS does not work in the overlap');
  };
  const survive = (act: () => Promise<unknown>): Promise<void> =>
    new Promise((resolve, reject) => {
      const stop = faults.onPark(() => resolve());
      act()
        .then(
          () => resolve(),
          (error: unknown) => {
            const expected =
              error instanceof Killed || error instanceof Fault || (error instanceof Error && error.message.endsWith('connection lost'));
            if (expected) resolve();
            else reject(error);
          },
        )
        .finally(stop);
    });
  const until = async (what: string, reached: (state: Credential) => boolean): Promise<void> => {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      await survive(() => work(id, plusMs(nowMs, 40_000)));
      await look();
      if (reached(stateOf())) return;
      const due = dueAtMs(stateOf(), nowMs) ?? nowMs;
      nowMs = plusMs(nowMs, Math.min(MAX_PAUSE_MS, Math.max(1_000, due - nowMs)));
      await faults.land(nowMs);
      await look();
    }
    wrong.push(`never ${what}: ${stateOf().status} ${stateOf().versions.map(({ phase }) => phase)} ${stateOf().blocked?.code ?? ''}`);
  };
  const order = (type: 'rotate' | 'revoke') => command(base, id, type === 'rotate' ? { type } : { type, cause: 'requested' }, CONTEXT);

  await until('active', ({ status }) => status !== 'provisioning');
  const [first] = stateOf().versions;
  await order('rotate');
  await until(
    'rotated',
    ({ versions }) => versions.length === 1 && versions[0]?.phase === 'current' && versions[0].attempt !== first?.attempt,
  );
  await order('revoke');
  await until('revoked', ({ status }) => status === 'revoked');
  nowMs = plusMs(nowMs, LANDS_WITHIN_MS); // whatever is still out lands now
  await faults.land(nowMs);
  const [record] = store.records.values();
  if (!record?.removed || record.versions.length > 0) wrong.push('15: a receipt, and a token is still there');
  if ((await store.usesOf(KEYRING.current)) !== 0) wrong.push('a key is counted as needed by nobody');
  return { wrong: [...new Set(wrong)], calls: faults.calls(), reached: faults.reached };
}

const at =
  (fault: number, kind: FaultKind): FaultPlan =>
  (n) =>
    n === fault ? kind : undefined;

describe('the life of a token: issued, rotated, revoked', () => {
  it('is as it should be when nothing goes wrong', async () => {
    const { wrong, reached } = await live(() => undefined);
    expect(wrong).toEqual([]);
    const calls = [
      'ensureAccount',
      'createVersion',
      'verify',
      'disableVersion',
      'deleteVersion',
      'deny',
      'listVersions',
      'removeAccount',
      'accountExists',
    ];
    for (const call of calls) expect(reached.get(`connector.${call}`), call).toBeGreaterThan(0);
    expect(reached.get('connector.lastUsed')).toBeUndefined();
  });

  it.each(FAULT_KINDS)('and with a fault at any one of its calls: %s', async (kind) => {
    const { calls } = await live(() => undefined);
    expect(calls).toBeGreaterThan(80);
    for (let n = 0; n < calls; n += 1) expect((await live(at(n, kind))).wrong, `${kind} at call ${n}`).toEqual([]);
  });

  it('and with a second fault in what mends the first', async () => {
    const { calls } = await live(() => undefined);
    const pairs = FAULT_KINDS.filter((kind) => kind !== 'throttle');
    for (let n = 0; n < calls; n += 7)
      for (const [first, second] of pairs.flatMap((one) => pairs.map((two) => [one, two] as const))) {
        const plan: FaultPlan = (call) => (call === n ? first : call === n + 2 ? second : undefined);
        expect((await live(plan)).wrong, `${first} at ${n}, ${second} two later`).toEqual([]);
      }
  });

  it('a record that lets a late creation in is found out', async () => {
    const unfenced = (real: Connector, store: TokenStore): Connector => ({
      ...real,
      createVersion: async (credential, attempt) => {
        const record = await store.read(tokenIdOf(credential.id));
        return real.createVersion({ ...credential, fence: record?.fence ?? credential.fence }, attempt);
      },
    });
    const { calls, wrong } = await live(() => undefined, unfenced);
    expect(wrong).toEqual([]); // without a fault it makes no difference
    const found: string[] = [];
    for (let n = 0; n < calls; n += 1) found.push(...(await live(at(n, 'late'), unfenced)).wrong);
    expect(found).toContain('4: AWSCURRENT does not work');
  });
});
