import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Code, Function as Lambda, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NhiTokenAuthorizer } from '../../lib/index.ts';

/**
 * A service of some other team whose HTTP API takes API tokens of nhi-lifecycle. Its context: `manager` (name of that deployment),
 * `keyArn` (the output `KeyArn` of its stack) and `ttlS`, for how many seconds an answer is kept.
 */
const app = new App();
const stack = new Stack(app, 'Orders', { stackName: 'orders' });
const contextOf = (name: string): string => String(app.node.tryGetContext(name) ?? '');

const echo = 'exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event.requestContext.authorizer.lambda) });';
const service = new Lambda(stack, 'Service', { runtime: Runtime.NODEJS_24_X, handler: 'index.handler', code: Code.fromInline(echo) });

const tokens = new NhiTokenAuthorizer(stack, 'Tokens', {
  manager: { name: contextOf('manager') || 'nhi', keyArn: contextOf('keyArn') },
  name: 'orders',
  environment: 'prod',
  resultsTtl: Duration.seconds(Number(contextOf('ttlS') || 30)),
  scopes: { 'GET /orders': 'orders:read', 'POST /orders': 'orders:write' },
  removalPolicy: RemovalPolicy.DESTROY,
});
const api = new HttpApi(stack, 'Api', { apiName: 'orders', defaultAuthorizer: tokens.authorizer });
tokens.resetsAnswersOf(api);
api.addRoutes({ path: '/orders', methods: [HttpMethod.GET, HttpMethod.POST], integration: new HttpLambdaIntegration('Orders', service) });
api.addRoutes({ path: '/admin', methods: [HttpMethod.GET], integration: new HttpLambdaIntegration('Admin', service) }); // in no scope: nobody
new CfnOutput(stack, 'OrdersUrl', { value: api.apiEndpoint });
