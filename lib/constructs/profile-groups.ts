import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { NAMES } from '../contract/env.ts';
import type { Policy } from '../domain/policy.ts';

export interface ProfileGroupsProps {
  readonly stackName: string;
  readonly policy: Policy;
  /** IAM policy documents by the file name a profile names them with. */
  readonly grantDocuments: Readonly<Record<string, Record<string, unknown>>>;
}

/**
 * One IAM group a profile, with what the profile grants, and the one boundary of all users. Made at synth: the run time may put users
 * into these groups, and may neither make nor change a group or a policy.
 */
export class ProfileGroups extends Construct {
  readonly boundary: iam.ManagedPolicy;
  readonly groups: readonly iam.Group[];

  constructor(scope: Construct, id: string, { stackName, policy, grantDocuments }: ProfileGroupsProps) {
    super(scope, id);
    this.boundary = new iam.ManagedPolicy(this, 'Boundary', {
      managedPolicyName: `${stackName}-boundary`,
      path: NAMES.iamPath,
      description: 'The most any user of nhi-lifecycle may ever do, whatever is attached to it.',
      statements: boundaryStatements(),
    });
    this.groups = Object.entries(policy.profiles).map(([name, profile]) => {
      const group = new iam.Group(this, `Group-${name}`, { groupName: NAMES.groupOf(stackName, name), path: NAMES.iamPath });
      for (const [index, grant] of profile.grants.entries()) {
        const document = grantDocuments[grant];
        if (document) new iam.Policy(this, `Grant-${name}-${index}`, { groups: [group], document: iam.PolicyDocument.fromJson(document) });
        else group.addManagedPolicy(iam.ManagedPolicy.fromManagedPolicyArn(this, `Grant-${name}-${index}`, grant));
      }
      return group;
    });
  }
}

/** A boundary allows nothing by itself: the `*` is what the denies are taken from; the groups say what a user may do. */
function boundaryStatements(): readonly iam.PolicyStatement[] {
  const deny = (sid: string, actions: string[], conditions?: Record<string, unknown>): iam.PolicyStatement =>
    new iam.PolicyStatement({ sid, effect: iam.Effect.DENY, actions, resources: ['*'], ...(conditions && { conditions }) });
  return [
    new iam.PolicyStatement({ sid: 'AtMostWhatTheGroupGrants', actions: ['*'], resources: ['*'] }),
    deny('NoIdentities', ['iam:*', 'organizations:*', 'account:*']),
    // A session would outlive its key by up to 36 hours, and an assumed role by up to 12.
    deny('NoSessions', ['sts:GetFederationToken', 'sts:TagSession', 'sts:AssumeRole', 'sts:GetSessionToken']),
    // What a session got anyhow may do nothing, unless a service forwards a call that the key itself made.
    deny('NoTemporaryCredentials', ['*'], { Null: { 'aws:TokenIssueTime': 'false' }, Bool: { 'aws:ViaAWSService': 'false' } }),
  ];
}
