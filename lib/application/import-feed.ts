import { type Comparison, compareSnapshots, type Snapshot } from '../domain/feed/compare.ts';
import {
  evolveFeed,
  type Feed,
  type FeedEvent,
  feedDue,
  feedId,
  type ObjectRef,
  type SnapshotRef,
  sameObject,
} from '../domain/feed/record.ts';
import type { FeedRow } from '../domain/feed/row.ts';
import { type Trouble, toldTrouble } from '../domain/feed/trouble.ts';
import type { FeedRules, Policy } from '../domain/policy.ts';
import type { FeedId } from '../domain/types.ts';
import { judgeSnapshot, sayChanges, type TakenSnapshot, type Voice } from './apply-snapshot.ts';
import type { Context } from './envelope.ts';
import type { Loaded, RejectBin } from './ports.ts';
import { appendRecord, type RecordPorts, retryingConflicts } from './record.ts';

/** Where exports are put, and what was known by the last good one is kept. */
export interface FeedBucket {
  /** A snapshot with the time it was taken; `undefined`: that version of the object is not there any more. */
  open(ref: ObjectRef, rules: FeedRules): Promise<TakenSnapshot | undefined>;
  /** What was kept. Throws where it is gone: without it, everybody would seem to join, and nobody could leave. */
  openKept(ref: ObjectRef): Snapshot;
  keep(source: string, rows: AsyncIterable<FeedRow>): Promise<ObjectRef>;
  /** Puts the report of a snapshot where its people find it; the same snapshot's replaces it. Gives its key. */
  report(source: string, ref: ObjectRef, report: Readonly<Record<string, unknown>>): Promise<string>;
}

export interface ImportPorts extends RecordPorts {
  readonly bucket: FeedBucket;
  readonly voiceOf: (source: string) => Voice;
  readonly rejects: RejectBin;
  readonly policy: Policy;
  readonly policyDigest: string;
}

export type ImportEnd =
  | { readonly end: 'applied'; readonly counts: Comparison['counts']; readonly rejected: number }
  | { readonly end: 'held'; readonly trouble: readonly string[] }
  /** Delivered twice, or gone before it was read. */
  | { readonly end: 'repeated' | 'gone' }
  /** No good snapshot has come for longer than the policy bears; told once. Or there is nothing to do. */
  | { readonly end: 'silent' | 'rest' }
  /** No source of the policy is fed by it. */
  | { readonly end: 'no-feed' };

/** `feeds/<source>/<any name>` */
const KEY = /^feeds\/([A-Za-z][\w-]{0,39})\/.+$/;

/**
 * Takes a snapshot that was put into the bucket: compares it with the last good one, says the difference, and only then is it the last
 * good one. What it is about to say is on record first, so whoever comes next finishes it: delivered twice, out of order, at once or
 * broken off, the facts that are said in the end are those of the snapshots in their order.
 */
export const importFeed =
  (ports: ImportPorts) =>
  async (ref: ObjectRef): Promise<ImportEnd> => {
    const { ledger, policy, rejects } = ports;
    const source = KEY.exec(ref.key)?.[1] ?? '';
    const rules = Object.hasOwn(policy.sources, source) ? policy.sources[source]?.feed : undefined;
    if (!rules) {
      await rejects.put({ reason: `${ref.key}: no source of the policy has a feed of that name`, field: 'key', body: JSON.stringify(ref) });
      return { end: 'no-feed' };
    }
    return retryingConflicts(async () => {
      const before = await ledger.feed(feedId(source));
      if (before?.state.status === 'saying') {
        const { saying } = before.state;
        const finished = await finish(ports, before, saying, rules);
        if (sameObject(saying, ref)) return finished.end;
        return take(ports, finished.feed, source, ref, rules);
      }
      return take(ports, before, source, ref, rules);
    });
  };

/** What the sweep found due: an import that was cut off is said to its end, and that a feed is silent is told. */
export const attendFeed =
  (ports: ImportPorts) =>
  async (id: FeedId): Promise<ImportEnd> => {
    const { ledger, policy, clock } = ports;
    const source = id.slice(feedId('').length);
    const rules = Object.hasOwn(policy.sources, source) ? policy.sources[source]?.feed : undefined;
    if (!rules) return { end: 'rest' }; // the policy has none by that name any more, and so this role may not read it
    return retryingConflicts(async () => {
      const before = await ledger.feed(id);
      const due = before && feedDue(before.state, rules.silentAfterMs);
      if (!before || !due || clock.now() < due.atMs) return { end: 'rest' };
      if (before.state.status === 'saying') return (await finish(ports, before, before.state.saying, rules)).end;
      if (before.state.good) await append(ports, before, { type: 'FeedSilent', source, snapshot: before.state.good.snapshot });
      return { end: 'silent' };
    });
  };

async function take(
  ports: ImportPorts,
  before: Loaded<Feed> | undefined,
  source: string,
  ref: ObjectRef,
  rules: FeedRules,
): Promise<ImportEnd> {
  const { bucket, ledger, clock } = ports;
  const { good } = before?.state ?? {};
  if (sameObject(good?.snapshot, ref)) return { end: 'repeated' };
  const next = await bucket.open(ref, rules);
  if (!next) return { end: 'gone' };
  const snapshot: SnapshotRef = { ...ref, takenAtMs: next.takenAtMs };
  const last = good && { snapshot: bucket.openKept(good.kept), takenAtMs: good.snapshot.takenAtMs };
  const compared = await judgeSnapshot(last, next, rules, clock.now());
  if (compared.trouble.length === 0) {
    const admitted = await append(ports, before, { type: 'SnapshotAdmitted', source, snapshot, atMs: clock.now() });
    return (await say(ports, admitted, snapshot, compared)).end;
  }
  const seen = before ? (await ledger.events(before.state.id)).map(({ data }) => data as FeedEvent) : [];
  const ended = seen.filter(
    (event) => (event.type === 'SnapshotApplied' || event.type === 'SnapshotHeld') && sameObject(event.snapshot, ref),
  );
  if (ended.some(({ type }) => type === 'SnapshotApplied')) return { end: 'repeated' }; // applied before a later one was
  return hold(ports, before, snapshot, source, compared, ended.length > 0);
}

/** Goes on with a snapshot that was admitted: whether too many leave was asked then, and the policy may say otherwise by now. */
async function finish(ports: ImportPorts, before: Loaded<Feed>, snapshot: SnapshotRef, rules: FeedRules) {
  const { source, good } = before.state;
  const next = await ports.bucket.open(snapshot, rules);
  const last = good && ports.bucket.openKept(good.kept);
  const unlimited = { ...rules, maxShrinkPercent: 100, maxLeaversPercent: 100 };
  const gone: Snapshot = async function* () {
    yield { is: 'broken', line: 0, rule: 'the object is gone' };
  };
  const compared = await compareSnapshots(last, next?.snapshot ?? gone, unlimited);
  if (compared.trouble.length === 0) return say(ports, before, snapshot, compared);
  const end = await hold(ports, before, snapshot, source, compared, false);
  return { end, feed: await ports.ledger.feed(before.state.id) };
}

async function say(ports: ImportPorts, before: Loaded<Feed>, snapshot: SnapshotRef, compared: Comparison) {
  const { bucket, rejects } = ports;
  const { source } = before.state;
  const { counts, rejected } = compared;
  await sayChanges(compared, source, snapshot.takenAtMs, ports.voiceOf(source), () => undefined);
  const kept = await bucket.keep(source, compared.known());
  const report = await bucket.report(source, snapshot, reportOf(snapshot, compared));
  const [first] = compared.rejects;
  if (first) {
    const reason = `${rejected} lines of ${snapshot.key} can’t be taken, the first of them line ${first.line}: ${first.column}: ${first.rule}`;
    await rejects.put({ reason, field: first.column, body: JSON.stringify({ report, version: snapshot.version }) });
  }
  const feed = await append(ports, before, { type: 'SnapshotApplied', source, snapshot, kept, counts, rejected });
  return { end: { end: 'applied', counts, rejected } as const, feed };
}

/** `told`: this very snapshot was held before. */
async function hold(
  ports: ImportPorts,
  before: Loaded<Feed> | undefined,
  snapshot: SnapshotRef,
  source: string,
  compared: Comparison,
  told: boolean,
): Promise<ImportEnd> {
  await ports.bucket.report(source, snapshot, reportOf(snapshot, compared));
  const trouble = compared.trouble.map(({ why }: Trouble) => why);
  if (!told) await append(ports, before, { type: 'SnapshotHeld', source, snapshot, trouble });
  return { end: 'held', trouble: compared.trouble.map(toldTrouble) };
}

const reportOf = ({ key, version, takenAtMs }: SnapshotRef, compared: Comparison) => {
  const { trouble, rows, before, counts, rejected, rejects, withheld, unknownManagers } = compared;
  return {
    ...{ key, version, takenAt: new Date(takenAtMs).toISOString() },
    ...(trouble.length > 0 ? { held: true, trouble: trouble.map(toldTrouble) } : { held: false, counts }),
    ...{ rows, before, rejected, rejects, withheld, unknownManagers },
  };
};

const append = (ports: ImportPorts, before: Loaded<Feed> | undefined, event: FeedEvent): Promise<Loaded<Feed>> => {
  const { key, version } = event.snapshot;
  const context: Context = {
    actor: { kind: 'source', id: event.source },
    cause: key,
    correlationId: version,
    policyDigest: ports.policyDigest,
  };
  return appendRecord(ports, before, [event], context, {
    evolve: evolveFeed,
    dueAtMs: (state) => feedDue(state, ports.policy.sources[event.source]?.feed?.silentAfterMs)?.atMs,
    save: (one) => ports.ledger.appendFeed(one),
  });
};
