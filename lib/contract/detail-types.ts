/** `detail-type` on the outbound bus of each event worth telling; the others stay in the ledger. Additive changes only. */
export const DETAIL_TYPES: Readonly<Record<string, string>> = {
  CredentialRequested: 'Credential Requested',
  CredentialActivated: 'Credential Activated',
  RevocationStarted: 'Credential Revocation Started',
  KeysDisabled: 'Credential Access Removed',
  CredentialRevoked: 'Credential Revoked',
  StepFailed: 'Credential Blocked',
  OwnerJoined: 'Owner Joined',
  OwnerMoved: 'Owner Moved',
  OwnerReturned: 'Owner Returned',
  OwnerLeft: 'Owner Left',
  OwnerReviewed: 'Owner Reviewed',
  OwnerOffboarded: 'Owner Offboarded',
};
/** `source` of everything on the outbound bus. */
export const OUTBOUND_SOURCE = 'nhi-lifecycle';
