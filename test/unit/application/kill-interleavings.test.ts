import { describe, expect, it } from 'vitest';
import type { Profile } from '../../../lib/domain/policy.ts';
import { type Between, type Company, company, founded, keysOf, onList, SECOND, SECURITY, statuses, watch } from './killing.ts';

const MINUTE_MS = 60_000;
const TO_AN_HEIR = { onLeave: { action: 'transfer', overlapMs: 0, regretMs: 0 } } as const satisfies Partial<Profile>;

/** Everything else stands still while `act` is done before call `nth`. */
function interrupted(profile: Partial<Profile>, nth: number, act: (here: Company) => Promise<unknown>) {
  const calls = { armed: false, seen: 0 };
  const between: Between = {
    call: async (_, go) => {
      if (calls.armed) calls.seen += 1;
      if (calls.armed && calls.seen - 1 === nth) await act(here);
      return go();
    },
    survives: () => false,
    land: async () => undefined,
  };
  const here = company(profile, between);
  return { here, calls };
}

interface Story {
  readonly profile?: Partial<Profile>;
  /** What is under way when it is interrupted. */
  begin(here: Company): Promise<unknown>;
  interrupt(here: Company): Promise<unknown>;
  /** How it may end, by who is killed then and what has become of the credentials; each of them happens. */
  readonly ends: readonly string[];
}

const STORIES: Readonly<Record<string, Story>> = {
  'a kill by a kill of somebody else': {
    begin: (here) => here.insistOn('kill', SECURITY, '1'),
    interrupt: (here) => here.kill(SECOND, '2'),
    ends: ['1+2: killed,killed,killed'],
  },
  'a kill by its lifting': {
    begin: (here) => here.insistOn('kill', SECURITY, '1'),
    interrupt: (here) => here.unkill(SECOND, '1'),
    ends: ['1: killed,killed,active', 'nobody: active,active,active'],
  },
  'a lifting by another kill': {
    begin: async (here) => {
      await here.kill(SECURITY, '1');
      await here.meanwhile();
      await here.insistOn('unkill', SECURITY, '1');
    },
    interrupt: (here) => here.kill(SECOND, '1'),
    ends: ['1: killed,killed,active', 'nobody: active,active,active'],
  },
  'what is still being made by a kill': {
    begin: (here) => here.request('1', 'late'),
    interrupt: (here) => here.kill(SECURITY, '1'),
    ends: ['1: killed,killed,active,killed', '1: killed,killed,active,revoked'],
  },
  'a rotation by a kill': {
    begin: (here) =>
      here.change({ ...SECURITY, may: ['operate', 'request'] }, 'arn', here.credentials()[0]!.id, { verb: 'rotate', reason: 'x' }),
    interrupt: (here) => here.kill(SECURITY, '1'),
    ends: ['1: killed,killed,active'],
  },
  'a transfer by a kill of the leaver': {
    profile: TO_AN_HEIR,
    begin: (here) => here.fact('1', 'Left', 2, 'for-cause'),
    interrupt: (here) => here.kill(SECURITY, '1'),
    ends: ['1: active,active,active', '1: active,revoked,active', '1: revoked,revoked,active'],
  },
  'a transfer by a kill of the heir': {
    profile: TO_AN_HEIR,
    begin: (here) => here.fact('1', 'Left', 2, 'for-cause'),
    interrupt: (here) => here.kill(SECURITY, '2'),
    ends: ['2: killed,killed,killed', '2: killed,revoked,killed', '2: revoked,revoked,killed'],
  },
};

/** Runs the story once, interrupted at call `nth`; how it ended, or `undefined`: there is no such call. */
async function told({ profile = {}, begin }: Story, nth: number, act: (here: Company) => Promise<unknown>): Promise<string | undefined> {
  const { here, calls } = interrupted(profile, nth, act);
  await founded(here);
  const knew = keysOf(here, '1');
  watch(here, knew);
  calls.armed = true;
  await begin(here);
  await here.pass(20 * MINUTE_MS);
  if (calls.seen <= nth) return undefined;
  const working = here.working();
  const killed = ['1', '2'].filter((subject) => here.owner(subject)?.killed);
  for (const subject of killed) {
    expect(keysOf(here, subject).filter((keyId) => working.includes(keyId))).toEqual([]);
    expect([here.owner(subject)?.killWork, onList(here, subject)]).toEqual([undefined, false]);
  }
  if (here.owner('1')?.status === 'left') expect(working.filter((keyId) => knew.includes(keyId))).toEqual([]);
  for (const one of here.credentials())
    if (one.status === 'active' || one.status === 'suspended')
      expect(here.world.users.get(one.grant.accountName)?.ownerKey).toBe(one.holder.key);
  expect([...here.ledger.denyLists.values()].flatMap(({ state }) => [...state.entries, state.lease ?? []].flat())).toEqual([]);
  return `${killed.join('+') || 'nobody'}: ${statuses(here).join()}`;
}

describe('what is interrupted at each of its calls, by a command alone or with all that another worker then does,', () => {
  it.each(Object.entries(STORIES))('ends as it should: %s', async (_name, story) => {
    const outcomes = new Set<string>();
    const { interrupt } = story;
    const andWork = async (here: Company): Promise<void> => {
      await interrupt(here);
      await here.meanwhile();
    };
    for (const act of [interrupt, andWork]) {
      let nth = 0;
      for (let end: string | undefined = ''; end !== undefined; nth += 1) {
        end = await told(story, nth, act).catch((error: unknown) => {
          throw new Error(`call ${nth}: ${error instanceof Error ? error.message : error}`, { cause: error });
        });
        if (end !== undefined) outcomes.add(end);
      }
      expect(nth).toBeGreaterThan(20);
    }
    expect([...outcomes].sort()).toEqual(story.ends);
  });
});
