import { memoryIam } from '../lib/adapters/memory/iam.ts';
import { type ProviderWorld, providerWorld } from '../lib/adapters/memory/provider-world.ts';
import { memorySecrets } from '../lib/adapters/memory/secrets-manager.ts';
import { command } from '../lib/application/record.ts';
import { workOnCredential } from '../lib/application/work-credential.ts';
import type { CredentialId, EpochMs } from '../lib/domain/types.ts';
import { CONTEXT, type Given, given, requested, workUntil } from '../test/given-work.ts';
import type { Row } from './table.ts';
import { type Limit, type Setup, throttledAccount } from './throttled-account.ts';

const MANY = 500;
const URGENT = 20;
const URGENT_AFTER_MS = 10_000;
const LOOK_EVERY_MS = 1_000;
const LIMIT: Limit = { perSecond: 10, burst: 20 };
const NO_LIMIT: Limit = { perSecond: 1e9, burst: 1e9 };
/** The default of the construct, in batches of five, what it was before, and three of them. */
const DEFAULT: Setup = { functions: 2, batch: 5 };
const SETUPS: readonly Setup[] = [DEFAULT, { functions: 3, batch: 5 }, { functions: 5, batch: 5 }];

type Kind = 'issue' | 'revoke';

interface Storm {
  readonly asked: number;
  readonly throttled: number;
  readonly tookMs: number;
  /** From the command to the moment when nothing is allowed any more, the longest and the mean. */
  readonly denied: { readonly longestMs: number; readonly meanMs: number };
}

/** So many credentials that are in use, made while nobody limits anything. */
async function inUse(count: number, ports: Given, world: ProviderWorld): Promise<readonly CredentialId[]> {
  let keys = 0;
  const newKeyId = (): string => {
    keys += 1;
    return `AKIAOLD${keys}`;
  };
  const connector = memoryIam(world, ports.clock, newKeyId);
  const work = workOnCredential({ ...ports, connector, secrets: memorySecrets(world, ports.clock), requestTimeoutMs: 10_000 });
  const ids: CredentialId[] = [];
  for (let n = 0; n < count; n += 1) {
    const id = await requested(ports);
    await workUntil(ports, id, work, ({ status }) => status === 'active');
    ids.push(id);
  }
  return ids;
}

/** `revoke`: 500 revocations at once. `issue`: 500 issues at once, and in the midst of them 20 revocations. */
async function storm(kind: Kind, limit: Limit, setup: Setup): Promise<Storm> {
  const ports = given();
  const { ledger, clock } = ports;
  const world = providerWorld();
  const live = await inUse(kind === 'issue' ? URGENT : MANY, ports, world);
  const account = throttledAccount(ports, world, limit, setup);
  const startedAtMs = clock.now();
  const queue = (id: CredentialId, denies = false) => account.wake.send({ queue: 'aws-iam-user', id, ...(denies && { denies }) }, 0);
  const revokeAll = async (): Promise<void> => {
    for (const id of live) {
      await command(ports, id, { type: 'revoke', cause: 'requested' }, CONTEXT);
      await queue(id, true);
    }
  };
  const issued: CredentialId[] = [];
  if (kind === 'revoke') await revokeAll();
  else {
    for (let n = 0; n < MANY; n += 1) issued.push(await requested(ports));
    for (const id of issued) await queue(id);
    void account.sleep(URGENT_AFTER_MS).then(revokeAll);
  }
  account.start();
  let open: readonly CredentialId[] = [...live, ...issued];
  const untilAllAreDone = async (): Promise<void> => {
    while (open.length > 0) {
      await account.sleep(LOOK_EVERY_MS);
      const states = await Promise.all(open.map((id) => ledger.credential(id)));
      open = open.filter((id, index) => states[index]?.state.status !== (issued.includes(id) ? 'active' : 'revoked'));
    }
  };
  let done = false;
  void untilAllAreDone().then(() => {
    done = true;
  });
  await account.runUntil(() => done);
  const from = kind === 'issue' ? startedAtMs + URGENT_AFTER_MS : startedAtMs;
  const waits = await Promise.all(live.map(async (id) => (await deniedAtMs(ports, id)) - from));
  const meanMs = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  return { ...account.counts, tookMs: clock.now() - startedAtMs, denied: { longestMs: Math.max(...waits), meanMs } };
}

async function deniedAtMs({ ledger }: Given, id: CredentialId): Promise<EpochMs> {
  for (const { data } of await ledger.events(id)) if (data.type === 'AccessDenied') return data.atMs;
  throw new Error(`${id} was never denied`);
}

async function rowOf(kind: Kind, setup: Setup): Promise<Row> {
  const needed = (await storm(kind, NO_LIMIT, setup)).asked;
  const { asked, throttled, tookMs, denied } = await storm(kind, LIMIT, setup);
  const idealMs = ((needed - LIMIT.burst) / LIMIT.perSecond) * 1_000;
  const [waste, pace] = [asked / needed, tookMs / idealMs];
  const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
  return {
    what: `${MANY} ${kind === 'issue' ? 'issues' : 'revocations'} at once, ${setup.functions * setup.batch} records at a time`,
    ...BARS[setup === DEFAULT ? kind : 'other'](waste, pace, denied.longestMs),
    measured: `calls × ${waste.toFixed(1)}, time × ${pace.toFixed(1)}, denied within ${seconds(denied.longestMs)}`,
    note: [
      `IAM takes ${LIMIT.perSecond} calls a second, ${LIMIT.burst} at once; ${needed} needed, ${asked} made, ${Math.round((100 * throttled) / asked)} % throttled.`,
      `Denies: ${live(kind)}, on average after ${seconds(denied.meanMs)}. The real worker and sweep on a clock that is not real`,
    ].join(' '),
  };
}

const live = (kind: Kind): string => (kind === 'issue' ? `${URGENT} that come in the midst` : `all ${MANY}`);

type Judged = Pick<Row, 'bar' | 'holds'>;
/** Only the default is held to something; what other values bring is there to choose by. */
const BARS: Readonly<Record<Kind | 'other', (waste: number, pace: number, longestMs: number) => Judged>> = {
  issue: (waste, pace, longestMs) => ({
    bar: 'calls ≤ × 2, time ≤ × 2, denied within 15 s',
    holds: waste <= 2 && pace <= 2 && longestMs <= 15_000,
  }),
  revoke: (waste, pace, longestMs) => ({
    bar: 'calls ≤ × 2.5, time ≤ × 2, denied within 90 s',
    holds: waste <= 2.5 && pace <= 2 && longestMs <= 90_000,
  }),
  other: () => ({ bar: '(to compare)', holds: true }),
};

/** Far more due at once than an account's control plane takes. */
export async function throttled(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const setup of SETUPS) for (const kind of ['issue', 'revoke'] as const) rows.push(await rowOf(kind, setup));
  return rows;
}
