import { beforeEach, describe, expect, it } from 'vitest';
import type { CredentialId, EpochMs } from '../../../lib/domain/types.ts';
import { type Company, company, keysOf, person, SECURITY, statuses } from './killing.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** From the command or the deadline to the last of a handover: overlap, usage lag and settling. */
const HANDED_ON_MS = 2 * HOUR_MS;
const ROTATION = { everyMs: 90 * DAY_MS, overlapMs: 60_000, hardLimitMs: HOUR_MS, regretMs: HOUR_MS, stillInUse: 'disable' } as const;

let here: Company;
beforeEach(async () => {
  const profile = { onLeave: { action: 'transfer', overlapMs: 60_000, regretMs: HOUR_MS }, rotation: ROTATION } as const;
  here = company(profile, undefined, { steward: 'hr:900', acceptWithinMs: 6 * HOUR_MS });
  for (const subject of ['1', '2', '3', '900', '901']) await here.fact(subject, 'Joined', 1);
  await here.request('1', 'a');
  await here.pass(60_000);
  expect(statuses(here)).toEqual(['active']);
});

const the = () => {
  const [credential] = here.credentials();
  if (!credential) throw new Error('nothing there');
  return credential;
};
const holder = (): string | undefined => [...here.ledger.owners.values()].find(({ state }) => state.id === the().holder.id)?.state.subject;
const causes = async (type: string): Promise<readonly string[]> =>
  (await here.ledger.events(the().id)).flatMap((event) => (event.type === type ? [event.cause] : []));
const by = (subject: string, verb: 'accept' | 'refuse' | 'transfer', to?: string) =>
  here.change(person(subject, ['request']), 'arn', the().id as CredentialId, { verb, reason: 'x', to });

describe('a handover that nobody accepts', () => {
  it('goes on up the succession, with new keys each time, and stays with the last who could take it, where it is escalated', async () => {
    await here.fact('1', 'Left', 2);
    await here.pass(HANDED_ON_MS);
    expect(holder()).toBe('2');
    const seen = keysOf(here, '2');
    await here.pass(6 * HOUR_MS + HANDED_ON_MS);
    expect(holder()).toBe('3');
    expect(here.working()).toHaveLength(1);
    expect(seen).not.toContain(here.working()[0]);
    await here.pass(6 * HOUR_MS + HANDED_ON_MS);
    expect([holder(), await causes('SuccessionEscalated')]).toEqual(['900', []]);
    await here.pass(6 * HOUR_MS + HANDED_ON_MS);
    const [cause] = await causes('SuccessionEscalated');
    expect(cause).toMatch(/^not accepted in time; passed over .*hr:2.*hr:3.*hr:900.*; nobody else can take it over$/);
    const before = here.ledger.credentials.get(the().id)?.version;
    await here.pass(3 * DAY_MS);
    expect([holder(), the().status, here.ledger.credentials.get(the().id)?.version]).toEqual(['900', 'active', before]);
    expect(here.working()).toHaveLength(1);
    expect(await by('900', 'accept')).toMatchObject({ ok: true });
  });

  it('does not go on once it is accepted', async () => {
    await here.fact('1', 'Left', 2);
    await here.pass(HANDED_ON_MS);
    expect(await by('2', 'accept')).toMatchObject({ ok: true });
    await here.pass(2 * DAY_MS);
    expect(holder()).toBe('2');
  });

  it('that somebody ordered goes back to who had it before', async () => {
    expect(await by('1', 'transfer', 'hr:2')).toMatchObject({ ok: true });
    await here.pass(HANDED_ON_MS);
    expect(holder()).toBe('2');
    await here.pass(6 * HOUR_MS + HANDED_ON_MS);
    expect(holder()).toBe('1');
    expect(the().succession).toMatchObject({ cause: 'not-accepted', rung: 'chosen' });
  });

  it('passes over who leaves at the very moment it would have gone to them', async () => {
    await here.fact('1', 'Left', 2);
    await here.pass(HANDED_ON_MS);
    const { appendCredential } = here.ledger;
    let leaves = true;
    Object.assign(here.ledger, {
      appendCredential: async (append: Parameters<typeof appendCredential>[0]) => {
        if (leaves && append.envelopes.some(({ data }) => data.type === 'ReplacementStarted')) {
          leaves = false;
          await here.fact('3', 'Left', 2);
        }
        return appendCredential(append);
      },
    });
    await here.pass(6 * HOUR_MS + HANDED_ON_MS);
    expect([leaves, holder()]).toEqual([false, '900']);
  });

  it('is killed, suspended or revoked as any other, and is no longer followed up where that ends it', async () => {
    await here.fact('1', 'Left', 2);
    await here.pass(HANDED_ON_MS);
    await here.kill(SECURITY, '2');
    await here.pass(2 * DAY_MS);
    expect([holder(), statuses(here)]).toEqual(['2', ['killed']]);
    await here.unkill(SECURITY, '2');
    await here.pass(6 * HOUR_MS);
    expect(holder()).toBe('3'); // its time had passed meanwhile
    expect((the().succession?.acceptByMs ?? 0) > (here.now() as EpochMs)).toBe(true);
  });
});
