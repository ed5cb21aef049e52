import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ddb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { DUE_INDEX } from '../contract/table.ts';

export interface StoreProps {
  readonly stackName: string;
  readonly removalPolicy: RemovalPolicy;
}

/** The ledger, and the key that it and the secrets are encrypted with. */
export class Store extends Construct {
  readonly key: Key;
  readonly table: ddb.Table;

  constructor(scope: Construct, id: string, { stackName, removalPolicy }: StoreProps) {
    super(scope, id);
    const { account, region } = Stack.of(this);
    this.key = new Key(this, 'Key', { description: `Ledger and secrets of ${stackName}`, enableKeyRotation: true, removalPolicy });
    // As the AWS managed key of Secrets Manager has it: whoever may read a secret may have it decrypted, through the service only.
    this.key.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'ReadersOfSecretsThroughTheService',
        principals: [new iam.AnyPrincipal()],
        actions: ['kms:Decrypt', 'kms:DescribeKey'],
        resources: ['*'], // in a key policy: this key
        conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com`, 'kms:CallerAccount': account } },
      }),
    );
    this.table = new ddb.Table(this, 'Table', {
      tableName: stackName,
      partitionKey: { name: 'pk', type: ddb.AttributeType.STRING },
      sortKey: { name: 'sk', type: ddb.AttributeType.STRING },
      billingMode: ddb.BillingMode.PAY_PER_REQUEST,
      encryption: ddb.TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: removalPolicy !== RemovalPolicy.DESTROY,
      stream: ddb.StreamViewType.NEW_IMAGE,
      removalPolicy,
    });
    this.table.addGlobalSecondaryIndex({
      indexName: DUE_INDEX,
      partitionKey: { name: 'duePk', type: ddb.AttributeType.STRING },
      sortKey: { name: 'dueAt', type: ddb.AttributeType.NUMBER },
      projectionType: ddb.ProjectionType.KEYS_ONLY,
    });
  }
}
