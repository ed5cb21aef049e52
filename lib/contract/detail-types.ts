import type { CredentialEvent } from '../domain/credential/events.ts';
import type { FeedEvent } from '../domain/feed/record.ts';
import type { OwnerEvent } from '../domain/owner/state.ts';
import type { PolicyEvent } from '../domain/policy-in-force.ts';

type EventType = (CredentialEvent | OwnerEvent | PolicyEvent | FeedEvent)['type'];

/** `detail-type` on the outbound bus of each event worth telling; the others stay in the ledger. Additive changes only. */
export const DETAIL_TYPES: Readonly<Partial<Record<EventType, string>>> = {
  CredentialRequested: 'Credential Requested',
  CredentialActivated: 'Credential Activated',
  StepFailed: 'Credential Blocked',
  // rotation: first the new key is the current one, then the old one is disabled
  VersionPromoted: 'Credential Key Promoted',
  VersionDisabled: 'Credential Rotated',
  VersionGivenUp: 'Credential Key Given Up',
  UndoRequested: 'Credential Undo Requested',
  VersionRestored: 'Credential Key Restored',
  // suspension and end
  SuspensionStarted: 'Credential Suspended',
  AccessDenied: 'Credential Access Denied',
  SuspensionLifted: 'Credential Resumed',
  RevocationStarted: 'Credential Revocation Started',
  KeysDisabled: 'Credential Access Removed',
  CredentialRevoked: 'Credential Revoked',
  ExpiryApproaching: 'Credential Expiry Approaching',
  ExpiryRenewed: 'Credential Renewed',
  // from hand to hand; the cause names whoever was passed over
  ReplacementStarted: 'Credential Replacement Started',
  HeirChosen: 'Credential Successor Chosen',
  HeirLost: 'Credential Successor Lost',
  CredentialHandedOver: 'Credential Transferred',
  SuccessionAccepted: 'Credential Transfer Accepted',
  SuccessionEscalated: 'Credential Transfer Escalated',
  ApprovalRequired: 'Credential Approval Required',
  ApprovalGranted: 'Credential Approved',
  // owners
  OwnerJoined: 'Owner Joined',
  OwnerMoved: 'Owner Moved',
  OwnerReturned: 'Owner Returned',
  OwnerLeaveScheduled: 'Owner Leave Scheduled',
  OwnerLeft: 'Owner Left',
  OwnerReviewed: 'Owner Reviewed',
  OwnerKilled: 'Owner Killed',
  KillConfirmed: 'Owner Kill Confirmed',
  KillCompleted: 'Owner Kill Completed',
  KillLifted: 'Owner Kill Lifted',
  OwnerRestored: 'Owner Restored',
  OwnerOffboarded: 'Owner Offboarded',
  // the guard: one event an owner; the batch is in its data
  RemovalHeld: 'Batch Held',
  HoldEscalated: 'Batch Hold Escalated',
  RemovalObserved: 'Owner Removal Observed',
  RemovalReconsidered: 'Owner Removal Reconsidered',
  ReviewOrdered: 'Owner Review Ordered',
  // the policy, and snapshots of sources
  PolicyChanged: 'Policy Changed',
  PolicyFollowedUp: 'Policy Followed Up',
  SnapshotApplied: 'Feed Applied',
  SnapshotHeld: 'Feed Held',
  FeedSilent: 'Feed Silent',
};

/** After these an answer that was given for a token may not be right any more, where they are about a token or an owner. */
export const TOKEN_ANSWERS_CHANGE = [
  ...['Credential Rotated', 'Credential Access Denied', 'Credential Access Removed', 'Credential Revoked', 'Owner Left', 'Owner Killed'],
] as const;

/** Told where the event says so. */
export const ROTATION_OVERDUE = 'Credential Rotation Overdue';
/** What happens to items that are no records, and so have no events of their own. */
export const BATCH_RELEASED = 'Batch Released';
export const ORPHAN_FOUND = 'Orphan Found';

/** `source` of everything on the outbound bus. */
export const OUTBOUND_SOURCE = 'nhi-lifecycle';
