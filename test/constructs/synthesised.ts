import { App, type RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { readPolicySource } from '../../bin/policy-source.ts';
import { NhiLifecycle } from '../../lib/constructs/nhi-lifecycle.ts';

/** The stack as `cdk deploy` would have it. */
export function synthesised(options: { readonly removalPolicy?: RemovalPolicy } = {}): {
  readonly app: App;
  readonly stack: Stack;
  readonly template: Template;
} {
  const source = readPolicySource('examples/company/nhi.policy.yaml');
  if (!source.ok) throw new Error(source.problems.join('\n'));
  const app = new App({ context: { '@aws-cdk/aws-iam:minimizePolicies': true } });
  const stack = new Stack(app, 'Test');
  const { policy, compiled: compiledPolicy, grantDocuments } = source;
  new NhiLifecycle(stack, 'Nhi', { policy, compiledPolicy, grantDocuments, ...options });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { app, stack, template: Template.fromStack(stack) };
}

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const listed = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? (value as readonly T[]) : [value as T]);

/** What the role of each function may do: one line an action, `allow iam:CreateUser on … if …`, resources with their tokens by name. */
export function rightsByFunction(template: Template): Readonly<Record<string, readonly string[]>> {
  const roles = Object.entries(template.findResources('AWS::IAM::Role')).flatMap(([id, { Properties }]) =>
    typeof Properties.RoleName === 'string' ? [[id, Properties.RoleName.replace(/^nhi-/, '')] as const] : [],
  );
  const policies = Object.values(template.findResources('AWS::IAM::Policy'));
  const rights = roles.map(([id, name]) => {
    const statements = policies
      .filter(({ Properties }) => listed(Properties.Roles ?? []).some((role) => (role as { Ref?: string }).Ref === id))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as readonly Statement[]);
    return [name, statements.flatMap(lines).sort()] as const;
  });
  return Object.fromEntries(rights);
}

const lines = ({ Effect, Action, Resource, Condition }: Statement): readonly string[] =>
  listed(Action).flatMap((action) =>
    listed(Resource).map(
      (resource) =>
        `${Effect.toLowerCase()} ${action} on ${written(resource)}${Condition ? ` if ${written(JSON.stringify(Condition))}` : ''}`,
    ),
  );

function written(value: unknown): string {
  if (typeof value === 'string') return value;
  const {
    Ref,
    'Fn::GetAtt': attribute,
    'Fn::Join': join,
  } = value as { Ref?: string; 'Fn::GetAtt'?: string[]; 'Fn::Join'?: [string, unknown[]] };
  const short = (id = ''): string => id.replace(/^AWS::/, '').replace(/[0-9A-F]{8}$/, '');
  if (join) return join[1].map(written).join(join[0]);
  return attribute ? `<${short(attribute[0])}>` : `<${short(Ref)}>`;
}
