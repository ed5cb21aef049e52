import type { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { NAMES } from '../contract/env.ts';
import { acknowledge } from './acknowledge.ts';

export interface TokenKeysProps {
  readonly stackName: string;
  readonly key: IKey;
  readonly removalPolicy: RemovalPolicy;
}

/** The keys that tokens are told by: `{"current": "k1", "k1": "…"}`. Nobody ever sees the first; later ones are added beside it. */
export class TokenKeys extends Construct {
  readonly secret: Secret;

  constructor(scope: Construct, id: string, { stackName, key, removalPolicy }: TokenKeysProps) {
    super(scope, id);
    this.secret = new Secret(this, 'Secret', {
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
      this.secret,
      ['SMG4'],
      'Replaced at once, it would refuse every token. A key is added and an old one dropped when no token needs it.',
    );
  }
}
