import { collectSink, printSink, type Sink, sinkOperator } from '../connectors/index.ts';
import type { KeySelector } from '../core/index.ts';
import type { MutableStreamNode } from '../graph/index.ts';
import type { CoKeySelectors, OneInputFactory } from '../operators/index.ts';
import type { WindowAssigner } from '../windowing/index.ts';
import { AllWindowedStream } from './all-windowed-stream.ts';
import { checkText } from './arguments.ts';
import { CollectedRecords } from './collected-records.ts';
import { ConnectedStreams } from './connected-streams.ts';
import { SingleOutputStreamOperator } from './data-stream.ts';
import { DataStreamSink } from './data-stream-sink.ts';
import { addOperator, partitioned, type Upstream } from './job-program.ts';
import { KeyedConnectedStreams } from './keyed-connected-streams.ts';
import { KeyedStream } from './keyed-stream.ts';
import { OperatorSettings } from './operator-settings.ts';
import { WindowedStream } from './windowed-stream.ts';

/** Makes the streams that follow a stream. See `data-stream.ts` for why it exists. */
export type StreamFactory = typeof streamFactory;

export const streamFactory = {
  single<T>(upstream: Upstream, node: MutableStreamNode): SingleOutputStreamOperator<T> {
    return new SingleOutputStreamOperator<T>(upstream, node);
  },

  keyed<T, K>(upstream: Upstream, keySelector: KeySelector<T, K>): KeyedStream<T, K> {
    const erased = keySelector as KeySelector<unknown, unknown>;
    return new KeyedStream(
      partitioned(upstream, { kind: 'HASH', keySelector: erased }),
      keySelector,
    );
  },

  connected<A, B>(first: Upstream, second: Upstream): ConnectedStreams<A, B> {
    return new ConnectedStreams<A, B>(first, second);
  },

  keyedConnected<A, B, K>(
    inputs: readonly [Upstream, Upstream],
    keys: CoKeySelectors<A, B, K>,
  ): KeyedConnectedStreams<A, B, K> {
    return new KeyedConnectedStreams(inputs, keys);
  },

  windowed<T, K>(
    upstream: Upstream,
    keySelector: KeySelector<T, K>,
    assigner: WindowAssigner<T>,
  ): WindowedStream<T, K> {
    return new WindowedStream(upstream, keySelector, assigner);
  },

  allWindowed<T>(upstream: Upstream, assigner: WindowAssigner<T>): AllWindowedStream<T> {
    return new AllWindowedStream(upstream, assigner);
  },

  sink<T, CommittableT>(upstream: Upstream, sink: Sink<T, CommittableT>): DataStreamSink<T> {
    const name = typeof sink.name === 'string' && sink.name !== '' ? sink.name : 'unnamed';
    const factory = sinkOperator(sink) as unknown as OneInputFactory<unknown, unknown>;
    const node = addOperator([upstream], {
      name: `Sink: ${name}`,
      operator: 'Sink: Writer',
      body: { kind: 'one-input', factory },
      isSink: true,
      sink: sink as Sink<unknown, unknown>,
    });
    return new DataStreamSink<T>(new OperatorSettings(upstream.program, node));
  },

  print<T>(upstream: Upstream, identifier: string | undefined): DataStreamSink<T> {
    if (identifier !== undefined) checkText(identifier, 'the identifier of print');
    return streamFactory.sink<T, never>(upstream, printSink<T>(identifier));
  },

  collect<T>(upstream: Upstream, jobName: string | undefined): CollectedRecords<T> {
    const { program } = upstream;
    const collectId = program.nextCollectId();
    streamFactory.sink<T, never>(upstream, collectSink<T>(collectId)).name('collect');
    const records: CollectedRecords<T> = new CollectedRecords<T>({
      run: (signal) =>
        program.environment.execute(jobName, {
          signal,
          onDeliver: (id, values) => (id === collectId ? records.take(values) : undefined),
        }),
    });
    return records;
  },
};
