import type { ConnectorKind } from './credential/capabilities.ts';
import type { Timing } from './timing.ts';

/** The entitlement catalogue and who may use it, as `nhi.policy.yaml` says it; all durations in ms. */
type Mode = 'observe' | 'enforce';
/** Who is asked to take over what a leaver held, in this order. */
export type SuccessionRung = 'named' | 'manager' | 'team' | 'steward';

export interface Policy {
  readonly version: 1;
  /** `observe`: leavers, movers and sweeps are recorded with what would be done, and nothing is. */
  readonly mode: Mode;
  /** Owner who answers for this file, `<source>:<external id>`. */
  readonly accountable: { readonly policy: string };
  readonly sources: Readonly<Record<string, Source>>;
  readonly profiles: Readonly<Record<string, Profile>>;
  readonly callers: readonly CallerRule[];
  /** The last rung; holds what it is given whatever its roles. `<source>:<external id>` */
  readonly steward?: string | undefined;
  readonly succession: readonly SuccessionRung[];
  /** What an heir has not accepted by then goes on up the succession. */
  readonly acceptWithinMs: number;
  readonly guard: GuardRules;
  readonly reapproval: { readonly withinMs: number; readonly forMs: number };
  readonly sweeps: { readonly orphans: SweepRules };
  readonly timing: Timing;
}

/** How much may be taken away before somebody has to look: owners and credentials a window. */
interface Allowance {
  readonly owners: number;
  readonly credentials: number;
}
export interface GuardRules {
  readonly hour: Allowance;
  readonly day: Allowance;
  readonly week: Allowance;
  /** Leaves for cause count apart, in owners an hour; beyond that they are suspended, and held. */
  readonly forCauseAnHour: number;
  /** A batch held for longer is escalated. */
  readonly escalateAfterMs: number;
}

/** What the sweep of the account does about what it finds. */
export interface SweepRules {
  /** `observe`: it records what it would have done. */
  readonly mode: Mode;
  /** The furthest it goes. */
  readonly act: 'report' | 'quarantine' | 'revoke';
  /** From the first sight of a finding to its end. */
  readonly graceMs: number;
  /** Would one sweep do more than this, it does nothing: that many are not orphans, but a mistake. */
  readonly maxActs: number;
}

interface Source {
  readonly kind: 'bus';
  /** Of what this source says; the stack's where absent. */
  readonly mode?: Mode | undefined;
  readonly accountable: string;
  /** ARNs allowed to say facts of this source; the bus refuses everybody else. */
  readonly principals: readonly string[];
  /** A sequence further ahead than this is refused: one wrong number would silence the source. With a feed it is the snapshot's minute, which bounds it. */
  readonly maxSequenceJump: number;
  /** How a snapshot of this source, e.g. an HR export, is read. */
  readonly feed?: FeedRules | undefined;
}

export interface FeedRules {
  /** Names of columns in the file. `roles` may hold several, separated by `;`. */
  readonly columns: {
    readonly id: string;
    readonly email: string;
    readonly roles: string;
    readonly team?: string | undefined;
    readonly manager?: string | undefined;
    readonly status?: string | undefined;
    readonly leftOn?: string | undefined;
  };
  /** Values of the status column that mean active; any other is a leaver. */
  readonly active: readonly string[];
  /** A snapshot that has lost more of the people it knew is held. */
  readonly maxShrinkPercent: number;
  /** So is one with more leavers; five are always allowed. */
  readonly maxLeaversPercent: number;
  /** No good snapshot for longer, by the time it was taken, raises an alarm; `undefined`: nobody waits for one. */
  readonly silentAfterMs?: number | undefined;
}

export interface Profile {
  readonly connector: ConnectorKind;
  readonly accountable: string;
  /** Why this can't be a role: a long-lived key is the second-best answer. */
  readonly whyNotRole: string;
  /** ARNs of managed policies, or files with an IAM policy document, relative to the policy file. */
  readonly grants: readonly string[];
  /** ARNs of roles that keys of the profile may assume, which have to let it set the source identity; none of any other kind. */
  readonly mayAssume?: readonly string[] | undefined;
  /** What an API token of the profile may be used for; none of any other kind. */
  readonly scopes?: readonly string[] | undefined;
  /** Where an API token is to be had: from its secret, or shown once to whoever asks for it. @default 'secret' */
  readonly delivery?: 'secret' | 'once' | undefined;
  readonly eligible: { readonly roles: readonly string[] };
  /** Environments a request may name. */
  readonly environments: readonly string[];
  readonly onLeave: OnLeave;
  /** What becomes of a credential whose owner, in their new role, could not ask for it. */
  readonly onMove: 'keep' | 'reapprove' | 'transfer' | 'revoke';
  readonly rotation: Rotation;
  /** From the request, or the last renewal, to the end; `undefined`: not limited. */
  readonly ttlMs?: number | undefined;
  /** Who may renew: nobody; the owner; somebody with the right to approve who neither is the owner nor acts for them. */
  readonly renewal: 'none' | 'owner' | 'approval';
}

/**
 * `transfer`: to an heir, with new keys; the old ones work for `overlapMs` longer. `suspend`: denied at once.
 * Suspended, also where there is no heir, it is revoked after `regretMs`.
 */
type OnLeave =
  | { readonly action: 'revoke' }
  | { readonly action: 'suspend'; readonly regretMs: number }
  | { readonly action: 'transfer'; readonly overlapMs: number; readonly regretMs: number };

/** How a credential of the profile is rotated; goes into its record. `everyMs` is more than the other three together. */
export interface Rotation {
  readonly everyMs: number;
  /** The old key works at least this long beside the new one: no shorter than consumers cache. */
  readonly overlapMs: number;
  /** From then on `stillInUse` says what becomes of an old key that is not proven to be out of use. */
  readonly hardLimitMs: number;
  /** A disabled key can be enabled again for so long; then it is deleted. */
  readonly regretMs: number;
  readonly stillInUse: 'extend' | 'disable';
}

export type Right = 'request' | 'approve' | 'operate' | 'audit' | 'steward';

export interface CallerRule {
  /** Pattern of the caller's ARN: `*` is any run of characters within a segment, `{name}` the same and kept. */
  readonly match: { readonly arn: string };
  /** Owner the caller is: `<source>:<external id>` or an e-mail address; `{name}` as matched. */
  readonly owner: string;
  readonly may: readonly Right[];
  /** Owners the caller may act for besides itself. */
  readonly for: readonly string[];
}
