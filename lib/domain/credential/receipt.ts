import type { EpochMs, KeyId } from '../types.ts';

/** Why a credential ends. */
export type RevocationCause =
  | 'owner-left'
  | 'owner-left-for-cause'
  | 'owner-moved'
  | 'owner-killed'
  | 'expired'
  | 'policy-changed'
  | 'orphaned'
  | 'requested'
  | 'gave-up';

/** Proof that a revocation is complete, written only after the provider confirmed absence. */
export interface Receipt {
  readonly cause: RevocationCause;
  readonly startedAtMs: EpochMs;
  readonly cutOffAtMs: EpochMs;
  readonly absentAtMs: EpochMs;
  readonly keyIds: readonly KeyId[];
  /** Roles of other accounts, on which no deny of ours bites: a session assumed before may last until then. */
  readonly mayOutlive: readonly { readonly role: string; readonly untilMs: EpochMs }[];
}
