import { describe, expect, it } from 'vitest';
import { Fault } from '../../../lib/domain/faults.ts';
import { type Between, company, founded, onList, SECOND, SECURITY, statuses, watch } from './killing.ts';

/** `late`: nobody gets an answer, and it takes effect when it can land no later. */
const KINDS = ['before', 'after', 'throttle', 'died-before', 'died-after', 'late'] as const;
type Kind = (typeof KINDS)[number];

/** The ledger, or the queue, gave no answer. */
class Lost extends Error {}

const MINUTE_MS = 60_000;
/** A list's lease and the settle time: no call lands later. */
const LANDS_WITHIN_MS = 75_000;

/** The process is gone. */
class Died extends Error {}

/** One fault, at call `nth` after it is armed. */
function withFault(nth: number, kind: Kind) {
  const calls = { armed: false, seen: 0 };
  const parked: { readonly atMs: number; readonly act: () => Promise<unknown> }[] = [];
  const fail = async (site: string, act: () => Promise<unknown>): Promise<never> => {
    if (kind === 'after' || kind === 'died-after') await act();
    if (kind === 'late') parked.push({ atMs: here.now() + LANDS_WITHIN_MS, act });
    if (kind.startsWith('died')) throw new Died();
    if (/^(ledger|wake)/.test(site)) throw new Lost(site);
    throw kind === 'throttle' ? new Fault('provider-throttled', true, site) : new Fault('provider-unknown', true, site);
  };
  const between: Between = {
    call: (site, act) => {
      if (calls.armed) calls.seen += 1;
      return calls.armed && calls.seen - 1 === nth ? fail(site, act) : act();
    },
    survives: (error) => error instanceof Died || error instanceof Lost || error instanceof Fault,
    land: async (nowMs) => {
      const [late] = parked;
      if (!late || late.atMs > nowMs) return;
      parked.length = 0;
      await late.act().catch(() => undefined); // nobody waits for its answer any more
    },
  };
  const here = company({}, between);
  return { here, calls };
}

/** Killed, lifted, killed again while what was denied comes back, and lifted for good. */
async function life({ here, calls }: ReturnType<typeof withFault>): Promise<void> {
  await founded(here);
  watch(here);
  calls.armed = true;
  await here.insistOn('kill', SECURITY, '1');
  await here.pass(5 * MINUTE_MS);
  expect([here.owner('1')?.killWork, onList(here, '1'), here.working().length]).toEqual([undefined, false, 1]);
  await here.insistOn('unkill', SECURITY, '1');
  await here.pass(160_000); // the denies have just been taken off, or are about to be
  await here.insistOn('kill', SECOND, '1');
  await here.pass(8 * MINUTE_MS);
  expect([here.owner('1')?.killWork, onList(here, '1'), here.working().length]).toEqual([undefined, false, 1]);
  await here.insistOn('unkill', SECOND, '1');
  await here.pass(10 * MINUTE_MS);
  expect(statuses(here)).toEqual(['active', 'active', 'active']);
  expect([here.owner('1')?.killed, here.owner('1')?.killWork, here.working().length]).toEqual([undefined, undefined, 3]);
}

describe('a kill, its lifting, and both again', () => {
  it.each(KINDS)('end as they should with one call that goes wrong, whichever it is: %s', async (kind) => {
    let calls = 1;
    for (let nth = 0; nth < calls; nth += 1) {
      const armed = withFault(nth, kind);
      await life(armed).catch((error: unknown) => {
        throw new Error(`call ${nth}, ${kind}: ${error instanceof Error ? error.message : error}`, { cause: error });
      });
      calls = Math.max(calls, armed.calls.seen);
    }
    expect(calls).toBeGreaterThan(100);
  });
});
