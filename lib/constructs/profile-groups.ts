import { Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { NAMES } from '../contract/env.ts';
import { killDocument } from '../contract/kill-policy.ts';
import type { Policy } from '../domain/policy.ts';
import { acknowledge } from './acknowledge.ts';

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
  /** On every group; made so that it matches nobody, and rendered by the worker of the kill list alone. */
  readonly killPolicy: iam.ManagedPolicy;
  readonly groups: readonly iam.Group[];

  constructor(scope: Construct, id: string, { stackName, policy, grantDocuments }: ProfileGroupsProps) {
    super(scope, id);
    const assumable = [...new Set(Object.values(policy.profiles).flatMap(({ mayAssume = [] }) => mayAssume))].sort();
    this.boundary = new iam.ManagedPolicy(this, 'Boundary', {
      managedPolicyName: `${stackName}-boundary`,
      path: NAMES.iamPath,
      description: 'The most any user of nhi-lifecycle may ever do, whatever is attached to it.',
      statements: [...boundaryStatements(assumable)],
    });
    acknowledge(
      this.boundary,
      ['IAM5[Action::*]', 'IAM5[Resource::*]'],
      'A boundary allows nothing by itself: it is the ceiling, its denies are the point, and the groups say what a user may do.',
    );
    this.killPolicy = new iam.ManagedPolicy(this, 'Kill', {
      managedPolicyName: NAMES.killPolicyOf(stackName),
      path: NAMES.iamPath,
      // Unchanged from one deployment to the next, or it would take the place of what is denied at the time.
      description: 'Denies everything to the users of killed owners; its versions are made at run time.',
      document: iam.PolicyDocument.fromJson(killDocument([])),
      // On the roles that keys may assume as well, as far as they are of this account: it denies what was assumed with a key that ended.
      roles: assumable.flatMap((arn, index) =>
        isHere(this, arn) ? [iam.Role.fromRoleArn(this, `Assumable${index}`, arn, { mutable: true })] : [],
      ),
    });
    acknowledge(this.killPolicy, ['IAM5[Action::*]', 'IAM5[Resource::*]'], 'It denies, and allows nothing.');
    const ofIam = Object.entries(policy.profiles).filter(([, { connector }]) => connector === 'aws-iam-user');
    this.groups = ofIam.map(([name, profile]) => {
      const group = new iam.Group(this, `Group-${name}`, { groupName: NAMES.groupOf(stackName, name), path: NAMES.iamPath });
      group.addManagedPolicy(this.killPolicy);
      if (profile.mayAssume?.length) group.addToPolicy(mayAssume(profile.mayAssume));
      for (const [index, grant] of profile.grants.entries()) {
        const document = grantDocuments[grant];
        if (document) {
          const granted = new iam.Policy(this, `Grant-${name}-${index}`, {
            groups: [group],
            document: iam.PolicyDocument.fromJson(document),
          });
          acknowledge(
            granted,
            wildcardsIn(document),
            `What the profile grants is decided by whoever answers for it, in ${grant}, and reviewed there.`,
          );
        } else group.addManagedPolicy(iam.ManagedPolicy.fromManagedPolicyArn(this, `Grant-${name}-${index}`, grant));
      }
      return group;
    });
  }
}

function wildcardsIn({ Statement }: Record<string, unknown>): readonly string[] {
  const listed = (value: unknown): readonly string[] =>
    [value].flat().filter((one) => typeof one === 'string' && one.includes('*')) as string[];
  return (Statement as readonly Record<string, unknown>[]).flatMap(({ Action, Resource }) => [
    ...listed(Action).map((action) => `IAM5[Action::${action}]`),
    ...listed(Resource).map((resource) => `IAM5[Resource::${resource}]`),
  ]);
}

/** A role of another account is not ours to attach a policy to: the receipt of a revocation names it. */
function isHere(scope: Construct, arn: string): boolean {
  const { account } = Stack.of(scope);
  if (Token.isUnresolved(account))
    throw new Error('mayAssume: give the stack its account (env), or roles of others can’t be told from its own');
  return arn.split(':')[4] === account;
}

/** Who they are stands in the session, whatever it does and for as long as it lasts. */
const AS_THEMSELVES = { 'sts:SourceIdentity': '${aws:PrincipalTag/nhi:credential}' };
const ASSUME = ['sts:AssumeRole', 'sts:SetSourceIdentity'];

const mayAssume = (roles: readonly string[]): iam.PolicyStatement =>
  new iam.PolicyStatement({ actions: [...ASSUME], resources: [...roles], conditions: { StringEquals: AS_THEMSELVES } });

/** A boundary allows nothing by itself: the `*` is what the denies are taken from; the groups say what a user may do. */
function boundaryStatements(assumable: readonly string[]): readonly iam.PolicyStatement[] {
  const deny = (sid: string, actions: string[], conditions?: Record<string, unknown>): iam.PolicyStatement =>
    new iam.PolicyStatement({ sid, effect: iam.Effect.DENY, actions, resources: ['*'], ...(conditions && { conditions }) });
  return [
    new iam.PolicyStatement({ sid: 'AtMostWhatTheGroupGrants', actions: ['*'], resources: ['*'] }),
    deny('NoIdentities', ['iam:*', 'organizations:*', 'account:*']),
    // A session would outlive its key by up to 36 hours, and an assumed role by up to 12.
    deny('NoSessions', ['sts:GetFederationToken', 'sts:TagSession', 'sts:GetSessionToken', ...(assumable.length ? [] : ASSUME)]),
    ...(assumable.length ? onlyTheseAsThemselves(assumable) : []),
    // What a session got anyhow may do nothing, unless a service forwards a call that the key itself made.
    deny('NoTemporaryCredentials', ['*'], { Null: { 'aws:TokenIssueTime': 'false' }, Bool: { 'aws:ViaAWSService': 'false' } }),
  ];
}

/** Roles that some profile names, and those only with the credential as source identity; which of them, the group of the profile says. */
const onlyTheseAsThemselves = (roles: readonly string[]): readonly iam.PolicyStatement[] => [
  new iam.PolicyStatement({ sid: 'NoOtherRoles', effect: iam.Effect.DENY, actions: [...ASSUME], notResources: [...roles] }),
  new iam.PolicyStatement({
    ...{ sid: 'NobodyElsesName', effect: iam.Effect.DENY, actions: [...ASSUME], resources: [...roles] },
    conditions: { StringNotEquals: AS_THEMSELVES },
  }),
];
