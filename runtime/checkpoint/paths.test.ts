import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  checkpointDirectory,
  checkpointKey,
  isRowSegment,
  isSharedSegment,
  manifestLocation,
  manifestRoot,
  parseCheckpointDirectory,
  parseSegmentLocation,
  rowSegmentLocation,
  savepointDirectory,
  segmentLocation,
  sharedDirectory,
} from './paths.ts';

const name = { subtaskIndex: 3, attempt: 2, checkpointId: 17, part: 'keyed' };

describe('paths', () => {
  it('builds the documented layout', () => {
    const shared = sharedDirectory('/data/checkpoints', 'j1');
    assert.equal(
      segmentLocation(shared, { ...name, ownerId: 'feedc0de00000000feedc0de00000000' }),
      '/data/checkpoints/j1/shared/feedc0de00000000-00003-000002-000000000017-keyed.seg',
    );
    const directory = checkpointDirectory('/data/checkpoints', 'j1', 17);
    assert.equal(manifestLocation(directory), '/data/checkpoints/j1/chk-17/_metadata');
    const digits = [0.99, 0.5];
    let calls = 0;
    const rng = { next: () => digits[calls++ % 2] ?? 0 };
    assert.equal(
      savepointDirectory('/sp/', '0123456789', rng),
      '/sp/savepoint-012345-f8f8f8f8f8f8',
    );
  });

  it('reads segment names back, and takes others for foreign', () => {
    const location = segmentLocation('/x/shared', { ...name, ownerId: 'op-1' });
    assert.deepEqual(parseSegmentLocation(location), { ...name, ownerId: 'op_1' });
    for (const foreign of ['/x/shared/notes.txt', `${location}.bak`, '/x/shared/a-1-2-3-k.seg']) {
      assert.equal(parseSegmentLocation(foreign), undefined);
    }
    const attempt = 12_345_678;
    const large = { ownerId: 'a', subtaskIndex: 123_456, attempt, checkpointId: 0, part: 'x' };
    assert.deepEqual(parseSegmentLocation(segmentLocation('', large)), large);
  });

  it('names a segment the same where it lies in a row, but for the end', () => {
    const location = segmentLocation('/c/j/shared', { ...name, ownerId: 'a' });
    const row = rowSegmentLocation(location);
    assert.equal(row, location.replace('.seg', '.row'));
    assert.deepEqual(parseSegmentLocation(row), parseSegmentLocation(location));
    assert.deepEqual([location, row].map(isRowSegment), [false, true]);
    assert.deepEqual([location, row].map(isSharedSegment), [true, true]);
    const elsewhere = segmentLocation('/savepoints/savepoint-1', { ...name, ownerId: 'a' });
    assert.deepEqual([elsewhere, '/c/j/shared/notes.seg'].map(isSharedSegment), [false, false]);
  });

  it('refuses names that would not read back', () => {
    const build = (change: object) => () =>
      segmentLocation('/x', { ...name, ownerId: 'a', ...change });
    for (const change of [
      { part: 'A/b' },
      { ownerId: '' },
      { attempt: -1 },
      { checkpointId: 0.5 },
    ]) {
      assert.throws(build(change), { code: 'ASSERTION' });
    }
  });

  it('reads checkpoint directories back', () => {
    assert.equal(parseCheckpointDirectory('/x/chk-17'), 17);
    for (const foreign of ['/x/chk-017', '/x/chk-', '/x/chk-1a', '/chk-1/x', '']) {
      assert.equal(parseCheckpointDirectory(foreign), undefined);
    }
  });

  it('sorts rows of the checkpoint log by id', () => {
    const keys = [9, 10, 100].map((id) => checkpointKey('j', id).sortKey);
    assert.deepEqual([...keys].sort(), keys);
  });

  it('starts the locations of a checkpoint at its job, and of a savepoint at itself', () => {
    assert.equal(manifestRoot('/c/j/chk-1/_metadata', 'CHECKPOINT'), '/c/j');
    assert.equal(manifestRoot('/s/savepoint-1/_metadata', 'SAVEPOINT'), '/s/savepoint-1');
  });
});
