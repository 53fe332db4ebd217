import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decideGarbage, type LiveManifest } from './garbage.ts';
import {
  checkpointDirectory,
  manifestLocation,
  segmentLocation,
  sharedDirectory,
} from './paths.ts';

const ROOT = '/c/j';
const FOREIGN = [`${ROOT}/shared/notes.txt`, `${ROOT}/chk-1/_claimed`, `${ROOT}/sp/_metadata`];

/** A job of two subtasks, as far as its blobs are concerned. */
class Job {
  readonly blobs = new Set<string>(FOREIGN);
  /** Blobs by checkpoint that its manifest refers to. */
  readonly log = new Map<number, ReadonlySet<string>>();
  attempt = 0;
  nextId = 1;
  /** Checkpoints under way: what the subtasks have acknowledged. */
  readonly pending = new Map<number, Set<string>>();
  /** Segments each running subtask would refer to now. */
  chains: string[][] = [[], []];
  /** Puts of subtasks of older attempts that still arrive. */
  readonly zombies: string[] = [];

  trigger(rebase: readonly boolean[]): void {
    const checkpointId = this.nextId++;
    const references = new Set<string>();
    this.chains = this.chains.map((chain, subtaskIndex) => {
      const segment = this.#segment(subtaskIndex, checkpointId);
      this.blobs.add(segment);
      const next = rebase[subtaskIndex] ? [segment] : [...chain, segment];
      for (const location of next) references.add(location);
      return next;
    });
    this.zombies.push(
      segmentLocation(sharedDirectory('/c', 'j'), {
        ownerId: 'zombie',
        subtaskIndex: 0,
        attempt: this.attempt,
        checkpointId,
        part: 'keyed',
      }),
    );
    this.pending.set(checkpointId, references);
  }

  complete(pick: number): void {
    const ids = [...this.pending.keys()];
    const id = ids[pick % Math.max(1, ids.length)];
    const references = id === undefined ? undefined : this.pending.get(id);
    if (id === undefined || references === undefined) return;
    this.blobs.add(manifestOf(id));
    this.log.set(id, references);
    // Subsumed.
    for (const other of ids) if (other <= id) this.pending.delete(other);
    const retained = [...this.log.keys()].slice(-2);
    for (const old of this.log.keys()) if (!retained.includes(old)) this.log.delete(old);
  }

  /** Its manifest may have been written. */
  abort(isWritten: boolean): void {
    const [id] = this.pending.keys();
    if (id === undefined) return;
    this.pending.delete(id);
    if (isWritten) this.blobs.add(manifestOf(id));
  }

  restart(): void {
    this.attempt++;
    this.pending.clear();
    const newest = [...this.log.values()].at(-1) ?? new Set<string>();
    this.chains = [0, 1].map((subtaskIndex) =>
      [...newest].filter((location) => location.includes(`-0000${subtaskIndex}-`)),
    );
  }

  zombiePut(): void {
    const location = this.zombies.shift();
    if (location !== undefined) this.blobs.add(location);
  }

  collect(): void {
    const liveManifests: LiveManifest[] = [...this.log].map(([checkpointId, references]) => ({
      checkpointId,
      references,
      location: manifestOf(checkpointId),
    }));
    const doomed = decideGarbage({
      root: ROOT,
      blobs: [...this.blobs].map((location) => ({ location, sizeBytes: 1 })),
      liveManifests,
      newestCompletedId: Math.max(0, ...this.log.keys()),
      pendingIds: [...this.pending.keys()],
      attemptsInUse: [this.attempt],
    });
    for (const location of doomed) this.blobs.delete(location);
  }

  /** All that is or may come to be needed is there. */
  check(): void {
    const needed = [...this.log].flatMap(([id, references]) => [manifestOf(id), ...references]);
    for (const references of this.pending.values()) needed.push(...references);
    for (const location of [...needed, ...this.chains.flat(), ...FOREIGN]) {
      assert.ok(this.blobs.has(location), `lost ${location}`);
    }
  }

  #segment(subtaskIndex: number, checkpointId: number): string {
    const { attempt } = this;
    const name = { ownerId: 'a', subtaskIndex, attempt, checkpointId, part: 'keyed' };
    return segmentLocation(sharedDirectory('/c', 'j'), name);
  }
}

function manifestOf(checkpointId: number): string {
  return manifestLocation(checkpointDirectory('/c', 'j', checkpointId));
}

type Step = (job: Job) => void;
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.boolean(), fc.boolean()).map(
    (rebase): Step =>
      (job) =>
        job.trigger(rebase),
  ),
  fc.nat(2).map(
    (pick): Step =>
      (job) =>
        job.complete(pick),
  ),
  fc.boolean().map(
    (isWritten): Step =>
      (job) =>
        job.abort(isWritten),
  ),
  fc.constant<Step>((job) => job.restart()),
  fc.constant<Step>((job) => job.zombiePut()),
  fc.constant<Step>((job) => job.collect()),
);

describe('decideGarbage, random histories', () => {
  it('deletes nothing that is needed, and in the end everything that is not', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (history) => {
        const job = new Job();
        for (const next of history) {
          next(job);
          job.collect();
          job.check();
        }
        // A checkpoint after the last restart, of new bases, leaves nothing old in use.
        job.restart();
        for (const location of job.zombies) job.blobs.add(location);
        for (let n = 0; n < 2; n++) {
          job.trigger([true, true]);
          job.complete(0);
        }
        job.collect();
        job.check();
        const live = [...job.log].flatMap(([id, references]) => [manifestOf(id), ...references]);
        assert.deepEqual([...job.blobs].sort(), [...new Set([...live, ...FOREIGN])].sort());
      }),
      { numRuns: 400 },
    );
  });

  it('deletes a manifest without a row only when an older one cannot complete any more', () => {
    const facts = {
      root: ROOT,
      blobs: [1, 2, 3, 4, 5].map((id) => ({ location: manifestOf(id), sizeBytes: 1 })),
      liveManifests: [{ location: manifestOf(4), checkpointId: 4, references: new Set<string>() }],
      newestCompletedId: 4,
      pendingIds: [2],
      attemptsInUse: [0],
    };
    assert.deepEqual(decideGarbage(facts), [manifestOf(1), manifestOf(3)]);
    const over = decideGarbage({ ...facts, attemptsInUse: [] });
    assert.deepEqual(over, [1, 2, 3, 5].map(manifestOf));
  });

  it('leaves what a successor has written alone', () => {
    const of = (attempt: number, checkpointId: number) =>
      segmentLocation(`${ROOT}/shared`, {
        ownerId: 'a',
        subtaskIndex: 0,
        attempt,
        checkpointId,
        part: 'keyed',
      });
    const facts = {
      root: ROOT,
      blobs: [of(0, 9), of(1, 5), of(1, 6), of(2, 5)].map((location) => ({
        location,
        sizeBytes: 1,
      })),
      liveManifests: [],
      newestCompletedId: 5,
      pendingIds: [],
      attemptsInUse: [1],
    };
    assert.deepEqual(decideGarbage(facts), [of(0, 9), of(1, 5)]);
    // Regions of two attempts run side by side.
    assert.deepEqual(decideGarbage({ ...facts, attemptsInUse: [0, 2] }), [
      of(1, 5),
      of(1, 6),
      of(2, 5),
    ]);
    assert.equal(decideGarbage({ ...facts, attemptsInUse: [] }).length, 4);
  });
});
