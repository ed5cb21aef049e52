/** Names of the environment variables that the stack sets and the functions read. */
export const ENV = {
  table: 'NHI_TABLE',
  stack: 'NHI_STACK',
  account: 'NHI_ACCOUNT',
  workQueueUrl: 'NHI_WORK_QUEUE_URL', // aws-iam-user
  tokenQueueUrl: 'NHI_TOKEN_QUEUE_URL', // api-token
  tokenKeys: 'NHI_TOKEN_KEYS', // name or ARN of the secret with the keys that tokens are told by
  ownerQueueUrl: 'NHI_OWNER_QUEUE_URL',
  denyListQueueUrl: 'NHI_DENY_LIST_QUEUE_URL',
  killPolicyArn: 'NHI_KILL_POLICY_ARN',
  rejectQueueUrl: 'NHI_REJECT_QUEUE_URL',
  bus: 'NHI_BUS',
  inboundBus: 'NHI_INBOUND_BUS',
  feedBucket: 'NHI_FEED_BUCKET',
  feedQueueUrl: 'NHI_FEED_QUEUE_URL', // where a source has a feed
  boundaryArn: 'NHI_BOUNDARY_ARN',
  secretKeyArn: 'NHI_SECRET_KEY_ARN',
  managerRoleArns: 'NHI_MANAGER_ROLE_ARNS', // comma-separated; roles that may read a secret besides its consumers
} as const;

/** Of the authorizer, which may be deployed by another team with another stack. */
export const AUTHORIZER_ENV = {
  table: 'NHI_TABLE',
  tokenKeys: ENV.tokenKeys,
  environment: 'NHI_ENVIRONMENT',
  scopes: 'NHI_SCOPES', // JSON: scope by route key
} as const;

/** Of the function that has an HTTP API forget what its authorizer said. */
export const RESET_ENV = { apiId: 'NHI_API_ID', stage: 'NHI_STAGE' } as const;

/** Names that the stack gives and the functions build again. */
export const NAMES = {
  /** Path of every IAM user, group and policy of ours; what is outside is never touched. */
  iamPath: '/nhi/',
  /** Every user's name begins so; the rest is the credential's id in lower case. */
  userPrefix: 'nhi-cred_',
  groupOf: (stack: string, profile: string): string => `${stack}-${profile}`,
  killPolicyOf: (stack: string): string => `${stack}-kill-1`,
  inboundBus: (stack: string): string => `${stack}-in`,
  outboundBus: (stack: string): string => stack,
  tokenKeys: (stack: string): string => `${stack}-token-keys`, // not under nhi/, where the workers' rights end
  metrics: 'NhiLifecycle',
  pastDeadline: 'RecordPastDeadline',
  unreadable: 'RecordUnreadable',
  orphans: 'Orphans',
  heldActs: 'HeldActs',
  feedHeld: 'FeedHeld',
  feedSilent: 'FeedSilent',
  heldTooLong: 'HeldTooLong',
  notAccepted: 'TransferNotAccepted',
  /** Percent of the kill list's room that is taken. */
  killListFill: 'KillListFill',
  killPending: 'KillPending',
} as const;

/** File beside each bundle that holds the compiled policy. */
export const POLICY_FILE = 'policy.json';
