import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AwsFailureReason, adviceOf, awsFailure, kindOfFailure } from './aws-failure.ts';

/** As the SDK throws it. */
function sdkError(name: string, httpStatusCode?: number, message = name): Error {
  const $metadata = httpStatusCode === undefined ? {} : { httpStatusCode, requestId: 'R' };
  return Object.assign(new Error(message), { name, $metadata });
}

function socketError(code: string): Error {
  return Object.assign(new Error(`read ${code}`), { code });
}

describe('awsFailure', () => {
  it('says which setting is missing when nobody has said a region', () => {
    const failure = awsFailure(new Error('Region is missing'));
    assert.deepEqual(failure, {
      ...{ reason: 'region-missing', awsCode: 'RegionMissing' },
      ...{ mayHaveHappened: false, mayPass: false },
    });
    assert.match(adviceOf(failure), /no region is set: set AWS_REGION, or .* profile/);
  });

  it('tells what has not happened, and may pass, from what may have happened', () => {
    const passing = [
      sdkError('ProvisionedThroughputExceededException', 400),
      sdkError('ThrottlingException', 400),
      sdkError('SlowDown', 503),
      sdkError('ConditionalRequestConflict', 409),
      sdkError('Whatever', 429),
      sdkError('RequestTimeTooSkewed', 403),
      socketError('ECONNREFUSED'),
      socketError('ENOTFOUND'),
    ];
    for (const error of passing) {
      const { mayHaveHappened, mayPass } = awsFailure(error);
      assert.deepEqual({ mayHaveHappened, mayPass }, { mayHaveHappened: false, mayPass: true });
    }
    const unknown = [
      socketError('ECONNRESET'),
      socketError('EPIPE'),
      sdkError('TimeoutError'),
      sdkError('InternalServerError', 500),
      sdkError('ServiceUnavailable', 503),
      sdkError('TransactionInProgressException', 400),
      // An answer that ends too early.
      sdkError('SyntaxError', 200),
    ];
    for (const error of unknown) {
      const { reason, mayHaveHappened, mayPass } = awsFailure(error);
      assert.equal(reason, 'unavailable', error.name);
      assert.deepEqual({ mayHaveHappened, mayPass }, { mayHaveHappened: true, mayPass: true });
    }
    const refused = awsFailure(sdkError('ValidationException', 400));
    assert.deepEqual(refused, {
      reason: 'refused',
      mayHaveHappened: false,
      mayPass: false,
      awsCode: 'ValidationException',
      requestId: 'R',
      httpStatus: 400,
    });
    assert.equal(awsFailure(new TypeError('a bug')).mayHaveHappened, true);
    assert.equal(awsFailure(sdkError('AbortError')).mayPass, false);
  });

  it('tells what is wrong with credentials, permissions, keys, names and regions', () => {
    const reasons: Readonly<Record<string, readonly [Error, AwsFailureReason]>> = {
      expired: [sdkError('ExpiredToken', 400), 'credentials-expired'],
      wrong: [sdkError('UnrecognizedClientException', 400), 'credentials-invalid'],
      none: [sdkError('CredentialsProviderError'), 'credentials-invalid'],
      denied: [sdkError('AccessDenied', 403), 'access-denied'],
      head: [sdkError('Unknown', 403), 'access-denied'],
      kms: [sdkError('AccessDenied', 403, 'no kms:GenerateDataKey on it'), 'kms-denied'],
      disabled: [sdkError('KMS.DisabledException', 400), 'kms-denied'],
      bucket: [sdkError('NoSuchBucket', 404), 'missing-resource'],
      table: [sdkError('ResourceNotFoundException', 400), 'missing-resource'],
      region: [sdkError('PermanentRedirect', 301), 'wrong-region'],
    };
    for (const [name, [error, reason]] of Object.entries(reasons)) {
      assert.equal(awsFailure(error).reason, reason, name);
      assert.equal(awsFailure(error).mayPass, false, name);
    }
  });

  it('names the missing permission as the service does, or as the call knows it', () => {
    const message =
      'User: arn:aws:sts::1:x is not authorized to perform: kms:Decrypt on resource: key';
    const kms = awsFailure(sdkError('AccessDenied', 403, message), 's3:GetObject');
    assert.equal(kms.permission, 'kms:Decrypt');
    assert.equal(kms.principal, 'arn:aws:sts::1:x');
    assert.match(adviceOf(kms), /encryption key cannot be used: grant kms:Decrypt/);
    const read = awsFailure(sdkError('AccessDenied', 403, 'Access Denied'), 's3:GetObject');
    assert.match(adviceOf(read), /grant s3:GetObject, and s3:ListBucket, without which a missing/);
    const put = awsFailure(sdkError('AccessDenied', 403, 'Access Denied'), 's3:PutObject');
    assert.equal(adviceOf(put), 'permission is missing: grant s3:PutObject');
  });

  it('leaves it to a retry where that may help, and to a person elsewhere', () => {
    const kind = (name: string, status?: number) =>
      kindOfFailure(awsFailure(sdkError(name, status)));
    assert.equal(kind('SlowDown', 503), 'unavailable');
    assert.equal(kind('InternalServerError', 500), 'unavailable');
    assert.equal(kind('ExpiredToken', 400), 'unavailable');
    assert.equal(kind('AccessDenied', 403), 'invalid');
    assert.equal(kind('NoSuchBucket', 404), 'invalid');
    assert.equal(kind('ValidationException', 400), 'invalid');
  });
});
