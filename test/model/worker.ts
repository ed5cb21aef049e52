import type { Outcome } from '../../lib/domain/credential/outcome.ts';
import { type Credential, isDoomed, isGivenUp } from '../../lib/domain/credential/state.ts';
import { type AttemptId, type EpochMs, type KeyId, plusMs } from '../../lib/domain/types.ts';
import { type Answer, type Call, HORIZON, type Person, personOf, type Worker } from './world.ts';

/**
 * What a worker calls, one at a time, and what it then records: a mirror of `call`, `createVersion` and the connector in
 * lib/application/work-credential.ts, which are coroutines and can't be copied in their middle. That it makes the same calls
 * as they do is held by worker.test.ts.
 */
export type Next = { readonly call: Call } | { readonly record: Outcome };

/** Evidence of use by somebody else than our own verification, however late that was noted. */
const LONG_AFTER_MS = 2 * HORIZON;

type Said = Extract<Answer, { no: undefined }>;

/** The next call of a step, by the answers so far, or what it found. Refused: the step ends with that. */
export function nextOf({ step, record, answers, readAtMs, attempt }: Worker): Next {
  if (step.do === 'deny') return denial(readAtMs, answers);
  const last = answers.at(-1);
  if (last && last.no !== undefined) return { record: { of: 'refused', step: step.do, code: last.no } };
  const said = answers as readonly Said[];
  const [first] = said;
  const holder = personOf(record.holder.id);
  const calls = (list: readonly Call[], found: Outcome): Next => {
    const call = list[said.length];
    return call ? { call } : { record: found };
  };
  switch (step.do) {
    case 'ensure-account':
      return calls([{ call: 'create-user', tag: holder }], { of: step.do });
    case 'ensure-secret':
      return calls([{ call: 'create-secret', tag: holder }], { of: step.do });
    case 'create-version':
      return creation(attempt, record.status === 'active' && record.replacement?.heir ? undefined : holder, said);
    case 'verify':
      return calls([{ call: 'verify', attempt: step.attempt }], { of: step.do, attempt: step.attempt, usable: first?.is === true });
    case 'promote':
      return promotion(record, step.attempt, said);
    case 'share':
      return calls([{ call: 'share' }], { of: step.do });
    case 'recover': {
      const attempts = record.versions.flatMap(({ phase, attempt }) =>
        attempt && (phase === 'attempted' || phase === 'created') ? [attempt] : [],
      );
      const open = attempts.length > 0;
      return calls([{ call: 'look', attempts }, ...(open ? [] : dropped(record, first))], {
        of: step.do,
        keyIds: first?.keyIds ?? [],
        stored: first?.stored ?? [],
      });
    }
    case 'delete-version':
      return calls(
        [
          { call: 'delete-key', keyId: step.keyId },
          ...(isDoomed(record, step.keyId) ? [{ call: 'pending' } as const, ...dropped(record, said[1])] : []),
        ],
        { of: step.do, keyId: step.keyId },
      );
    case 'check-use': {
      const current = record.versions.find(({ phase }) => phase === 'current');
      const usedAtMs = current?.phase === 'current' ? plusMs(current.verifiedAtMs, LONG_AFTER_MS) : undefined;
      return calls([{ call: 'last-used' }], {
        of: step.do,
        keyId: step.keyId,
        oldUsedAtMs: undefined,
        newUsedAtMs: first?.is ? usedAtMs : undefined,
      });
    }
    case 'disable-version':
      return calls([{ call: 'disable', keyId: step.keyId }], { of: step.do, keyId: step.keyId });
    case 'enable-version':
      return calls([{ call: 'enable', keyId: step.keyId }], { of: step.do, keyId: step.keyId, there: first?.is === true });
    case 'lift':
      return calls([{ call: 'undeny' }, { call: 'share' }], { of: step.do });
    case 'retag': {
      const to = personOf(step.to.id);
      return calls(
        [
          { call: 'tag-user', to },
          { call: 'tag-secret', to },
        ],
        { of: step.do, ownerId: step.to.id },
      );
    }
    case 'disable-all':
      return disabling(
        record.versions.flatMap((version) => (version.phase === 'attempted' ? [] : [version.keyId])),
        said,
      );
    case 'withdraw-secret':
      return calls([{ call: 'delete-secret' }], { of: step.do });
    case 'remove-account': {
      const gone = said[2]?.is !== false;
      return calls([{ call: 'empty-user' }, { call: 'undeny' }, { call: 'delete-user' }, ...(gone ? [] : [{ call: 'deny' } as const])], {
        of: step.do,
        removed: gone,
      });
    }
    case 'confirm-absence':
      return calls([{ call: 'exists' }], { of: step.do, absent: first?.is === false });
  }
}

/** Where the provider can't be told, the secret closes. */
function denial(startedAtMs: EpochMs, [denied, closed]: readonly Answer[]): Next {
  if (!denied) return { call: { call: 'deny' } };
  if (denied.no === undefined) return { record: { of: 'deny', startedAtMs } };
  if (!closed) return { call: { call: 'close' } };
  const secretClosed = closed.no === undefined && ({ secretClosed: true } as const);
  return { record: { of: 'refused', step: 'deny', code: denied.no, ...secretClosed } };
}

/** AWSPENDING is taken off an attempt that was given up. */
const dropped = (record: Credential, seen: Said | undefined): readonly Call[] =>
  seen?.label !== undefined && isGivenUp(record, seen.label) ? [{ call: 'drop-pending', attempt: seen.label }] : [];

/** The key is put on record between the two calls. */
function creation(attempt: AttemptId, knows: Person | undefined, [key, put]: readonly Said[]): Next {
  const keyId = key?.keyIds[0];
  if (!keyId) return { call: { call: 'create-key', attempt, knows } };
  return put ? { record: { of: 'store', attempt } } : { call: { call: 'put', attempt, keyId } };
}

/** From the version that is current by the ledger; where the label is elsewhere, from whichever attempt of ours holds it. */
function promotion({ versions, attempts }: Credential, attempt: AttemptId, said: readonly Said[]): Next {
  const done = { record: { of: 'promote', attempt } } as const;
  const known = versions.find(({ phase }) => phase === 'current')?.attempt;
  if (known && !said.length) return { call: { call: 'try-label', to: attempt, from: known } };
  if (known && said[0]?.is) return done;
  const [found, moved] = known ? said.slice(1) : said;
  if (!found) return { call: { call: 'describe' } };
  if (found.label === attempt || moved) return done;
  if (found.label !== undefined && !attempts.includes(found.label))
    return { record: { of: 'refused', step: 'promote', code: 'provider-refused' } };
  return { call: { call: 'move-label', to: attempt, from: found.label } };
}

/** First what the ledger knows, then what the listing shows besides. */
function disabling(known: readonly KeyId[], said: readonly Said[]): Next {
  const next = known[said.length];
  if (next) return { call: { call: 'disable', keyId: next } };
  const listing = said[known.length];
  if (!listing) return { call: { call: 'list' } };
  const unknown = listing.keyIds.filter((keyId) => !known.includes(keyId))[said.length - known.length - 1];
  return unknown ? { call: { call: 'disable', keyId: unknown } } : { record: { of: 'disable-all', keyIds: listing.keyIds } };
}
