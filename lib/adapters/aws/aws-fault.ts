import { Fault } from '../../domain/faults.ts';

/** Answered with "later": without effect. The last two are IAM's, for a change that another one is still being applied to. */
const LATER = new Set([
  ...['Throttling', 'Throttled', 'ThrottledException', 'RequestThrottled', 'RequestThrottledException', 'EC2Throttled'],
  ...['TooManyRequests', 'RequestLimitExceeded', 'BandwidthLimitExceeded', 'ProvisionedThroughputExceeded', 'SlowDown'],
  ...['PriorRequestNotComplete', 'ConcurrentModification', 'EntityTemporarilyUnmodifiable'],
]);
/** Said with a 4xx, and yet no answer: the service gave up on a request that it may have read. */
const NO_ANSWER = new Set(['RequestTimeout', 'Unknown']);

interface Answered {
  readonly code: string;
  readonly status: number;
}

/**
 * Turns what an AWS client threw into a fault. `provider-unknown` whenever the effect is not certain to be absent: no connection, a
 * time-out, 5xx, an answer that does not parse.
 *
 * What this can't see: a client that repeats calls by itself may throw the refusal of its second try when the first took effect and
 * only its answer was lost. So calls that must not be repeated go through a client with `maxAttempts: 1` (`ONE_TRY`), and a refusal
 * from a repeating client is looked into where it could be such an echo (EntityAlreadyExists, a staging label already moved).
 *
 * The detail names the operation and the error code, never the message; and there is no `cause`, since the SDK's errors carry the
 * response: a body that does not parse may be the very one that holds a new key.
 */
function awsFault(operation: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  const answered = answerIn(error);
  if (!answered) return new Fault('provider-unknown', true, `${operation}: no answer`);
  const { code, status } = answered;
  const detail = `${operation}: ${code}`;
  if (LATER.has(code) || status === 429) return new Fault('provider-throttled', true, detail);
  if (status >= 500 || NO_ANSWER.has(code)) return new Fault('provider-unknown', true, detail);
  if (operation === 'CreateAccessKey' && code === 'LimitExceeded') return new Fault('key-quota', true, detail);
  return new Fault('provider-refused', false, detail);
}

/** What to do about a refusal that is no failure, by error code without `Exception`. */
type Answers<R> = Readonly<Record<string, (refusal: Fault) => R | Promise<R>>>;

/** The one way to call AWS here: the answer, or what `answers` makes of a refusal, or a fault. */
export async function ask<T, R = never>(operation: string, send: () => Promise<T>, answers: Answers<R> = {}): Promise<T | R> {
  try {
    return await send();
  } catch (error) {
    const fault = awsFault(operation, error);
    const answer = fault.code === 'provider-refused' ? answers[answerIn(error)?.code ?? ''] : undefined;
    if (!answer) throw fault;
    return answer(fault);
  }
}

/** The error that the service answered with. IAM says `NoSuchEntity` where the SDK says `NoSuchEntityException`: here they are one. */
function answerIn(error: unknown): Answered | undefined {
  if (!(error instanceof Error) || !('$fault' in error) || !('$metadata' in error)) return undefined;
  const status = statusIn(error.$metadata);
  if (status === undefined || status < 400 || !/^[A-Za-z][\w.:-]{0,99}$/.test(error.name)) return undefined;
  return { code: error.name.replace(/Exception$/, ''), status };
}

function statusIn(metadata: unknown): number | undefined {
  const status = typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata ? metadata.httpStatusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}
