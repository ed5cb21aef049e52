import { type Change, type Comparison, compareSnapshots, type Snapshot } from '../domain/feed/compare.ts';
import { type FeedFact, factOf } from '../domain/feed/fact.ts';
import { untimely } from '../domain/feed/trouble.ts';
import type { FeedRules } from '../domain/policy.ts';
import type { EpochMs } from '../domain/types.ts';

/** Says owner facts, as a source. */
export interface Voice {
  /** At most ten at once. Throws when one of them was not taken; the others may have been. */
  say(facts: readonly FeedFact[]): Promise<void>;
}

export interface TakenSnapshot {
  readonly snapshot: Snapshot;
  readonly takenAtMs: EpochMs;
}

const FACTS_A_CALL = 10;
const CALLS_AT_ONCE = 8;

/** Compares a snapshot with the last good one: what has changed, or why it is not to be acted on. */
export async function judgeSnapshot(
  last: TakenSnapshot | undefined,
  next: TakenSnapshot,
  rules: FeedRules,
  nowMs: EpochMs,
): Promise<Comparison> {
  const trouble = untimely(next.takenAtMs, last?.takenAtMs, nowMs);
  const compared = await compareSnapshots(last?.snapshot, next.snapshot, rules);
  return trouble.length === 0 ? compared : { ...compared, trouble: [...trouble, ...compared.trouble], async *changes() {} };
}

/**
 * Says what has changed. Breaking off is harmless: said again, the facts have the same sequence and change nothing.
 * `heed`: gets every change, once it is said.
 */
export async function sayChanges(
  { changes }: Comparison,
  source: string,
  takenAtMs: EpochMs,
  voice: Voice,
  heed: (changes: readonly Change[]) => void,
): Promise<void> {
  const sayAll = async (batch: readonly Change[]): Promise<void> => {
    const facts = batch.map((change) => factOf(change, source, takenAtMs));
    const calls: Promise<void>[] = [];
    for (let from = 0; from < facts.length; from += FACTS_A_CALL) calls.push(voice.say(facts.slice(from, from + FACTS_A_CALL)));
    await Promise.all(calls);
    heed(batch);
  };
  let batch: Change[] = [];
  for await (const change of changes()) {
    batch.push(change);
    if (batch.length < FACTS_A_CALL * CALLS_AT_ONCE) continue;
    await sayAll(batch);
    batch = [];
  }
  if (batch.length > 0) await sayAll(batch);
}
