import { memoryIam } from '../lib/adapters/memory/iam.ts';
import { type ProviderWorld, plainSend, type Send } from '../lib/adapters/memory/provider-world.ts';
import { memorySecrets } from '../lib/adapters/memory/secrets-manager.ts';
import type { WorkItem } from '../lib/application/ports.ts';
import { sweepDue } from '../lib/application/sweep-due.ts';
import { workOnCredential } from '../lib/application/work-credential.ts';
import { Fault } from '../lib/domain/faults.ts';
import { type CredentialId, type KeyId, plusMs } from '../lib/domain/types.ts';
import type { Given } from '../test/given-work.ts';

const LATENCY_MS = 150;
/** What a function may still begin a step in: its time-out less what it keeps for recording. */
const RUN_MS = 40_000;
const SWEEP_EVERY_MS = 60_000;
/** The SDK's way to repeat what was throttled: three tries, up to 1 s and up to 2 s between them, while its budget lasts. */
const SDK = { tries: 3, baseMs: 500, budget: 500, cost: 5 };
/** STS takes hundreds of calls a second. */
const NOT_LIMITED = ['GetCallerIdentity'];

/** How a stack works on the records of one queue. */
export interface Setup {
  /** Functions that run at a time, and records that each of them takes at a time. */
  readonly functions: number;
  readonly batch: number;
}

/** What the control plane takes: so many calls a second on end, and so many at once after a pause. */
export interface Limit {
  readonly perSecond: number;
  readonly burst: number;
}

/** A clock that goes to the next thing that happens, and what waits for it. */
function virtualTime({ clock, pass }: Given) {
  const timers: { readonly atMs: number; readonly go: () => void }[] = [];
  const sleep = (ms: number): Promise<void> =>
    new Promise((go) => {
      const atMs = clock.now() + ms;
      let index = timers.length;
      while (index > 0 && (timers[index - 1]?.atMs ?? 0) > atMs) index -= 1;
      timers.splice(index, 0, { atMs, go });
    });
  const runUntil = async (enough: () => boolean): Promise<void> => {
    while (!enough()) {
      await new Promise(setImmediate); // everything in between is in memory: by now all of it waits for the clock
      const next = timers.shift();
      if (!next) throw new Error('nothing is left that could happen');
      pass(next.atMs - clock.now());
      next.go();
    }
  };
  return { sleep, runUntil };
}

/** Reproducible, and even enough for a spread. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** An account whose IAM takes no more than `limit`, with functions that work on its records as SQS hands them out. */
export function throttledAccount(ports: Given, world: ProviderWorld, limit: Limit, { functions, batch }: Setup) {
  const { clock } = ports;
  const time = virtualTime(ports);
  const counts = { asked: 0, throttled: 0 };
  let tokens = limit.burst;
  let countedAtMs = clock.now();
  const takes = (): boolean => {
    tokens = Math.min(limit.burst, tokens + ((clock.now() - countedAtMs) * limit.perSecond) / 1_000);
    countedAtMs = clock.now();
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };

  /** One function's client of IAM: it repeats what may be repeated. */
  const iamClient = (random: () => number): Send => {
    let budget = SDK.budget;
    return async (operation, repeatable, act) => {
      for (let tries = 1; ; tries += 1) {
        await time.sleep(LATENCY_MS);
        if (NOT_LIMITED.includes(operation)) return act();
        counts.asked += 1;
        if (takes()) {
          budget = Math.min(SDK.budget, budget + (tries > 1 ? SDK.cost : 1));
          return act();
        }
        counts.throttled += 1;
        if (!repeatable || tries >= SDK.tries || budget < SDK.cost) throw new Fault('provider-throttled', true, operation);
        budget -= SDK.cost;
        await time.sleep(random() * 2 ** tries * SDK.baseMs);
      }
    };
  };
  const secretsClient: Send = async (...call) => {
    await time.sleep(LATENCY_MS);
    return plainSend(...call);
  };

  const waiting: WorkItem[] = [];
  const idle: (() => void)[] = [];
  const queued = (item: WorkItem): void => {
    waiting.push(item);
    idle.shift()?.();
  };
  /** A fair queue, with all but the denies in one group, which takes nearly all of the time: what is in none goes first. */
  const received = (): readonly CredentialId[] => {
    const first = waiting.filter(({ denies }) => denies).slice(0, batch);
    const taken = [...first, ...waiting.filter(({ denies }) => !denies).slice(0, batch - first.length)];
    for (const item of taken) waiting.splice(waiting.indexOf(item), 1);
    return taken.map(({ id }) => id as CredentialId);
  };
  const wake = {
    send: async (item: WorkItem, delayMs: number) => {
      if (delayMs <= 0) queued(item);
      else void time.sleep(Math.ceil(delayMs / 1_000) * 1_000).then(() => queued(item)); // SQS delays by whole seconds
    },
    depth: async () => waiting.length,
  };
  let keys = 0;
  const newKeyId = (): string => {
    keys += 1;
    return `AKIA${keys}` as KeyId;
  };
  const functionThatWorks = async (seed: number): Promise<void> => {
    const connector = memoryIam(world, clock, newKeyId, iamClient(dice(seed)));
    const secrets = memorySecrets(world, clock, secretsClient);
    const work = workOnCredential({ ...ports, wake, connector, secrets, requestTimeoutMs: 10_000 });
    for (;;) {
      const ids = received();
      if (ids.length === 0) await new Promise<void>((go) => idle.push(go));
      await Promise.all(ids.map((id) => work(id, plusMs(clock.now(), RUN_MS))));
    }
  };
  const sweeping = async (): Promise<void> => {
    for (;;) {
      await time.sleep(SWEEP_EVERY_MS);
      await sweepDue({ ledger: ports.ledger, wake, clock, queues: ['aws-iam-user'] })();
    }
  };
  let broken: unknown;
  const start = (): void => {
    const parts = [sweeping(), ...Array.from({ length: functions }, (_, seed) => functionThatWorks(seed + 1))];
    for (const part of parts)
      part.catch((error: unknown) => {
        broken ??= error;
      });
  };
  const runUntil = async (enough: () => boolean): Promise<void> => {
    await time.runUntil(() => broken !== undefined || enough());
    if (broken !== undefined) throw broken;
  };
  return { wake, counts, start, runUntil, sleep: time.sleep };
}
