import { App, Duration, Stack, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpUrlIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { NhiTokenAuthorizer, type NhiTokenAuthorizerProps } from '../../lib/index.ts';

const GOOD: NhiTokenAuthorizerProps = {
  manager: { name: 'nhi', keyArn: 'arn:aws:kms:us-east-1:000000000000:key/k' },
  name: 'orders',
  environment: 'prod',
  scopes: { 'GET /orders': 'orders:read' },
};

function given(change: Partial<NhiTokenAuthorizerProps> = {}) {
  const app = new App({ context: { '@aws-cdk/aws-iam:minimizePolicies': true } });
  const stack = new Stack(app, 'Orders');
  const tokens = new NhiTokenAuthorizer(stack, 'Tokens', { ...GOOD, ...change });
  const api = new HttpApi(stack, 'Api');
  const integration = new HttpUrlIntegration('Url', 'https://example.com/');
  api.addRoutes({ path: '/orders', methods: [HttpMethod.GET], integration, authorizer: tokens.authorizer });
  tokens.resetsAnswersOf(api);
  return { template: Template.fromStack(stack) };
}

describe('the authorizer of tokens', () => {
  const { template } = given();

  it('is asked for each token and route apart, and its answers are kept for 30 s', () => {
    template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'REQUEST',
      AuthorizerPayloadFormatVersion: '2.0',
      EnableSimpleResponses: true,
      IdentitySource: ['$request.header.Authorization', '$context.routeKey'],
      AuthorizerResultTtlInSeconds: 30,
    });
    given({ resultsTtl: Duration.seconds(0) }).template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerResultTtlInSeconds: 0,
    });
  });

  it('reads one item of a token or an owner at a time, what it decides by and nothing else (not enforced by the local cloud)', () => {
    const statements = Object.values(template.findResources('AWS::IAM::Policy')).flatMap(
      ({ Properties }) => Properties.PolicyDocument.Statement as readonly { Action: string | string[]; Condition?: object }[],
    );
    expect(statements.filter(({ Action }) => String(Action).includes('dynamodb:'))).toMatchObject([
      {
        Action: 'dynamodb:GetItem',
        Condition: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['TOKEN#*', 'OWNER#*'] },
          'ForAllValues:StringEquals': { 'dynamodb:Attributes': expect.not.arrayContaining(['state', 'envelope']) },
        },
      },
    ]);
    const actions = statements.flatMap(({ Action }) => Action);
    expect([...new Set(actions)].sort()).toEqual([
      ...[
        'apigateway:DELETE',
        'dynamodb:GetItem',
        'kms:Decrypt',
        'logs:CreateLogStream',
        'logs:PutLogEvents',
        'secretsmanager:GetSecretValue',
      ],
    ]);
  });

  it('resets the answers of its stage, and no other, when somebody loses access', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventBusName: 'nhi',
      EventPattern: {
        source: ['nhi-lifecycle'],
        'detail-type': [
          ...['Credential Rotated', 'Credential Access Denied', 'Credential Access Removed', 'Credential Revoked'],
          ...['Owner Left', 'Owner Killed'],
        ],
        detail: { connector: ['api-token', { exists: false }] }, // not when an access key is rotated
      },
      Targets: [Match.objectLike({ RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 2 } })],
    });
    const policies = JSON.stringify(template.findResources('AWS::IAM::Policy'));
    expect(policies).toMatch(/\/stages\/\$default\/cache\/authorizers/);
  });

  it('leaves AwsSolutions nothing to find', () => {
    const app = new App();
    new NhiTokenAuthorizer(new Stack(app, 'Orders'), 'Tokens', GOOD);
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    expect(() => app.synth()).not.toThrow();
  });

  it.each<[string, Partial<NhiTokenAuthorizerProps>, RegExp]>([
    ['answers kept too long', { resultsTtl: Duration.seconds(31) }, /resultsTtl is 31 s, and must be at most 30 s/],
    ['an environment that stands in no token', { environment: 'Prod-1' }, /environment is "Prod-1", and must be 1 to 16/],
    ['a path without a method', { scopes: { '/orders': 'orders:read' } }, /scopes has "\/orders", which is no route key such as/],
    ['no route at all', { scopes: {} }, /scopes must name at least one route/],
    [
      'more than fits',
      { scopes: Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`GET /a-rather-long-path/${n}`, 'orders:read'])) },
      /scopes is \d+ characters long, and must be at most 3000/,
    ],
  ])('refuses %s at synth', (_name, change, message) => {
    expect(() => given(change)).toThrow(message);
  });
});
