import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { rightsByFunction, synthesised } from './synthesised.ts';

const { template } = synthesised();
const rights = rightsByFunction(template)['import-feed'] ?? [];

describe('the bucket of feeds', () => {
  it('is encrypted, versioned, not public, without access lists, and kept', () => {
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      Properties: {
        BucketEncryption: Match.anyValue(),
        VersioningConfiguration: { Status: 'Enabled' },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
      },
    });
  });

  it('forgets snapshots and reports, and never what the next snapshot is compared with', () => {
    const [bucket] = Object.values(template.findResources('AWS::S3::Bucket'));
    const rules: readonly Record<string, unknown>[] = bucket?.['Properties'].LifecycleConfiguration.Rules;
    expect(rules.map(({ Prefix, ExpirationInDays }) => [Prefix, ExpirationInDays])).toEqual([
      ['feeds/', 90],
      ['reports/', 90],
      ['kept/', undefined],
    ]);
  });

  it('takes snapshots of a source from those who may say its facts, everything else from the import, and nothing in plain text', () => {
    const [policy] = Object.values(template.findResources('AWS::S3::BucketPolicy'));
    const statements = policy?.['Properties'].PolicyDocument.Statement;
    const denied = { Effect: 'Deny', Action: 's3:PutObject', Principal: { AWS: '*' } };
    expect(statements).toContainEqual(expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }));
    expect(statements).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({
          Sid: 'Onlyhr',
          ...denied,
          Condition: { ArnNotEquals: { 'aws:PrincipalArn': ['arn:aws:iam::000000000000:role/demo-hr-feed'] } },
        }),
        expect.objectContaining({ Sid: 'OnlyTheImport', ...denied, NotResource: expect.anything() }),
      ]),
    );
  });

  it('brings no function and no role of CDK’s own', () => {
    expect(JSON.stringify(template.toJSON())).not.toMatch(/BucketNotificationsHandler|AutoDeleteObjects/);
  });
});

describe('the sweep', () => {
  it('queues what a feed wants by itself, where a source has one', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'nhi-sweep-due',
      Environment: { Variables: Match.objectLike({ NHI_FEED_QUEUE_URL: Match.anyValue() }) },
    });
    expect(rightsByFunction(template)['sweep-due']).toContain('allow sqs:SendMessage on <NhiFeedQueue>');
  });
});

describe('the import', () => {
  it('reads what is put there and what it kept, writes what it keeps and its reports, and deletes nothing', () => {
    expect(rights.filter((line) => line.includes(' s3:'))).toEqual([
      'allow s3:GetObject on <NhiFeeds>/feeds/*',
      'allow s3:GetObject on <NhiFeeds>/kept/*',
      'allow s3:GetObjectVersion on <NhiFeeds>/feeds/*',
      'allow s3:GetObjectVersion on <NhiFeeds>/kept/*',
      'allow s3:ListBucket on <NhiFeeds>',
      'allow s3:PutObject on <NhiFeeds>/kept/*',
      'allow s3:PutObject on <NhiFeeds>/reports/*',
    ]);
  });

  it('says facts on the inbound bus of sources with a feed, and of no other', () => {
    expect(rights.filter((line) => line.includes(' events:'))).toEqual([
      expect.stringMatching(/^allow events:PutEvents on <NhiInboundBus> if .*"events:source":\["hr"\]/),
    ]);
  });

  it('reaches the records of its feeds in the ledger, and no other (not shown on the local cloud, which does not look at leading keys)', () => {
    const lines = rights.filter((line) => line.includes('allow dynamodb:'));
    expect(lines).toHaveLength(3);
    for (const line of lines)
      expect(line).toMatch(/dynamodb:(GetItem|PutItem|Query) on <NhiStoreTable> if .*"dynamodb:LeadingKeys":\["FEED#feed_hr"\]/);
  });

  it('raises an alarm at the first snapshot that is held', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'FeedHeld', Threshold: 1 });
  });
});

it('sweep-due writes due times, and of records only which policy is in force', () => {
  const lines = rightsByFunction(template)['sweep-due']?.filter((line) => /^allow dynamodb:(GetItem|PutItem)/.test(line)) ?? [];
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toContain('"dynamodb:LeadingKeys":["POLICY#policy"]');
});
