import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type HttpCall, identifyCall } from './service-call.ts';

function call(method: string, path: string, rest: Partial<HttpCall> = {}): string {
  const identified = identifyCall({ method, path, headers: {}, body: Buffer.alloc(0), ...rest });
  return `${identified.service}:${identified.operation} ${identified.resource}`.trim();
}

const signedFor = (service: string) => ({
  headers: { authorization: `AWS4-HMAC-SHA256 Credential=k/20261123/us-east-1/${service}/aws4` },
});

describe('identifyCall', () => {
  it('reads the target and the resource of JSON services', () => {
    const json = (target: string, input: object) =>
      call('POST', '/', {
        ...{ headers: { 'x-amz-target': target }, body: Buffer.from(JSON.stringify(input)) },
      });
    const QueueUrl = 'http://127.0.0.1:1/000000000000/inbox.fifo';
    assert.equal(json('AmazonSQS.SendMessage', { QueueUrl }), 'sqs:SendMessage inbox.fifo');
    const put = json('DynamoDB_20120810.PutItem', { TableName: 'jobs' });
    assert.equal(put, 'dynamodb:PutItem jobs');
    assert.equal(json('AWSStepFunctions.SendTaskSuccess', {}), 'states:SendTaskSuccess');
  });

  it('names operations of S3 by method, path and query', () => {
    const s3 = (method: string, path: string) => call(method, path, signedFor('s3'));
    assert.equal(s3('PUT', '/bucket/a/b%20c?x-id=PutObject'), 's3:PutObject bucket/a/b c');
    assert.equal(s3('HEAD', '/bucket/a'), 's3:HeadObject bucket/a');
    assert.equal(s3('PUT', '/bucket/a?partNumber=1&uploadId=u'), 's3:UploadPart bucket/a');
    assert.equal(s3('POST', '/bucket/a?uploads'), 's3:CreateMultipartUpload bucket/a');
    assert.equal(s3('GET', '/bucket/?list-type=2'), 's3:ListObjectsV2 bucket');
    assert.equal(s3('POST', '/bucket/?delete'), 's3:DeleteObjects bucket');
    const copy = { 'x-amz-copy-source': '/bucket/b', ...signedFor('s3').headers };
    assert.equal(call('PUT', '/bucket/a', { headers: copy }), 's3:CopyObject bucket/a');
    const presigned = '/bucket/a?X-Amz-Credential=k%2F20261123%2Fus-east-1%2Fs3%2Faws4_request';
    assert.equal(call('PUT', presigned), 's3:PutObject bucket/a');
  });

  it('names the function of an invocation, by name or ARN', () => {
    const path = (name: string) => `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`;
    const invoke = (name: string) => call('POST', path(name), signedFor('lambda'));
    assert.equal(invoke('plan'), 'lambda:Invoke plan');
    assert.equal(invoke('arn:aws:lambda:r:1:function:plan:live'), 'lambda:Invoke plan');
  });

  it('knows HTTP APIs by their host, and query services by their action', () => {
    const headers = { host: 'abcd1234.execute-api.localhost:4566' };
    assert.equal(call('GET', '/jobs?x=1', { headers }), 'execute-api:GET /jobs');
    const body = Buffer.from('Action=DescribeStacks&Version=1');
    const query = call('POST', '/', { ...signedFor('cloudformation'), body });
    assert.equal(query, 'cloudformation:DescribeStacks');
  });

  it('reads from the user agent which program calls, and its process in a function', () => {
    const callerOf = (userAgent: string) => {
      const headers = { 'user-agent': userAgent };
      return identifyCall({ method: 'GET', path: '/', headers, body: Buffer.alloc(0) }).caller;
    };
    const sdk = 'aws-sdk-js/3.900.0 sluice/coordinator ua/2.1 os/linux api/s3#3.900.0';
    assert.deepEqual(callerOf(`${sdk} app/pbl-PT-2`), { program: 'coordinator', pid: 417 });
    assert.deepEqual(callerOf(`${sdk} app/other`), { program: 'coordinator' });
    assert.deepEqual(callerOf('curl/8'), { program: '' });
  });
});
