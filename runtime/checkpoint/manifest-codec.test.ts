import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { isStreamError } from '../core/index.ts';
import { decodeManifest, encodeManifest } from './manifest-codec.ts';
import type { CheckpointManifest } from './manifest-record.ts';
import { blobRecord, sampleManifest } from './sample-manifest.conformance.ts';

const AT = '/c/j/chk-7/_metadata';
const manifest = sampleManifest(7, [
  [blobRecord('/c/j/shared/a.seg'), { inlineBase64: 'AA==' }],
  [blobRecord('/elsewhere/b.seg'), blobRecord('s3://bucket/c.seg')],
]);

/** A file as a writer with a fine checksum, but another idea of manifests, leaves it. */
function withBody(json: unknown, version = 1): Buffer {
  const body = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  const start = `SLUICE-MANIFEST ${version} ${body.length} `;
  const checksum = crc32(body, crc32(start)).toString(16).padStart(8, '0');
  return Buffer.concat([Buffer.from(`${start}${checksum}\n`), body]);
}

function codeOf(bytes: Uint8Array): string {
  try {
    decodeManifest(bytes, AT);
    return 'none';
  } catch (thrown) {
    assert.ok(isStreamError(thrown) && thrown.kind === 'data', String(thrown));
    assert.equal(thrown.details.path, AT);
    assert.match(thrown.message, / path=\/c\/j\/chk-7\/_metadata( |$)/);
    return thrown.code;
  }
}

describe('manifest codec', () => {
  it('gives back what was encoded', () => {
    assert.deepEqual(decodeManifest(encodeManifest(manifest, AT), AT), manifest);
  });

  it('gives the same bytes for the same manifest, under one header line', () => {
    const bytes = Buffer.from(encodeManifest(manifest, AT));
    assert.deepEqual(Buffer.from(encodeManifest(structuredClone(manifest), AT)), bytes);
    const [header = '', json = ''] = bytes.toString('utf8').split('\n');
    const checksum = crc32(header.slice(0, -8) + json).toString(16);
    assert.equal(header, `SLUICE-MANIFEST 1 ${json.length} ${checksum.padStart(8, '0')}`);
  });

  it('keeps locations below its root when its directory moves, and others', () => {
    const moved = decodeManifest(encodeManifest(manifest, AT), '/new/place/chk-7/_metadata');
    const text = JSON.stringify(moved);
    assert.match(text, /"\/new\/place\/shared\/a\.seg"/);
    assert.match(text, /"\/elsewhere\/b\.seg"/);
    assert.match(text, /"s3:\/\/bucket\/c\.seg"/);
    const savepoint = sampleManifest(7, [[blobRecord('/sp/x/a.seg')]], { kind: 'SAVEPOINT' });
    const bytes = encodeManifest(savepoint, '/sp/x/_metadata');
    assert.match(JSON.stringify(decodeManifest(bytes, '/y/_metadata')), /"\/y\/a\.seg"/);
  });

  it('keeps fields that a later release has added', () => {
    const json = { ...manifest, future: 1 } as CheckpointManifest;
    assert.deepEqual(decodeManifest(withBody(json), AT), json);
  });

  it('notices every changed byte', () => {
    const bytes = encodeManifest(sampleManifest(7), AT);
    for (let i = 0; i < bytes.length; i++) {
      for (const bit of [1, 4, 128]) {
        const damaged = Buffer.from(bytes);
        damaged[i] = (bytes[i] ?? 0) ^ bit;
        const code = codeOf(damaged);
        assert.notEqual(code, 'none', `byte ${i}`);
        if (i >= 'SLUICE-MANIFEST'.length) assert.notEqual(code, 'NOT_A_MANIFEST', `byte ${i}`);
      }
    }
  });

  it('says of every beginning of a file that it is truncated', () => {
    const bytes = encodeManifest(sampleManifest(7), AT);
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(codeOf(bytes.subarray(0, length)), 'MANIFEST_TRUNCATED', `length ${length}`);
    }
  });

  it('names both checksums of a corrupt file, and both sizes of a truncated one', () => {
    const bytes = Buffer.from(encodeManifest(manifest, AT));
    const header = bytes.toString('latin1', 0, bytes.indexOf(10));
    const expected = header.slice(-8);
    bytes[bytes.length - 2] = 0;
    assert.throws(() => decodeManifest(bytes, AT), {
      code: 'MANIFEST_CORRUPT',
      message: new RegExp(`copy it again .* expectedCrc32=${expected} actualCrc32=[0-9a-f]{8}$`),
    });
    assert.throws(() => decodeManifest(bytes.subarray(0, 100), AT), {
      code: 'MANIFEST_TRUNCATED',
      details: { path: AT, sizeBytes: 100, expectedSizeBytes: bytes.length },
    });
  });

  it('takes bytes after the end for corruption', () => {
    const bytes = Buffer.concat([encodeManifest(manifest, AT), Buffer.from('x')]);
    assert.equal(codeOf(bytes), 'MANIFEST_CORRUPT');
  });

  it('says that a foreign file is none', () => {
    assert.equal(codeOf(Buffer.from('PK\u0003\u0004 something')), 'NOT_A_MANIFEST');
    assert.equal(codeOf(Buffer.alloc(1000)), 'NOT_A_MANIFEST');
  });

  it('says which format a newer release has written', () => {
    assert.throws(() => decodeManifest(withBody({ anything: true }, 12), AT), {
      code: 'MANIFEST_VERSION_NEWER',
      kind: 'data',
      details: { path: AT, formatVersion: 12, newestKnownVersion: 1 },
    });
  });

  it('refuses JSON of another shape, and says where', () => {
    const [vertex] = manifest.vertices;
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      ['[]', /an object; at=manifest/],
      ['{', /SyntaxError/],
      [{ ...manifest, jobId: 7 }, /has 7 instead of a string; at=manifest\.jobId/],
      [{ ...manifest, kind: 'OTHER' }, /CHECKPOINT or SAVEPOINT; at=manifest\.kind/],
      [{ ...manifest, sources: undefined }, /nothing instead of an array; at=manifest\.sources/],
      [{ ...manifest, vertices: [{ ...vertex, parallelism: 3 }] }, /vertices\[0\]\.subtasks/],
      [{ ...manifest, checkpointId: -1 }, /an integer from 0; at=manifest\.checkpointId/],
      [sampleManifest(7, [[blobRecord('../../etc/passwd')]]), /leaves the root/],
      [sampleManifest(7, [[{ inlineBase64: 1 } as never]]), /bytes\.inlineBase64/],
    ];
    for (const [json, message] of wrong) {
      assert.throws(() => decodeManifest(withBody(json), AT), {
        code: 'MANIFEST_CORRUPT',
        message,
      });
    }
  });
});
