import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Accepts findings of cdk-nag's AwsSolutions on `scope` and what is below it, with the reason why they are right here. */
export function acknowledge(scope: IConstruct, findings: readonly string[], reason: string): void {
  Validations.of(scope).acknowledge(...findings.map((finding) => ({ id: `AwsSolutions::AwsSolutions-${finding}`, reason })));
}

/** Accepts wildcards in the resources of a policy; ARNs as the policy has them, tokens and all. */
export function acknowledgeWildcards(scope: IConstruct, arns: readonly string[], reason: string): void {
  const findings = arns.map((arn) => `IAM5[Resource::${written(Stack.of(scope).resolve(arn))}]`);
  acknowledge(scope, findings, reason);
}

/** As cdk-nag writes it: `arn:<AWS::Partition>:…`, `<Bucket.Arn>/…`. */
function written(resolved: unknown): string {
  if (typeof resolved === 'string') return resolved;
  const {
    'Fn::Join': join,
    'Fn::GetAtt': attribute,
    Ref: ref,
  } = resolved as {
    readonly 'Fn::Join'?: readonly [string, readonly unknown[]];
    readonly 'Fn::GetAtt'?: readonly string[];
    readonly Ref?: string;
  };
  if (join) return join[1].map(written).join(join[0]);
  return `<${attribute?.join('.') ?? ref ?? ''}>`;
}
