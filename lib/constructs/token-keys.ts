import { Duration, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { NAMES } from '../contract/env.ts';
import { TOKEN_PARTITIONS } from '../contract/table.ts';
import { acknowledge } from './acknowledge.ts';
import { alarmAtFirst } from './alarm.ts';
import type { NhiFunction } from './nhi-function.ts';
import { allowTokenKeys, leadingKeys } from './token-permissions.ts';

export interface TokenKeysProps {
  readonly stackName: string;
  readonly key: IKey;
  readonly removalPolicy: RemovalPolicy;
}

/** The keys that tokens are told by: `{"current": "k1", "k1": "…"}`. Nobody ever sees the first; later ones are added beside it. */
export class TokenKeys extends Construct {
  readonly #stackName: string;
  readonly #key: IKey;

  constructor(scope: Construct, id: string, { stackName, key, removalPolicy }: TokenKeysProps) {
    super(scope, id);
    this.#stackName = stackName;
    this.#key = key;
    const secret = new Secret(this, 'Secret', {
      secretName: NAMES.tokenKeys(stackName),
      description: `What API tokens of ${stackName} are told by; without it every one of them is refused`,
      encryptionKey: key,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ current: 'k1' }),
        generateStringKey: 'k1',
        passwordLength: 64,
        excludePunctuation: true,
      },
      removalPolicy,
    });
    acknowledge(
      secret,
      ['SMG4'],
      'Replaced at once, it would refuse every token. A key is added every 30 days, and an old one dropped when no token needs it.',
    );
  }

  /** Has the function add a key every 30 days, and drop those that no live token needs. */
  rotatedBy(rotation: NhiFunction, tableArn: string): void {
    const { region } = Stack.of(this);
    allowTokenKeys(rotation, this.#stackName, 'GetSecretValue', 'PutSecretValue');
    rotation.allow(['dynamodb:GetItem'], [tableArn], leadingKeys('ForAllValues', TOKEN_PARTITIONS.keyUses));
    rotation.allow(['kms:Decrypt', 'kms:GenerateDataKey'], [this.#key.keyArn], {
      StringEquals: { 'kms:ViaService': [`dynamodb.${region}.amazonaws.com`, `secretsmanager.${region}.amazonaws.com`] },
    });
    new Rule(this, 'Every30Days', {
      schedule: Schedule.rate(Duration.days(30)),
      targets: [new LambdaFunction(rotation.function, { retryAttempts: 2 })],
    });
    alarmAtFirst(
      this,
      'RotationFailed',
      'The keys that tokens are told by were not rotated. Tokens go on working; the next run tries again.',
      rotation.function.metricErrors({ period: Duration.hours(1) }),
    );
  }
}
