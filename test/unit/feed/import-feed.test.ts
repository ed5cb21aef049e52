import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Objects } from '../../../lib/adapters/aws/s3-objects.ts';
import { feedBucket } from '../../../lib/adapters/feed/bucket.ts';
import { memoryLedger } from '../../../lib/adapters/memory/ledger.ts';
import { attendFeed, importFeed } from '../../../lib/application/import-feed.ts';
import type { FeedAppend } from '../../../lib/application/ports.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import type { FeedFact } from '../../../lib/domain/feed/fact.ts';
import { feedId, type ObjectRef } from '../../../lib/domain/feed/record.ts';
import type { Policy } from '../../../lib/domain/policy.ts';
import { DEFAULT_TIMING } from '../../../lib/domain/timing.ts';
import type { EpochMs } from '../../../lib/domain/types.ts';
import { givenPolicy } from '../../given-policy.ts';

const NOW = Date.UTC(2026, 5, 1);
const { hr } = givenPolicy().sources;
const columns = { id: 'id', email: 'email', roles: 'job', status: 'status' };
const FED = { ...hr!, feed: { columns, active: ['Active'], maxShrinkPercent: 20, maxLeaversPercent: 10 } };
const POLICY: Policy = givenPolicy({ sources: { hr: FED, plain: hr! } });

type Said = { readonly type: string; readonly id: string; readonly sequence: number; readonly roles: readonly string[] };
const person = (id: number, job = 'A', status = 'Active'): string => `${id},p${id}@example.com,${job},${status}`;
const file = (...rows: readonly string[]): string => `${['id,email,job,status', ...rows].join('\n')}\n`;
const ten = Array.from({ length: 10 }, (_, n) => person(n));

/** A bucket with versions in memory, a bus that remembers, and a process that dies where `dieAt` says: at the n-th call that has an effect. */
function world() {
  let policy = POLICY;
  let nowMs = NOW;
  const ledger = memoryLedger();
  const stored = new Map<string, { readonly text: string; readonly takenAt: string | undefined; readonly modified: string }>();
  const current = new Map<string, string>();
  const said: Said[] = [];
  const rejected: string[] = [];
  let versions = 0;
  let ulids = 0;
  const ulid = (): string => {
    ulids += 1;
    return `${ulids}`;
  };
  let effects = 0;
  let dieAt: number | undefined;
  const effect = (): void => {
    effects += 1;
    if (effects === dieAt) throw new Fault('provider-unknown', true, 'died');
  };
  const put = (key: string, text: string, takenAt?: string, modified = new Date(NOW).toUTCString()): ObjectRef => {
    versions += 1;
    stored.set(`${key}@v${versions}`, { text, takenAt, modified });
    current.set(key, `v${versions}`);
    return { key, version: `v${versions}` };
  };
  const objects: Objects = {
    read: async (key, version = current.get(key) ?? '') => {
      const object = stored.get(`${key}@${version}`);
      if (!object) return undefined;
      const metadata = (name: string): string | undefined => (name === 'taken-at' ? object.takenAt : undefined);
      return { version, lastModified: object.modified, metadata, body: () => Readable.from([object.text]) };
    },
    write: async (key, content) => {
      effect();
      const { readFile } = await import('node:fs/promises');
      return put(key, 'file' in content ? await readFile(content.file, 'utf8') : content.text).version;
    },
  };
  const voice = {
    say: async (facts: readonly FeedFact[]) => {
      effect();
      for (const { detailType, detail } of facts) {
        const { subject, sequence, attributes } = detail as { subject: string; sequence: number; attributes: { roles: readonly string[] } };
        said.push({ type: detailType.replace('Owner ', ''), id: subject, sequence, roles: attributes.roles });
      }
    },
  };
  const ports = {
    ledger: {
      ...ledger,
      appendFeed: async (append: FeedAppend) => {
        effect();
        await ledger.appendFeed(append);
      },
    },
    ...{ clock: { now: () => nowMs as EpochMs }, timing: DEFAULT_TIMING, policyDigest: 'd' },
    ids: { ulid, uuid: () => crypto.randomUUID() },
    bucket: feedBucket(objects),
    voiceOf: () => voice,
    rejects: { put: async ({ reason }: { readonly reason: string }) => void rejected.push(reason) },
  };
  const texts = (prefix: string): readonly string[] => [...stored].filter(([key]) => key.startsWith(prefix)).map(([, { text }]) => text);
  return {
    ...{ put, said, rejected, ledger, stored, take: (ref: ObjectRef) => importFeed({ ...ports, policy })(ref) },
    attend: () => attendFeed({ ...ports, policy })(feedId('hr')),
    due: async () => (await ledger.due('feed', nowMs as EpochMs, 10)).map(({ id }) => id),
    pass: (ms: number) => {
      nowMs += ms;
    },
    deploy: (other: Policy) => {
      policy = other;
    },
    reports: () => texts('reports/').map((text) => JSON.parse(text)),
    kept: () => stored.get(`kept/hr.csv@${current.get('kept/hr.csv')}`)?.text,
    feed: async () => (await ledger.feed(feedId('hr')))?.state,
    told: () => (ledger.history.get('feed_hr') ?? []).map(({ type }) => type),
    lines: () => said.map(({ type, id }) => `${type} ${id}`),
    dies: (at: number | undefined) => {
      effects = 0;
      dieAt = at;
    },
    effects: () => effects,
  };
}

/** Who has which roles, as the owners' records make it of facts in any order: the highest sequence counts. */
function stateBy(said: readonly Said[]): ReadonlyMap<string, string> {
  const state = new Map<string, string>();
  for (const { type, id, roles } of [...said].sort((a, b) => a.sequence - b.sequence))
    if (type === 'Left') state.delete(id);
    else state.set(id, roles.join());
  return new Map([...state].sort());
}

describe('a snapshot in the bucket', () => {
  it('the first: everybody joins, what is known is kept, the report says so', async () => {
    const { put, take, lines, kept, reports, told, feed } = world();
    const end = await take(put('feeds/hr/export-2026-03-01.csv', file(...ten)));
    expect(end).toMatchObject({ end: 'applied', counts: { Joined: 10 } });
    expect(lines()).toEqual(ten.map((_, n) => `Joined ${n}`));
    expect(kept()?.split('\n').slice(0, 2)).toEqual(['id,email,roles,team,manager,leftOn,status', '0,p0@example.com,A,,,,active']);
    expect(reports()).toMatchObject([{ held: false, takenAt: '2026-03-01T00:00:00.000Z', rows: 10 }]);
    expect([told(), await feed()]).toEqual([['SnapshotAdmitted', 'SnapshotApplied'], expect.objectContaining({ status: 'ready' })]);
  });

  it('the next: what changed since the last good one', async () => {
    const { put, take, said } = world();
    await take(put('feeds/hr/export-2026-03-01.csv', file(...ten)));
    said.length = 0;
    await take(put('feeds/hr/export-2026-04-01.csv', file(person(0, 'B'), person(1, 'A', 'Gone'), ...ten.slice(3), person(10))));
    expect(said.map(({ type, id, sequence }) => [type, id, sequence])).toEqual(
      [
        ['Moved', '0'],
        ['Left', '1'],
        ['Joined', '10'],
        ['Left', '2'],
      ].map((one) => [...one, Date.UTC(2026, 3, 1) / 60_000]),
    );
  });

  it('is compared with what was said, whatever the policy says of columns by now', async () => {
    const { put, take, deploy, said } = world();
    const rows = (job: string): string => `id,email,job,status,title\n1,,${job},Active,Boss\n`;
    await take(put('feeds/hr/2026-03-01.csv', rows('A')));
    deploy(givenPolicy({ sources: { hr: { ...FED, feed: { ...FED.feed, columns: { ...columns, roles: 'title' } } } } }));
    await take(put('feeds/hr/2026-04-01.csv', rows('A')));
    expect(said.map(({ type, roles }) => [type, ...roles])).toEqual([
      ['Joined', 'A'],
      ['Moved', 'Boss'],
    ]);
  });

  it.each([
    ['one that has no row', file(), /no row/],
    ['one that lost a third', file(...ten.slice(3)), /of 10 people it knows 7/],
    ['one that is cut off', file(...ten).slice(0, -12), /ends in the middle of line 11/],
    ['one with an id twice', file(...ten, person(3)), /ids come twice, on line 12/],
    ['one without a column', file(...ten).replace('job', 'role'), /line 1: it has no column job/],
    ['one in which everybody leaves', file(...ten).replaceAll('Active', 'Gone'), /10 of 10 people would leave/],
  ])('%s is held: report and event, no fact; the good one after it is compared with the last good one', async (_name, text, why) => {
    const { put, take, said, reports, told, lines } = world();
    await take(put('feeds/hr/2026-03-01.csv', file(...ten)));
    said.length = 0;
    const bad = put('feeds/hr/2026-04-01.csv', text);
    expect(await take(bad)).toEqual({ end: 'held', trouble: expect.arrayContaining([expect.stringMatching(why)]) });
    expect([said, reports().at(-1)]).toEqual([
      [],
      expect.objectContaining({ held: true, trouble: expect.arrayContaining([expect.stringMatching(why)]) }),
    ]);
    expect(told().at(-1)).toBe('SnapshotHeld');
    await take(bad);
    expect(told().filter((type) => type === 'SnapshotHeld')).toHaveLength(1);
    await take(put('feeds/hr/2026-04-02.csv', file(...ten.slice(1))));
    expect(lines()).toEqual(['Left 0']);
  });

  it('says when it was taken: by its metadata, else its name, else the time it was put there', async () => {
    const { put, take, reports } = world();
    const modified = new Date(Date.UTC(2026, 3, 3, 4, 5)).toUTCString();
    await take(put('feeds/hr/2026-04-01.csv', file(...ten), '2026-03-01T06:30:00Z'));
    await take(put('feeds/hr/2026-04-02.csv', file(...ten), undefined, modified));
    await take(put('feeds/hr/people.csv', file(...ten), undefined, modified));
    await take(put('feeds/hr/2026-05-05.csv', file(...ten), 'yesterday'));
    expect(reports().map(({ takenAt, trouble }) => trouble ?? takenAt)).toEqual([
      ...['2026-03-01T06:30:00.000Z', '2026-04-02T00:00:00.000Z', '2026-04-03T04:05:00.000Z'],
      [expect.stringMatching(/taken-at, "yesterday", is no time/)],
    ]);
  });

  it('older than the last, or of the future, is held', async () => {
    const { put, take, reports } = world();
    await take(put('feeds/hr/2026-03-01.csv', file(...ten)));
    await take(put('feeds/hr/2026-02-01.csv', file(...ten.slice(1))));
    await take(put('feeds/hr/2026-07-01.csv', file(...ten.slice(1))));
    expect(reports().map(({ trouble }) => trouble?.[0])).toEqual([
      undefined,
      expect.stringMatching(/not at least a minute later/),
      expect.stringMatching(/now is 2026-06-01/),
    ]);
  });

  it('delivered again, at once or after later ones, changes nothing and raises nothing', async () => {
    const { put, take, said, told } = world();
    const march = put('feeds/hr/2026-03-01.csv', file(...ten));
    await take(march);
    const april = put('feeds/hr/2026-04-01.csv', file(...ten.slice(1)));
    await take(april);
    const before = [said.length, told().length];
    expect([await take(april), await take(march)]).toEqual([{ end: 'repeated' }, { end: 'repeated' }]);
    expect([said.length, told().length]).toEqual(before);
  });

  it('that is gone, or of no source with a feed, ends; the second is for a person to see', async () => {
    const { put, take, rejected } = world();
    expect(await take({ key: 'feeds/hr/x.csv', version: 'none' })).toEqual({ end: 'gone' });
    for (const key of ['feeds/plain/x.csv', 'feeds/nobody/x.csv', 'feeds/x.csv', 'feeds/__proto__/x.csv'])
      expect(await take(put(key, file(...ten)))).toEqual({ end: 'no-feed' });
    expect(rejected).toHaveLength(4);
  });

  it('lines that can’t be taken are in the report, told once, and their people stay as they were until a line can be read', async () => {
    const { put, take, reports, rejected, lines, said } = world();
    await take(put('feeds/hr/2026-03-01.csv', file(...ten)));
    said.length = 0;
    await take(put('feeds/hr/2026-04-01.csv', file('0,ann,B,Active', ...ten.slice(1))));
    expect([lines(), rejected]).toEqual([
      [],
      [expect.stringMatching(/^1 lines of feeds\/hr\/2026-04-01\.csv can’t be taken, the first of them line 2: email: must be/)],
    ]);
    expect(reports().at(-1)).toMatchObject({
      rejected: 1,
      rejects: [{ line: 2, column: 'email', value: 'ann', rule: expect.any(String) }],
    });
    await take(put('feeds/hr/2026-05-01.csv', file(...ten.slice(1))));
    expect(lines()).toEqual(['Left 0']); // known still, though the last snapshot had no row of them that could be read
  });
});

describe('an import that breaks off', () => {
  const march = file(...ten);
  const april = file(person(0, 'B'), ...ten.slice(1));
  const may = file(person(0), ...ten.slice(1, 9)); // 0 is back in the old role, 9 is gone

  it('anywhere, is finished by the next delivery; or, before anything else, by the next snapshot (every place)', async () => {
    for (const again of [true, false])
      for (let at = 1; ; at += 1) {
        const { put, take, dies, effects, said, feed } = world();
        await take(put('feeds/hr/2026-03-01.csv', march));
        const second = put('feeds/hr/2026-04-01.csv', april);
        dies(at);
        const died = await take(second).then(
          () => false,
          () => true,
        );
        dies(undefined);
        if (again) await take(second);
        await take(put('feeds/hr/2026-05-01.csv', may));
        const where = `${again ? 'delivered again' : 'next snapshot'}, died at effect ${at}`;
        expect(stateBy(said), where).toEqual(new Map(ten.slice(0, 9).map((_, n) => [`${n}`, 'A'])));
        expect(await feed(), where).toMatchObject({ status: 'ready', good: { snapshot: { key: 'feeds/hr/2026-05-01.csv' } } });
        if (!died) {
          expect(at).toBeGreaterThan(4); // admitted, said, kept, reported, applied
          break;
        }
        expect(effects()).toBeGreaterThan(0);
      }
  });

  it('property: whatever is delivered twice, late or at once, the facts end in the state of the last snapshot that was not older than another (200 runs)', async () => {
    const jobs = fc.array(fc.constantFrom('A', 'B', 'C'), { minLength: 6, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(jobs, { minLength: 1, maxLength: 4 }), fc.infiniteStream(fc.nat()), async (months, chance) => {
        const { put, take, said, feed } = world();
        const refs = months.map((month, n) => put(`feeds/hr/2026-0${n + 1}-01.csv`, file(...month.map((job, id) => person(id, job)))));
        const next = (): number => chance.next().value ?? 0;
        const deliveries = [...refs, ...refs].map((ref) => ({ ref, at: next() })).sort((a, b) => a.at - b.at);
        for (let from = 0; from < deliveries.length; ) {
          const together = deliveries.slice(from, from + 1 + (next() % 3)); // at once, each in a function of its own
          await Promise.all(together.map(({ ref }) => take(ref)));
          from += together.length;
        }
        expect((await feed())?.good?.snapshot.key).toBe(refs.at(-1)?.key);
        expect(stateBy(said)).toEqual(new Map(months.at(-1)?.map((job, id) => [`${id}`, job])));
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});

describe('a feed that the sweep finds due', () => {
  const MINUTE_MS = 60_000;
  const waiting = { ...POLICY, sources: { hr: { ...FED, feed: { ...FED.feed, silentAfterMs: 60 * MINUTE_MS } } } };

  it('is said to its end where an import was cut off, and not while that may still run', async () => {
    const here = world();
    const ref = here.put('feeds/hr/1.csv', file(...ten), new Date(NOW).toISOString());
    here.dies(2); // the first facts
    await expect(here.take(ref)).rejects.toThrow('died');
    here.dies(undefined);
    expect(await here.feed()).toMatchObject({ status: 'saying' });
    here.pass(15 * MINUTE_MS);
    expect([await here.due(), await here.attend()]).toEqual([[], { end: 'rest' }]);
    here.pass(MINUTE_MS);
    expect(await here.due()).toEqual(['feed_hr']);
    expect(await here.attend()).toMatchObject({ end: 'applied' });
    expect(here.lines()).toHaveLength(10);
    expect([await here.due(), await here.take(ref)]).toEqual([[], { end: 'repeated' }]);
  });

  it('is told of as silent, once, when no good snapshot has come in time; and again after the next', async () => {
    const here = world();
    here.deploy(waiting);
    const put = (n: number, atMs: number, ...rows: readonly string[]) =>
      here.put(`feeds/hr/${n}.csv`, file(...rows), new Date(atMs).toISOString());
    await here.take(put(1, NOW, ...ten));
    here.pass(59 * MINUTE_MS);
    expect([await here.due(), await here.attend()]).toEqual([[], { end: 'rest' }]);
    expect(await here.take(put(2, NOW + 59 * MINUTE_MS))).toMatchObject({ end: 'held' }); // an empty one breaks no silence
    here.pass(MINUTE_MS);
    expect([await here.due(), await here.attend(), await here.attend(), await here.due()]).toEqual([
      ...[['feed_hr'], { end: 'silent' }, { end: 'rest' }, []],
    ]);
    expect(here.told().filter((type) => type === 'FeedSilent')).toHaveLength(1);
    await here.take(put(3, NOW + 60 * MINUTE_MS, ...ten));
    here.pass(60 * MINUTE_MS);
    expect(await here.attend()).toEqual({ end: 'silent' });
  });

  it('that the policy has no more is left alone', async () => {
    const here = world();
    here.deploy(waiting);
    await here.take(here.put('feeds/hr/1.csv', file(...ten), new Date(NOW).toISOString()));
    here.deploy(givenPolicy());
    here.pass(24 * 60 * MINUTE_MS);
    expect(await here.attend()).toEqual({ end: 'rest' });
  });
});
