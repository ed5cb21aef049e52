import type { Timing } from './timing.ts';

/** The entitlement catalogue and who may use it, as `nhi.policy.yaml` says it; all durations in ms. */
export interface Policy {
  readonly version: 1;
  /** Owner who answers for this file, `<source>:<external id>`. */
  readonly accountable: { readonly policy: string };
  readonly sources: Readonly<Record<string, Source>>;
  readonly profiles: Readonly<Record<string, Profile>>;
  readonly callers: readonly CallerRule[];
  readonly timing: Timing;
}

interface Source {
  readonly kind: 'bus';
  readonly accountable: string;
  /** ARNs allowed to say facts of this source; the bus refuses everybody else. */
  readonly principals: readonly string[];
  /** A sequence further ahead than this is refused: one wrong number would silence the source. */
  readonly maxSequenceJump: number;
}

export interface Profile {
  readonly connector: 'aws-iam-user';
  readonly accountable: string;
  /** Why this can't be a role: a long-lived key is the second-best answer. */
  readonly whyNotRole: string;
  /** ARNs of managed policies, or files with an IAM policy document, relative to the policy file. */
  readonly grants: readonly string[];
  readonly eligible: { readonly roles: readonly string[] };
  /** Environments a request may name. */
  readonly environments: readonly string[];
  readonly onLeave: { readonly action: 'revoke' };
}

export type Right = 'request' | 'operate' | 'audit';

export interface CallerRule {
  /** Pattern of the caller's ARN: `*` is any run of characters within a segment, `{name}` the same and kept. */
  readonly match: { readonly arn: string };
  /** Owner the caller is: `<source>:<external id>` or an e-mail address; `{name}` as matched. */
  readonly owner: string;
  readonly may: readonly Right[];
  /** Owners the caller may act for besides itself. */
  readonly for: readonly string[];
}
