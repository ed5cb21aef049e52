/**
 * How long a request may go unanswered. `requestTimeout` runs from before the connection to the head of the answer, and ends the
 * request only with `throwOnRequestTimeout`: without, the SDK logs a warning and waits on. A body that stops half way is
 * `socketTimeout`'s; by then the effect is there or is not, and nothing of it can land later.
 */
const limits = (requestTimeout: number) => ({
  requestTimeout,
  socketTimeout: requestTimeout,
  connectionTimeout: 3_000,
  throwOnRequestTimeout: true,
});

/** For calls that must not be repeated: the SDK's retry after a lost answer to CreateAccessKey makes a second key that nobody knows. */
export const ONE_TRY = { maxAttempts: 1, requestHandler: limits(10_000) };

/** For calls that end the same however often they are made. */
export const REPEATABLE = { maxAttempts: 3, requestHandler: limits(5_000) };
