import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamErrorRecord } from '../core/index.ts';
import { defined } from '../core/index.ts';
import type { ExecutionGraph, StreamGraph } from '../graph/index.ts';
import type { WatermarkAlignment } from '../time/index.ts';
import {
  MasterWorld,
  type ScriptedSource,
  scriptedSource,
} from './job-master-world.conformance.ts';
import { planJobExecution } from './job-plan.ts';
import { JobSources, type RestoredSources } from './job-sources.ts';
import { ManualTime, settle } from './manual-time.conformance.ts';

interface Setup {
  readonly sources: JobSources;
  readonly executionGraph: ExecutionGraph;
  readonly sent: string[];
  readonly failed: StreamErrorRecord[];
  readonly logged: string[];
  /** Of the first source. */
  readonly vertexId: string;
}

function setup(...scripted: readonly ScriptedSource[]): Setup {
  return setupOf(new MasterWorld(...scripted));
}

/** @param alignment of all sources. */
function setupOf(world: MasterWorld, alignment?: WatermarkAlignment): Setup {
  const time = new ManualTime();
  const graph = aligned(world.graph(), alignment);
  const { executionGraph } = planJobExecution(graph, {}, undefined);
  const sent: string[] = [];
  const failed: StreamErrorRecord[] = [];
  const logged: string[] = [];
  const nameOf = (vertexId: string): string =>
    executionGraph.jobGraph.vertices.find(({ id }) => id === vertexId)?.name ?? '';
  const sources = new JobSources({
    graph,
    clock: time,
    timers: time,
    logger: { log: (level, message) => logged.push(`${level} ${message}`) },
    fileSystem: world.fileSystem,
    send: ({ vertexId, subtaskIndex }, event) => {
      const more = event.type === 'max-watermark' ? ` ${event.maxWatermarkMs}` : '';
      sent.push(`${nameOf(vertexId)}/${subtaskIndex} ${event.type}${more}`);
    },
    fail: (error) => failed.push(error),
  });
  const first = defined(executionGraph.jobGraph.vertices[0], 'the graph has a source');
  return { sources, executionGraph, sent, failed, logged, vertexId: first.id };
}

function aligned(graph: StreamGraph, alignment: WatermarkAlignment | undefined): StreamGraph {
  if (alignment === undefined) return graph;
  const nodes = graph.nodes.map((node) => {
    return node.body.kind === 'source' ? { ...node, body: { ...node.body, alignment } } : node;
  });
  return { ...graph, nodes };
}

/** @param states of the sources, in order. */
function restoredFrom(checkpointId: number, ...states: readonly unknown[]): RestoredSources {
  const left = [...states];
  return {
    checkpointId,
    stateOf: (operatorId) => {
      const state = left.shift();
      return state === undefined ? undefined : { operatorId, enumerator: state };
    },
  };
}

describe('JobSources', () => {
  it('makes the enumerators once, and keeps them over restarts', async () => {
    const a = scriptedSource('a');
    const { sources, executionGraph } = setup(a);
    await sources.prepare(executionGraph, undefined);
    await sources.prepare(executionGraph, restoredFrom(3, { at: 3 }));
    assert.deepEqual(a.heard, ['new', 'start']);
  });

  it('makes them anew from what is restored when told to', async () => {
    const a = scriptedSource('a');
    const b = scriptedSource('b');
    const { sources, executionGraph } = setup(a, b);
    await sources.prepare(executionGraph, undefined);
    sources.invalidate();
    await sources.prepare(executionGraph, restoredFrom(3, { at: 3 }));
    assert.deepEqual(a.heard, ['new', 'start', 'close', 'restored {"at":3}', 'start']);
    // It has no state in the checkpoint.
    assert.deepEqual(b.heard, ['new', 'start', 'close', 'new', 'start']);
  });

  it('answers each word of an aligned source, over turns and restarts', async () => {
    const world = new MasterWorld(scriptedSource('a', 2));
    const alignment = { group: 'g', maxDriftMs: 10, updateIntervalMs: 1000 };
    const { sources, executionGraph, sent, vertexId } = setupOf(world, alignment);
    const say = (of: JobSources, subtaskIndex: number, watermarkMs: number): void =>
      of.handle({ vertexId, subtaskIndex }, { type: 'watermark', watermarkMs });
    await sources.prepare(executionGraph, undefined);
    say(sources, 0, 100);
    say(sources, 1, 500);
    const asleep = sources.sleep();
    const next = setupOf(world, alignment);
    await next.sources.wake(next.executionGraph, asleep);
    say(next.sources, 1, 600);
    // It starts again, and has said nothing yet.
    next.sources.readerReset({ vertexId, subtaskIndex: 0 }, undefined);
    say(next.sources, 1, 700);
    const [name] = sent[0]?.split('/') ?? [];
    assert.deepEqual(sent, [`${name}/0 max-watermark 110`, `${name}/1 max-watermark 110`]);
    assert.deepEqual(next.sent, [`${name}/1 max-watermark 110`, `${name}/1 max-watermark 710`]);
  });

  it('passes events on by vertex and subtask, none of one that was replaced', async () => {
    const a = scriptedSource('a', 2);
    const { sources, executionGraph, sent } = setup(a);
    await sources.prepare(executionGraph, undefined);
    a.contexts[0]?.assignSplits(1, ['x']);
    sources.invalidate();
    await sources.prepare(executionGraph, undefined);
    a.contexts[0]?.assignSplits(0, ['late']);
    a.contexts[1]?.signalNoMoreSplits(0);
    assert.deepEqual(sent, ['Source: a/1 add-splits', 'Source: a/0 no-more-splits']);
  });

  it('is stale after a failure of one, which is told once', async () => {
    const script = {
      handleSplitRequest: (): void => {
        throw new Error('boom');
      },
    };
    const a = scriptedSource('a', 1, script);
    const { sources, executionGraph, failed, vertexId } = setup(a);
    const task = { vertexId, subtaskIndex: 0 };
    await sources.prepare(executionGraph, undefined);
    await sources.started();
    sources.handle(task, { type: 'request-split' });
    assert.deepEqual(
      failed.map(({ code }) => code),
      ['ENUMERATOR_FAILED'],
    );
    await sources.prepare(executionGraph, undefined);
    assert.deepEqual(a.heard, ['new', 'start', 'close', 'new', 'start']);
  });

  it('names each enumerator by its operator in a snapshot', async () => {
    const { sources, executionGraph } = setup(scriptedSource('a'), scriptedSource('b'));
    await sources.prepare(executionGraph, undefined);
    await sources.started();
    const ids = executionGraph.jobGraph.vertices
      .filter(({ name }) => name.startsWith('Source'))
      .map(({ operators }) => operators[0]?.operatorId);
    assert.deepEqual(sources.snapshot(1), [
      { operatorId: ids[0], enumerator: { of: 'a' } },
      { operatorId: ids[1], enumerator: { of: 'b' } },
    ]);
  });

  it('has not started before every enumerator has', async () => {
    const gate = Promise.withResolvers<void>();
    const slow = scriptedSource('a', 1, { start: () => gate.promise });
    const { sources, executionGraph } = setup(slow, scriptedSource('b'));
    await sources.prepare(executionGraph, undefined);
    let isStarted = false;
    const started = sources.started().then(() => {
      isStarted = true;
    });
    await settle();
    assert.equal(isStarted, false);
    assert.throws(() => sources.snapshot(1), { code: 'ENUMERATOR_NOT_READY' });
    gate.resolve();
    await started;
    assert.equal(sources.snapshot(1).length, 2);
  });

  it('closes all although one cannot be, says so, and hears nothing of them after', async () => {
    const close = (): never => {
      throw new Error('stuck');
    };
    const a = scriptedSource('a', 1, { close });
    const b = scriptedSource('b');
    const { sources, executionGraph, logged, sent } = setup(a, b);
    await sources.prepare(executionGraph, undefined);
    await sources.close();
    b.contexts[0]?.assignSplits(0, ['late']);
    assert.equal(b.heard.at(-1), 'close');
    assert.deepEqual(logged, ['warn the enumerator of a source could not be closed']);
    assert.deepEqual(sent, []);
  });

  it('stays stale when one cannot be made', async () => {
    const a = scriptedSource('a');
    a.createFails = true;
    const { sources, executionGraph } = setup(a);
    await assert.rejects(sources.prepare(executionGraph, undefined), /no enumerator for a/);
    await assert.rejects(sources.prepare(executionGraph, undefined), /no enumerator for a/);
    a.createFails = false;
    await sources.prepare(executionGraph, undefined);
    assert.deepEqual(a.heard, ['new', 'new', 'new', 'start']);
  });
});
