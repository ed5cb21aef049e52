import type { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, HttpMethod, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

export interface FrontDoorProps {
  readonly name: string;
  readonly code: IFunction;
  readonly logRetention: RetentionDays;
  readonly removalPolicy: RemovalPolicy;
}

/** Who, what, and how it ended; no header and no body. */
const ACCESS = {
  requestId: '$context.requestId',
  ip: '$context.identity.sourceIp',
  time: '$context.requestTime',
  caller: '$context.identity.caller',
  principal: '$context.identity.userArn',
  method: '$context.httpMethod',
  path: '$context.path',
  status: '$context.status',
  error: '$context.error.message',
};

/** The HTTP API: every route signed with Signature Version 4, every call in the access log. */
export function frontDoor(scope: Construct, { name, code, logRetention, removalPolicy }: FrontDoorProps): HttpApi {
  const api = new HttpApi(scope, 'Api', { apiName: name, defaultAuthorizer: new HttpIamAuthorizer(), createDefaultStage: false });
  const logGroup = new LogGroup(scope, 'ApiAccess', { logGroupName: `/${name}/api-access`, retention: logRetention, removalPolicy });
  new HttpStage(scope, 'ApiStage', {
    httpApi: api,
    stageName: '$default',
    autoDeploy: true,
    accessLogSettings: { destination: new LogGroupLogDestination(logGroup), format: AccessLogFormat.custom(JSON.stringify(ACCESS)) },
    throttle: { rateLimit: 50, burstLimit: 100 },
  });
  api.addRoutes({
    path: '/v1/{proxy+}',
    methods: [HttpMethod.GET, HttpMethod.POST],
    integration: new HttpLambdaIntegration('ApiCode', code),
  });
  return api;
}
