import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requestSigner } from './request-signer.ts';

const REQUEST = {
  method: 'POST',
  url: new URL('https://abc.execute-api.eu-west-1.amazonaws.com/jobs?mode=cancel'),
  headers: { 'content-type': 'application/json' },
  body: '{}',
};
const CREDENTIALS = { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'session' };

describe('requestSigner', () => {
  it('signs host, time and body for the API’s service, and keeps what was there', async () => {
    const signer = await requestSigner({ region: 'eu-west-1', credentials: CREDENTIALS });
    const headers = await signer.sign(REQUEST);
    const scope = String.raw`AKID/\d{8}/eu-west-1/execute-api/aws4_request`;
    const names = 'content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token';
    const expected = `^AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${names}, Signature=`;
    assert.match(headers.authorization ?? '', new RegExp(expected));
    assert.equal(headers['x-amz-security-token'], 'session');
    assert.equal(headers['content-type'], 'application/json');
    const other = await signer.sign({ ...REQUEST, body: '{"a":1}' });
    assert.notEqual(other['x-amz-content-sha256'], headers['x-amz-content-sha256']);
  });

  it('says what to do without credentials', async () => {
    const credentials = (() => Promise.reject(new Error('no profile'))) as never;
    const signer = await requestSigner({ region: 'eu-west-1', credentials });
    await assert.rejects(signer.sign(REQUEST), {
      code: 'NO_CREDENTIALS',
      message: /AWS_PROFILE.*reason=no profile$/,
    });
    const ofProfile = await requestSigner({ region: 'eu-west-1', profile: 'work', credentials });
    await assert.rejects(ofProfile.sign(REQUEST), {
      code: 'NO_CREDENTIALS',
      message: /list-profiles.*sso login.*profile=work reason=no profile$/,
    });
  });
});
