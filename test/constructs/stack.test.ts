import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { rightsByFunction, synthesised } from './synthesised.ts';

const { app, template } = synthesised();
const rights = rightsByFunction(template);
const all = (type: string) => Object.values(template.findResources(type)).map(({ Properties }) => Properties);

describe('functions', () => {
  it('are ten, each with a role of its own, Node 24 on arm64', () => {
    const functions = all('AWS::Lambda::Function').filter(({ FunctionName }) => FunctionName);
    expect(functions.map(({ FunctionName }) => FunctionName).sort()).toEqual([
      'nhi-api',
      'nhi-deny-list',
      'nhi-import-feed',
      'nhi-offboard',
      'nhi-owner-events',
      'nhi-publish',
      'nhi-reveal-token',
      'nhi-rotate-token-key',
      'nhi-sweep-account',
      'nhi-sweep-due',
      'nhi-work-api-token',
      'nhi-work-aws-iam-user',
    ]);
    for (const { Runtime, Architectures } of functions) expect([Runtime, Architectures]).toEqual(['nodejs24.x', ['arm64']]);
    expect(new Set(functions.map(({ Role }) => JSON.stringify(Role))).size).toBe(functions.length);
  });

  it('have small bundles', () => {
    const manifest = app.synth();
    const sizes = manifest.stacks[0]?.assets.flatMap((asset) => {
      const path = `${manifest.directory}/${'path' in asset ? asset.path : ''}/index.mjs`;
      return asset.packaging === 'zip' ? [gzipSync(readFileSync(path)).length] : [];
    });
    for (const bytes of sizes ?? []) expect(bytes).toBeLessThan(200_000);
  });
});

describe('cdk-nag', () => {
  it('AwsSolutions finds nothing that is not acknowledged with a reason', () => {
    expect(() => app.synth({ force: true })).not.toThrow();
  });

  it('and would find it (a bare queue does not pass)', () => {
    const { app: broken, stack } = synthesised();
    new Queue(stack, 'Bare');
    expect(() => broken.synth({ force: true })).toThrow(/[Vv]alidation/);
  });
});

describe('least privilege', () => {
  it('one function alone may say whom the kill policy denies: it makes and removes versions of exactly that policy, and nothing else', () => {
    expect(rights['deny-list']?.filter((line) => /^allow (iam|secretsmanager|sts):/.test(line))).toEqual(
      ['Create', 'Delete', 'Get']
        .map((verb) => `allow iam:${verb}PolicyVersion on arn:<Partition>:iam::<AccountId>:policy/nhi/nhi-kill-1`)
        .concat('allow iam:ListPolicyVersions on arn:<Partition>:iam::<AccountId>:policy/nhi/nhi-kill-1'),
    );
    for (const [name, lines] of Object.entries(rights))
      expect(
        lines.some((line) => /^deny iam:\*PolicyVersion on <NhiProfilesKill>$/.test(line)),
        name,
      ).toBe(name !== 'deny-list');
  });

  it('no function but the worker, the kill list and the sweep of the account has a right in IAM or Secrets Manager', () => {
    for (const [name, allowed] of Object.entries(rights))
      if (!name.startsWith('work-') && !['deny-list', 'sweep-account', 'reveal-token', 'rotate-token-key'].includes(name))
        expect(
          allowed.filter((line) => /^allow (iam|secretsmanager|sts):/.test(line)),
          name,
        ).toEqual([]);
  });

  it('no right is a wildcard of actions, and none is on everything but the listing of streams', () => {
    const allowed = Object.values(rights)
      .flat()
      .filter((line) => line.startsWith('allow '));
    expect(allowed.filter((line) => /^allow \S*\*/.test(line))).toEqual([]);
    expect(allowed.filter((line) => / on \*( |$)/.test(line))).toEqual([
      'allow iam:GenerateCredentialReport on *',
      'allow iam:GetAccountAuthorizationDetails on *',
      'allow iam:GetCredentialReport on *',
      'allow dynamodb:ListStreams on *',
    ]);
  });

  it('the worker makes users under our path only, with our boundary and our tag', () => {
    const create = rights['work-aws-iam-user']?.filter((line) => line.startsWith('allow iam:CreateUser '));
    expect(create).toHaveLength(1);
    expect(create?.[0]).toMatch(
      / on arn:<Partition>:iam::<AccountId>:user\/nhi\/\* if .*iam:PermissionsBoundary.*aws:RequestTag\/nhi:stack":"nhi"/,
    );
  });

  it('what it changes on a user carries our tag', () => {
    const free =
      /^allow iam:(CreateUser|TagUser|GetUser|ListAccessKeys|GetAccessKeyLastUsed|AddUserToGroup|RemoveUserFromGroup|DeleteVirtualMFADevice) /;
    const changes = rights['work-aws-iam-user']?.filter((line) => line.startsWith('allow iam:') && !free.test(line)) ?? [];
    expect(changes.length).toBeGreaterThan(10);
    for (const line of changes) expect(line).toContain('"aws:ResourceTag/nhi:stack":"nhi"');
  });

  it('the owner’s tag, and no other, is changed by the workers alone, on what carries our tag', () => {
    for (const [name, lines] of Object.entries(rights)) {
      const tagging = lines.filter((line) => /^allow (iam:(Untag|Tag)User|secretsmanager:(Untag|Tag)Resource) /.test(line));
      expect(tagging.length, name).toBe({ 'work-aws-iam-user': 4, 'work-api-token': 2 }[name] ?? 0); // two for what it makes, with our tag in the request
      for (const line of tagging.filter((one) => !one.includes('aws:RequestTag/nhi:stack'))) {
        expect(line).toContain('"aws:ResourceTag/nhi:stack":"nhi"');
        expect(line).toContain('"ForAllValues:StringEquals":{"aws:TagKeys":["nhi:owner"]}');
      }
    }
  });

  it('the sweep of the account makes nothing, reads no secret, and acts on users under our path only', () => {
    const allowed = rights['sweep-account']?.filter((line) => /^allow (iam|secretsmanager|sts):/.test(line)) ?? [];
    expect(allowed.filter((line) => /:(Create|Attach|Add|Pass|Assume|GetSecret)/.test(line))).toEqual([]);
    const acts = allowed.filter(
      (line) => /iam:(Put|Update|Delete|Detach|Deactivate)/.test(line) && !line.includes('DeleteVirtualMFADevice'),
    );
    expect(acts.length).toBeGreaterThan(5);
    for (const line of acts) expect(line).toMatch(/ on arn:<Partition>:iam::<AccountId>:user\/nhi\/\*$/);
  });

  it('the worker of tokens has no right in IAM, and no other function any to what tokens are told by', () => {
    expect(rights['work-api-token']?.filter((line) => /^allow (iam|sts):/.test(line))).toEqual([]);
    for (const [name, lines] of Object.entries(rights)) {
      const keys = lines.filter((line) => /^allow secretsmanager:GetSecretValue on .*:secret:nhi-token-keys-/.test(line));
      const denied = lines.filter((line) => line.startsWith('deny dynamodb:PutItem') && line.includes('["TOKEN#*","TOKENKEY#*"]'));
      const ofTokens = ['work-api-token', 'reveal-token', 'rotate-token-key'].includes(name);
      expect([keys.length, denied.length], name).toEqual(ofTokens ? [1, 0] : [0, 1]);
    }
  });

  it('it can change no policy of a group, a role or its own, and make none', () => {
    expect(
      rights['work-aws-iam-user']?.filter((line) => /iam:(Put|Attach|Create|Update|Set)(Group|Role|Policy|DefaultPolicy)/.test(line)),
    ).toEqual([]);
    expect(
      rights['work-aws-iam-user']?.filter((line) => /iam:(CreateRole|PassRole|AttachUserPolicy|UpdateAssumeRolePolicy)/.test(line)),
    ).toEqual([]);
  });

  it('every function is denied changing the boundary', () => {
    for (const [name, lines] of Object.entries(rights))
      expect(lines.filter((line) => line.startsWith('deny ') && /Boundary>$/.test(line)).length, name).toBeGreaterThan(0);
  });

  it('whoever counts for the guard, closes its batches, or wakes who was released, may', () => {
    for (const name of ['api', 'offboard'])
      expect(rights[name]?.filter((line) => /^allow dynamodb:UpdateItem on /.test(line)).length, name).toBe(1);
    expect(rights['api']?.some((line) => /^allow sqs:SendMessage on .*OwnerQueue/.test(line))).toBe(true);
  });

  it.each(['api', 'owner-events', 'offboard', 'work-aws-iam-user', 'work-api-token'])('%s deletes nothing from the ledger', (name) => {
    expect(rights[name]?.filter((line) => /^allow dynamodb:(Delete|Scan|BatchWrite|PartiQL)/.test(line))).toEqual([]);
  });
});

describe('the boundary', () => {
  it('keeps a user from identities, sessions, and use of sessions it got anyway', () => {
    template.hasResourceProperties('AWS::IAM::ManagedPolicy', {
      ManagedPolicyName: 'nhi-boundary',
      Path: '/nhi/',
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Action: Match.arrayWith(['iam:*']) }),
          Match.objectLike({
            Effect: 'Deny',
            Action: Match.arrayWith(['sts:AssumeRole', 'sts:GetFederationToken', 'sts:GetSessionToken']),
          }),
          Match.objectLike({ Effect: 'Deny', Action: '*', Condition: Match.objectLike({ Null: { 'aws:TokenIssueTime': 'false' } }) }),
        ]),
      }),
    });
  });
});

describe('the kill policy', () => {
  it('is on every group, and matches nobody until somebody is killed', () => {
    const [kill] = all('AWS::IAM::ManagedPolicy').filter(({ ManagedPolicyName }) => ManagedPolicyName === 'nhi-kill-1');
    expect(kill.Path).toBe('/nhi/');
    expect(kill.PolicyDocument.Statement).toEqual([
      expect.objectContaining({ Effect: 'Deny', Action: '*', Condition: { StringEquals: { 'aws:PrincipalTag/nhi:owner': ['nobody'] } } }),
    ]);
    for (const { ManagedPolicyArns } of all('AWS::IAM::Group')) expect(JSON.stringify(ManagedPolicyArns)).toContain('ProfilesKill');
  });
});

describe('what holds things', () => {
  it('the table has point-in-time recovery, deletion protection, our key, a stream, and one index of keys only', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
      GlobalSecondaryIndexes: [Match.objectLike({ IndexName: 'due', Projection: { ProjectionType: 'KEYS_ONLY' } })],
    });
    template.hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Retain' });
  });

  it('in an ephemeral deployment nothing is kept', () => {
    const { template: ephemeral } = synthesised({ removalPolicy: RemovalPolicy.DESTROY });
    ephemeral.hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Delete', Properties: { DeletionProtectionEnabled: false } });
  });

  it('every queue a function reads has a dead-letter queue, a visibility of six time-outs, and refuses plain HTTP', () => {
    const read = all('AWS::SQS::Queue').filter(({ RedrivePolicy }) => RedrivePolicy);
    expect(read.map(({ QueueName, VisibilityTimeout }) => [QueueName, VisibilityTimeout]).sort()).toEqual([
      ['nhi-deny-list', 360],
      ['nhi-facts', 180],
      ['nhi-feeds', 5400],
      ['nhi-owner-work', 360],
      ['nhi-work-api-token', 360],
      ['nhi-work-aws-iam-user', 360],
    ]);
  });

  it('every queue that nobody reads raises an alarm at its first message', () => {
    const ends = all('AWS::SQS::Queue').filter(({ RedrivePolicy }) => !RedrivePolicy);
    const alarms = all('AWS::CloudWatch::Alarm').filter(
      ({ MetricName, Threshold }) => MetricName === 'ApproximateNumberOfMessagesVisible' && Threshold === 1,
    );
    expect(ends).toHaveLength(10);
    expect(alarms).toHaveLength(10);
  });

  it('a kill list that is four fifths full raises an alarm, and so does one that IAM refuses', () => {
    const of = { Namespace: 'NhiLifecycle', Dimensions: [{ Name: 'service', Value: 'deny-list' }], Statistic: 'Maximum' };
    const full = { MetricName: 'KillListFill', Threshold: 80, ComparisonOperator: 'GreaterThanOrEqualToThreshold' };
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { ...of, ...full });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { ...of, MetricName: 'KillPending', Threshold: 1 });
  });

  it('a record past its deadline raises an alarm', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'RecordPastDeadline', Threshold: 1 });
  });
});

const importRole = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::', { Ref: 'AWS::AccountId' }, ':role/nhi-import-feed']] };

describe('the inbound bus', () => {
  it('refuses sources that no policy names, and each source to all but its principals', () => {
    const statements = all('AWS::Events::EventBusPolicy').map(({ Statement }) => Statement);
    const bound = (role: string, ...others: readonly object[]) => {
      const arn = `arn:aws:iam::000000000000:role/${role}`;
      return [
        { Effect: 'Deny', Condition: { ArnNotEquals: { 'aws:PrincipalArn': [arn, ...others] } } },
        { Effect: 'Allow', Principal: { AWS: [arn] } },
      ];
    };
    expect(statements).toMatchObject([
      { Effect: 'Deny', Principal: '*', Condition: { StringNotEquals: { 'events:source': ['hr', 'team'] } } },
      ...bound('demo-hr-feed', importRole), // which says what lies in the bucket
      ...bound('demo-directory'),
    ]);
  });

  it('a fact that can’t be delivered to its queue is kept (not shown on the local cloud, which has no dead-letter queues of rules)', () => {
    template.hasResourceProperties('AWS::Events::Rule', { Targets: [Match.objectLike({ DeadLetterConfig: Match.anyValue() })] });
  });
});

describe('the API', () => {
  it('every route is signed, every call is in the access log', () => {
    for (const { AuthorizationType } of all('AWS::ApiGatewayV2::Route')) expect(AuthorizationType).toBe('AWS_IAM');
    template.hasResourceProperties('AWS::ApiGatewayV2::Stage', { AccessLogSettings: Match.anyValue() });
  });
});
