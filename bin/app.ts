import { App, CfnOutput, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { NhiLifecycle } from '../lib/constructs/nhi-lifecycle.ts';
import { readPolicySource } from './policy-source.ts';

/** Context: `policy` (file), `name` (of the deployment), `ephemeral` (nothing is kept when the stack goes). */
const app = new App();
const contextOf = (name: string): string | undefined => app.node.tryGetContext(name)?.toString();

const source = readPolicySource(contextOf('policy') ?? 'nhi.policy.yaml');
if (!source.ok) {
  console.error(source.problems.join('\n'));
  process.exit(1);
}
const assumesRoles = Object.values(source.policy.profiles).some(({ mayAssume = [] }) => mayAssume.length > 0);
const { CDK_DEFAULT_ACCOUNT: account = '', CDK_DEFAULT_REGION: region = '' } = process.env;
const name = contextOf('name') ?? 'nhi';
const stack = new Stack(app, 'NhiLifecycle', {
  stackName: name,
  description: 'nhi-lifecycle: credentials of machine identities, along the life of their owners',
  ...(contextOf('ephemeral') !== 'true' && { terminationProtection: true }),
  ...(assumesRoles && account && { env: { account, region } }), // to tell its own roles from those of other accounts
});
const nhi = new NhiLifecycle(stack, 'Nhi', {
  policy: source.policy,
  compiledPolicy: source.compiled,
  grantDocuments: source.grantDocuments,
  name,
  ...(contextOf('ephemeral') === 'true' && { removalPolicy: RemovalPolicy.DESTROY }),
});
new CfnOutput(stack, 'ApiUrl', { value: nhi.api.apiEndpoint, description: 'What `nhi --api` takes' });
new CfnOutput(stack, 'InboundBus', { value: nhi.inbound.eventBusName, description: 'Where sources say owner facts' });
if (nhi.feeds)
  new CfnOutput(stack, 'FeedBucket', {
    value: nhi.feeds.bucketName,
    description: 'Where HR exports are put, as feeds/<source>/<name>.csv',
  });
new CfnOutput(stack, 'OutboundBus', { value: nhi.outbound.eventBusName, description: 'Where everything that happens is told' });
new CfnOutput(stack, 'KeyArn', {
  value: nhi.tokens.keyArn,
  description: 'What a NhiTokenAuthorizer of another stack takes, with the name of this one',
});
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
