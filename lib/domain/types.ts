declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** `cred_<ulid>` */
export type CredentialId = Brand<string, 'CredentialId'>;
/** `own_<ulid>` */
export type OwnerId = Brand<string, 'OwnerId'>;
/** `feed_<source>` */
export type FeedId = Brand<string, 'FeedId'>;
/** Of the one record that says which policy is in force. */
export type PolicyId = Brand<string, 'PolicyId'>;
/** The opaque value that stands for an owner in tags and policies; never an e-mail address or a staff number. */
export type OwnerKey = Brand<string, 'OwnerKey'>;
/** `deny_<account>_<what is denied>` */
export type DenyListId = Brand<string, 'DenyListId'>;
/** A UUID, since Secrets Manager takes 32 to 64 characters as `ClientRequestToken`. */
export type AttemptId = Brand<string, 'AttemptId'>;
/** What the provider calls one key, e.g. an access key id. Not secret. */
export type KeyId = Brand<string, 'KeyId'>;
/** Milliseconds since 1970-01-01T00:00Z. */
export type EpochMs = Brand<number, 'EpochMs'>;

export const plusMs = (at: EpochMs, ms: number): EpochMs => (at + ms) as EpochMs;
export const latest = (...times: readonly (EpochMs | undefined)[]): EpochMs => Math.max(0, ...times.map((at) => at ?? 0)) as EpochMs;

/** Never prints the value: it may be a secret. */
export function unreachable(_value: never, where: string): never {
  throw new Error(`unreachable case in ${where}`);
}
