import { type EpochMs, type PolicyId, plusMs, unreachable } from './types.ts';

/** Which policy the functions decide by, and how far it is that whoever it concerns has been looked up. One record a stack. */
export type PolicyInForce = Common &
  (
    | { readonly status: 'followed-up' }
    /** Passes over the live credentials, until one finds nobody new. */
    | {
        readonly status: 'following-up';
        readonly pass: number;
        readonly cursor: string | undefined;
        readonly touched: number;
        readonly nextAtMs: EpochMs;
      }
  );

interface Common {
  readonly id: PolicyId;
  readonly digest: string;
  readonly previous: string | undefined;
  readonly changedAtMs: EpochMs;
}

export type PolicyEvent =
  | { readonly type: 'PolicyChanged'; readonly digest: string; readonly previous: string | undefined; readonly atMs: EpochMs }
  /** `touched`: owners of this pass so far. */
  | { readonly type: 'FollowUpPageDone'; readonly cursor: string; readonly touched: number; readonly atMs: EpochMs }
  | { readonly type: 'FollowUpPassDone'; readonly touched: number; readonly nextAtMs: EpochMs }
  | { readonly type: 'PolicyFollowedUp'; readonly atMs: EpochMs };

export const POLICY_ID = 'policy' as PolicyId;

/** While a deployment goes on, functions of the one before it still run: for so long, their policy is not taken for a change back. */
const DEPLOYMENT_MS = 900_000;
/** A credential that becomes due at another time while it is read may be missed once. */
const LEAST_PASSES = 2;

/** What a function that decides by `digest` makes of the policy on record. */
export function decidePolicy(state: PolicyInForce | undefined, digest: string, nowMs: EpochMs): readonly PolicyEvent[] {
  if (state?.digest === digest) return [];
  if (state && state.previous === digest && nowMs < plusMs(state.changedAtMs, DEPLOYMENT_MS)) return [];
  return [{ type: 'PolicyChanged', digest, previous: state?.digest, atMs: nowMs }];
}

/** After a page of the live credentials: on to the next, to another pass, or done. */
export function decideFollowUpPage(
  { pass }: Extract<PolicyInForce, { status: 'following-up' }>,
  { touched, nextCursor }: { readonly touched: number; readonly nextCursor: string | undefined },
  nowMs: EpochMs,
  passGapMs: number,
): PolicyEvent {
  if (nextCursor !== undefined) return { type: 'FollowUpPageDone', cursor: nextCursor, touched, atMs: nowMs };
  if (touched > 0 || pass < LEAST_PASSES) return { type: 'FollowUpPassDone', touched, nextAtMs: plusMs(nowMs, passGapMs) };
  return { type: 'PolicyFollowedUp', atMs: nowMs };
}

export const policyDueAtMs = (state: PolicyInForce): EpochMs | undefined => (state.status === 'following-up' ? state.nextAtMs : undefined);

/** The state after `event`. Throws where a history can't be. */
export function evolvePolicy(state: PolicyInForce | undefined, event: PolicyEvent): PolicyInForce {
  if (event.type === 'PolicyChanged') {
    const { digest, previous, atMs } = event;
    const common = { id: POLICY_ID, digest, previous, changedAtMs: atMs };
    return { ...common, status: 'following-up', pass: 1, cursor: undefined, touched: 0, nextAtMs: atMs };
  }
  if (state?.status !== 'following-up') throw new Error(`history: ${event.type} of a policy that is not being followed up`);
  switch (event.type) {
    case 'FollowUpPageDone':
      return { ...state, cursor: event.cursor, touched: event.touched, nextAtMs: event.atMs };
    case 'FollowUpPassDone':
      return { ...state, pass: state.pass + 1, cursor: undefined, touched: 0, nextAtMs: event.nextAtMs };
    case 'PolicyFollowedUp': {
      const { id, digest, previous, changedAtMs } = state;
      return { id, digest, previous, changedAtMs, status: 'followed-up' };
    }
    default:
      return unreachable(event, 'evolvePolicy');
  }
}
