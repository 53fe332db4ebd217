import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Redactor } from './redactor.ts';

const redactor = new Redactor({
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG',
  AWS_SESSION_TOKEN: 'FwoGZXIvYXdzEBYaD',
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_REGION: 'eu-west-1',
});

describe('Redactor', () => {
  it('drops what names credentials and tokens, at any depth', () => {
    const fields = {
      ...{ jobId: 'j', taskToken: 't', secretKey: 's', Authorization: 'a', slot: 1 },
      details: { password: 'p', list: [{ cookie: 'c', kept: 1 }] },
    };
    assert.deepEqual(redactor.fields(fields), {
      ...{ jobId: 'j', slot: 1 },
      details: { list: [{ kept: 1 }] },
    });
  });

  it("masks the process's own credentials wherever they appear", () => {
    const text = 'the key wJalrXUtnFEMI/K7MDENG of AKIAIOSFODNN7EXAMPLE with FwoGZXIvYXdzEBYaD';
    assert.equal(redactor.text(text), 'the key *** of *** with ***');
    const error = new Error(text);
    const { reason } = redactor.fields({ reason: error }) as { reason: { stack: string } };
    assert.ok(!reason.stack.includes('wJalrXUtnFEMI'));
    assert.equal(redactor.text('in eu-west-1'), 'in eu-west-1');
  });

  it('masks what makes a presigned URL a key', () => {
    const url = 'https://b.s3/k?X-Amz-Credential=AK%2F1&X-Amz-Date=2&X-Amz-Signature=f00';
    assert.equal(
      redactor.text(`PUT ${url} failed`),
      'PUT https://b.s3/k?X-Amz-Credential=******&X-Amz-Date=******&X-Amz-Signature=****** failed',
    );
  });

  it('masks what a job was given, in texts and by the names of fields', () => {
    const reason = new Error('cannot reach postgres://u:80/HUSH@db, password=HUSH');
    const fields = { apiKey: 'HUSH', at: 'http://HUSH@h', reason };
    const line = JSON.stringify(redactor.fields(fields));
    assert.doesNotMatch(line, /HUSH/);
    assert.match(line, /postgres:\/\/\*{6}@db, password=\*{6}"/);
  });

  it('ends in what goes around in a circle', () => {
    const circle: Record<string, unknown> = { name: 'a' };
    circle.self = circle;
    assert.match(JSON.stringify(redactor.fields(circle)), /"self":"\*\*\*"}+$/);
  });

  it('knows no credentials where there are none', () => {
    assert.equal(new Redactor({ AWS_SESSION_TOKEN: '' }).text('as it is'), 'as it is');
  });
});
