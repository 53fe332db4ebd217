import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HttpMethod, HttpNoneAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { drafted, functionsFixture, propertiesOf, synthesized } from './stack-fixture.ts';

const FUNCTIONS = functionsFixture();
const ROUTE = 'AWS::ApiGatewayV2::Route';
const JWT = { issuer: 'https://issuer.example', audience: ['sluice'] };

describe('the API', () => {
  it('asks for IAM on every route unless told otherwise', () => {
    const { template } = synthesized(FUNCTIONS);
    template.resourceCountIs(ROUTE, 2);
    template.allResourcesProperties(ROUTE, { AuthorizationType: 'AWS_IAM' });
    const keys = Object.values(template.findResources(ROUTE)).map((r) => r.Properties.RouteKey);
    assert.deepEqual(keys.sort(), ['ANY /', 'ANY /{proxy+}']);
  });

  it('asks for tokens of an issuer instead', () => {
    const authorization = { ...JWT, scopes: ['jobs'] };
    const { template } = synthesized(FUNCTIONS, () => ({ authorization }));
    template.allResourcesProperties(ROUTE, {
      AuthorizationType: 'JWT',
      AuthorizationScopes: ['jobs'],
    });
    template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'JWT',
      JwtConfiguration: { Audience: ['sluice'], Issuer: 'https://issuer.example' },
    });
  });

  it('cannot be without', () => {
    const none = [
      'NONE',
      '',
      {},
      { issuer: 'https://issuer.example', audience: [] },
      { issuer: 'https://issuer.example', audience: [''] },
      { issuer: 'http://issuer.example', audience: ['a'] },
      { audience: ['a'] },
    ];
    for (const authorization of none) {
      assert.throws(
        () => synthesized(FUNCTIONS, () => ({ authorization: authorization as never })),
        { code: 'AUTHORIZATION_INVALID' },
        JSON.stringify(authorization),
      );
    }
  });

  it('cannot be given a route without, not even on purpose', () => {
    const { app, jobManager } = drafted(FUNCTIONS);
    jobManager.api.httpApi.addRoutes({
      path: '/open',
      methods: [HttpMethod.GET],
      integration: new HttpLambdaIntegration('Open', jobManager.functions.all.api.lambda),
      authorizer: new HttpNoneAuthorizer(),
    });
    assert.throws(() => app.synth(), /asks for no authorization: route=GET \/open/);
  });

  it('is slowed down and logged', () => {
    const { template } = synthesized(FUNCTIONS);
    const stage = propertiesOf(template, 'AWS::ApiGatewayV2::Stage', /Stage/);
    assert.deepEqual(stage.DefaultRouteSettings, {
      ThrottlingBurstLimit: 100,
      ThrottlingRateLimit: 50,
    });
    assert.ok(stage.AccessLogSettings);
  });

  it('lets a client in by a grant that names the API', () => {
    const { app, stack, jobManager } = drafted(FUNCTIONS);
    const role = new Role(stack, 'Client', {
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
    });
    jobManager.grantClient(role);
    jobManager.grantSavepoints(role);
    const resources = app.synth().getStackByName('orders').template.Resources as Record<
      string,
      { Properties: { PolicyDocument: unknown } }
    >;
    const [, policy] = Object.entries(resources).find(([id]) => /^ClientDefault/.test(id)) ?? [];
    const text = JSON.stringify(policy?.Properties.PolicyDocument);
    assert.match(text, /"execute-api:Invoke"/);
    assert.match(text, /HttpApi[0-9A-F]{8}"},"\/\*"/);
    assert.match(text, /"states:StartExecution".*TriggerSavepoint/);
  });
});
