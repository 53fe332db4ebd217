/**
 * The HTTP API. Every route asks for authorization: the API has a default authorizer, and a route
 * without one fails the synthesis, so that it cannot be open by accident.
 */
import {
  type CfnRoute,
  HttpApi,
  HttpMethod,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer, HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Grant as IamGrant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnResource, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { Construct, type IConstruct } from 'constructs';
import type { ClusterFunction } from './cluster-function.ts';
import type { Authorization } from './job-manager-props.ts';
import type { ClusterNames } from './names.ts';

export interface ApiProps {
  readonly names: ClusterNames;
  readonly authorization: Authorization;
  readonly handler: ClusterFunction;
  readonly logRetention: RetentionDays;
}

/** Far above what people and scripts do, far below what would use up the account's invocations. */
const REQUESTS_PER_SECOND = 50;
const BURST_REQUESTS = 100;

export class Api extends Construct {
  readonly httpApi: HttpApi;
  readonly url: string;

  constructor(scope: Construct, id: string, { names, authorization, handler, ...props }: ApiProps) {
    super(scope, id);
    const scopes = authorization === 'IAM' ? [] : (authorization.scopes ?? []);
    this.httpApi = new HttpApi(this, 'HttpApi', {
      apiName: names.prefix,
      description: `Jobs of the Sluice cluster ${names.prefix}`,
      defaultAuthorizer: authorizerOf(authorization),
      ...(scopes.length === 0 ? {} : { defaultAuthorizationScopes: [...scopes] }),
      createDefaultStage: false,
    });
    const integration = new HttpLambdaIntegration('Integration', handler.lambda);
    for (const path of ['/', '/{proxy+}']) {
      this.httpApi.addRoutes({ path, methods: [HttpMethod.ANY], integration });
    }
    const log = new LogGroup(this, 'AccessLog', {
      // The service may write to all of this name: the account's ten log policies do not fill.
      logGroupName: `/aws/vendedlogs/apigateway/${names.prefix}`,
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const stage = new HttpStage(this, 'Stage', {
      httpApi: this.httpApi,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: REQUESTS_PER_SECOND, burstLimit: BURST_REQUESTS },
      accessLogSettings: { destination: new LogGroupLogDestination(log) },
    });
    this.url = stage.url;
    this.node.addValidation({ validate: () => openRoutes(this.httpApi) });
  }

  /** Lets a principal call everything, where IAM is asked. */
  grantInvoke(grantee: IGrantable): IamGrant {
    return IamGrant.addToPrincipal({
      grantee,
      actions: ['execute-api:Invoke'],
      resourceArns: [
        Stack.of(this).formatArn({
          service: 'execute-api',
          resource: this.httpApi.apiId,
          resourceName: '*',
        }),
      ],
    });
  }
}

function authorizerOf(authorization: Authorization): IHttpRouteAuthorizer {
  if (authorization === 'IAM') return new HttpIamAuthorizer();
  const { issuer, audience } = authorization;
  return new HttpJwtAuthorizer('Jwt', issuer, { jwtAudience: [...audience] });
}

/** Also of routes that a user of the construct has added. */
function openRoutes(httpApi: IConstruct): string[] {
  const routes = httpApi.node.findAll().filter(isRoute);
  return routes.flatMap(({ routeKey, authorizationType, node }) =>
    authorizationType === undefined || authorizationType === 'NONE'
      ? [`a route of the API asks for no authorization: route=${routeKey} path=${node.path}`]
      : [],
  );
}

function isRoute(node: IConstruct): node is CfnRoute {
  return CfnResource.isCfnResource(node) && node.cfnResourceType === 'AWS::ApiGatewayV2::Route';
}
