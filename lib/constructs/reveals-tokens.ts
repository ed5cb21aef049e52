import { Stack } from 'aws-cdk-lib';
import { type HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { NhiFunction } from './nhi-function.ts';
import { allowTokens } from './token-permissions.ts';

export interface RevealsTokensProps {
  readonly stackName: string;
  readonly tableArn: string;
  readonly keyArn: string;
  /** Of the work on tokens. */
  readonly queueArn: string;
}

/** The one route whose answer holds a token. Its function is not the API's, which has no right to anything a token is told by. */
export function revealsTokens(api: HttpApi, reveal: NhiFunction, { stackName, tableArn, keyArn, queueArn }: RevealsTokensProps): void {
  allowTokens(reveal, stackName, tableArn);
  reveal.allow(['sqs:SendMessage'], [queueArn]);
  reveal.allow(['kms:Decrypt'], [keyArn], {
    StringEquals: { 'kms:ViaService': `secretsmanager.${Stack.of(reveal).region}.amazonaws.com` },
  });
  api.addRoutes({
    path: '/v1/credentials/{id}/token',
    methods: [HttpMethod.POST],
    integration: new HttpLambdaIntegration('RevealToken', reveal.function),
  });
}
