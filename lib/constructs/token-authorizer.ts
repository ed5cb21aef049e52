import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { EventBus, Match, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { OUTBOUND_SOURCE, TOKEN_ANSWERS_CHANGE } from '../contract/detail-types.ts';
import { AUTHORIZER_ENV, NAMES, RESET_ENV } from '../contract/env.ts';
import { CHECKED_ATTRIBUTES, TOKEN_PARTITIONS } from '../contract/table.ts';
import type { ConnectorKind } from '../domain/credential/capabilities.ts';
import { NhiFunction } from './nhi-function.ts';
import { allowTokenKeys } from './token-permissions.ts';

export interface NhiTokenAuthorizerProps {
  /** Name of the manager's deployment, and the key its table and secrets are encrypted with: `nhi.tokens`, or its stack's outputs. */
  readonly manager: { readonly name: string; readonly keyArn: string };
  /** Begins the names of the functions; unique in the account and region. */
  readonly name: string;
  /** The one environment whose tokens count, e.g. `prod`. */
  readonly environment: string;
  /** The scope each route asks for, by route key: `{'GET /orders/{id}': 'orders:read'}`. A route that is not here lets nobody in. */
  readonly scopes: Readonly<Record<string, string>>;
  /** How long API Gateway keeps an answer, at most 30 s: so long may a token work on where a reset of the answers does not come. @default 30 s */
  readonly resultsTtl?: Duration;
  /** @default Architecture.ARM_64 */
  readonly architecture?: Architecture;
  /** @default RetentionDays.ONE_YEAR */
  readonly logRetention?: RetentionDays;
  /** Of the logs. @default RemovalPolicy.RETAIN */
  readonly removalPolicy?: RemovalPolicy;
}

const TOKENS: ConnectorKind = 'api-token';
const MAX_TTL_S = 30;
/** Lambda takes 4 KB of environment. */
const MAX_SCOPES_LENGTH = 3_000;
const ROUTE_KEY = /^(\$default|(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \/\S*)$/;

/** Lets API tokens of nhi-lifecycle into an HTTP API of any team: give `authorizer` to its routes, and the API to `resetsAnswersOf`. */
export class NhiTokenAuthorizer extends Construct {
  readonly authorizer: HttpLambdaAuthorizer;
  readonly #make: (folder: string, environment: Readonly<Record<string, string>>) => NhiFunction;
  readonly #busName: string;

  constructor(scope: Construct, id: string, props: NhiTokenAuthorizerProps) {
    super(scope, id);
    const { manager, environment, resultsTtl = Duration.seconds(MAX_TTL_S) } = props;
    const scopesByRoute = checked(props, resultsTtl);
    this.#busName = NAMES.outboundBus(manager.name);
    this.#make = (folder, variables) =>
      new NhiFunction(this, folder, {
        name: folder,
        stackName: props.name,
        architecture: props.architecture ?? Architecture.ARM_64,
        logRetention: props.logRetention ?? RetentionDays.ONE_YEAR,
        removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
        timeout: Duration.seconds(5),
        environment: variables,
      });
    const check = this.#make('authorize-token', {
      [AUTHORIZER_ENV.table]: manager.name,
      [AUTHORIZER_ENV.tokenKeys]: NAMES.tokenKeys(manager.name),
      [AUTHORIZER_ENV.environment]: environment,
      [AUTHORIZER_ENV.scopes]: scopesByRoute,
    });
    allowChecks(check, manager);
    this.authorizer = new HttpLambdaAuthorizer('NhiToken', check.function, {
      authorizerName: `${props.name}-tokens`,
      responseTypes: [HttpLambdaResponseType.SIMPLE],
      // With the route, or the answer for one would serve for all.
      identitySource: ['$request.header.Authorization', '$context.routeKey'],
      resultsCacheTtl: resultsTtl,
    });
  }

  /** Forgets all kept answers of a stage whenever a token or an owner loses access; without it their time alone ends them. */
  resetsAnswersOf(api: HttpApi, stageName = '$default'): void {
    const { partition, region } = Stack.of(this);
    const path = `/v2/apis/${api.apiId}/stages/${stageName}/cache/authorizers`;
    const reset = this.#make('reset-token-answers', { [RESET_ENV.apiId]: api.apiId, [RESET_ENV.stage]: stageName });
    reset.allow(['apigateway:DELETE'], [`arn:${partition}:apigateway:${region}::${path}`]);
    new Rule(this, 'LosesAccess', {
      eventBus: EventBus.fromEventBusName(this, 'Outbound', this.#busName),
      eventPattern: {
        source: [OUTBOUND_SOURCE],
        detailType: [...TOKEN_ANSWERS_CHANGE],
        // Owners are of no kind, and nor are events from before credentials told theirs.
        detail: { connector: Match.anyOf(Match.exactString(TOKENS), Match.doesNotExist()) },
      },
      // Later than a minute every answer from before is forgotten by itself.
      targets: [new LambdaFunction(reset.function, { retryAttempts: 2, maxEventAge: Duration.minutes(1) })],
    });
  }
}

function checked({ environment, scopes }: NhiTokenAuthorizerProps, ttl: Duration): string {
  if (ttl.toSeconds() > MAX_TTL_S)
    throw new Error(
      `NhiTokenAuthorizer: resultsTtl is ${ttl.toSeconds()} s, and must be at most ${MAX_TTL_S} s: so long a revoked token may work on`,
    );
  if (!/^[a-z][a-z0-9]{0,15}$/.test(environment))
    throw new Error(
      `NhiTokenAuthorizer: environment is ${JSON.stringify(environment)}, and must be 1 to 16 lower-case letters and digits, as in the tokens`,
    );
  if (Object.keys(scopes).length === 0) throw new Error('NhiTokenAuthorizer: scopes must name at least one route');
  for (const route of Object.keys(scopes))
    if (!ROUTE_KEY.test(route))
      throw new Error(`NhiTokenAuthorizer: scopes has ${JSON.stringify(route)}, which is no route key such as "GET /orders/{id}"`);
  const text = JSON.stringify(scopes);
  if (text.length > MAX_SCOPES_LENGTH)
    throw new Error(
      `NhiTokenAuthorizer: scopes is ${text.length} characters long, and must be at most ${MAX_SCOPES_LENGTH}: use an authorizer for each part`,
    );
  return text;
}

/** One item of a token and one of its owner at a time, those attributes and no others, and the keys that tokens are told by. */
function allowChecks(check: NhiFunction, { name, keyArn }: NhiTokenAuthorizerProps['manager']): void {
  const { account, partition, region } = Stack.of(check);
  check.allow(['dynamodb:GetItem'], [`arn:${partition}:dynamodb:${region}:${account}:table/${name}`], {
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${TOKEN_PARTITIONS.token}*`, 'OWNER#*'] },
    'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', ...CHECKED_ATTRIBUTES.token, ...CHECKED_ATTRIBUTES.owner] },
    StringEqualsIfExists: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' },
  });
  allowTokenKeys(check, name, 'GetSecretValue');
  check.allow(['kms:Decrypt'], [keyArn], {
    StringEquals: { 'kms:ViaService': [`dynamodb.${region}.amazonaws.com`, `secretsmanager.${region}.amazonaws.com`] },
  });
}
