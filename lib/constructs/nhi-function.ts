import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { bundle } from './bundle.ts';

/** What all functions of one deployment share. */
interface FunctionDefaults {
  readonly stackName: string;
  readonly architecture: lambda.Architecture;
  /** The policy as it is put beside each bundle; none for a function that does not decide by it. */
  readonly compiledPolicy?: string;
  readonly logRetention: RetentionDays;
  readonly removalPolicy: RemovalPolicy;
}

export interface NhiFunctionProps extends FunctionDefaults {
  /** The folder under `functions/`. */
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeout: Duration;
  /** @default 256 MiB */
  readonly memoryMiB?: number;
}

/** A function with a log group and a role of its own; the role may write that log and nothing else until it is granted more. */
export class NhiFunction extends Construct {
  readonly function: lambda.Function;
  readonly role: iam.Role;

  constructor(scope: Construct, id: string, props: NhiFunctionProps) {
    super(scope, id);
    const { name, stackName, architecture, compiledPolicy, logRetention, removalPolicy } = props;
    const logGroup = new LogGroup(this, 'Log', { logGroupName: `/${stackName}/${name}`, retention: logRetention, removalPolicy });
    this.role = new iam.Role(this, 'Role', {
      roleName: `${stackName}-${name}`, // named, since resource policies of secrets name it
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    });
    logGroup.grantWrite(this.role);
    this.function = new lambda.Function(this, 'Function', {
      functionName: `${stackName}-${name}`,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture,
      handler: 'index.handler',
      code: bundle(name, compiledPolicy),
      role: this.role,
      logGroup,
      timeout: props.timeout,
      memorySize: props.memoryMiB ?? 256,
      environment: { ...props.environment },
    });
  }

  /** Allows these actions on these resources, as they are written here. */
  allow(actions: readonly string[], resources: readonly string[], conditions?: Readonly<Record<string, unknown>>): void {
    this.role.addToPolicy(
      new iam.PolicyStatement({ actions: [...actions], resources: [...resources], ...(conditions && { conditions: { ...conditions } }) }),
    );
  }

  deny(actions: readonly string[], resources: readonly string[], conditions?: Readonly<Record<string, unknown>>): void {
    this.role.addToPolicy(
      new iam.PolicyStatement({
        effect: iam.Effect.DENY,
        actions: [...actions],
        resources: [...resources],
        ...(conditions && { conditions: { ...conditions } }),
      }),
    );
  }
}
