/**
 * Watches connections for events that are illegal in their state, as Flink's StateMachineExample
 * does: an endless stream of events, a state machine for each address, an alert for each illegal
 * event.
 *
 *     npx sluice run examples/state-machine/job.ts --events 100000
 *     npx sluice run -p 2 examples/state-machine/job.ts --rate 10000 --output out/alerts
 *
 * The events are made from a seed, so that the alerts are known: `oracle.ts` tells which alerts
 * there must be. With `--output` each is in the files exactly once, whatever fails in between.
 */
import {
  fileSink,
  generatorSource,
  jsonLines,
  type KeyedProcessFunction,
  type StreamExecutionEnvironment,
  type ValueState,
  ValueStateDescriptor,
  WatermarkStrategy,
} from 'sluice';
import { parseArguments } from './arguments.ts';
import { type ConnectionState, type EventType, transition } from './connection.ts';
import { type ConnectionEvent, eventAt, SPLIT_COUNT } from './events.ts';

export interface Alert {
  readonly address: string;
  readonly split: number;
  readonly index: number;
  readonly state: ConnectionState;
  readonly event: EventType;
  /** Counts the events of this address from 1, legal or not. */
  readonly eventNumber: number;
}

/** What is remembered of an address. */
interface Connection {
  readonly state: ConnectionState;
  readonly eventCount: number;
}

export default async function stateMachine(
  env: StreamExecutionEnvironment,
  args: readonly string[],
): Promise<void> {
  const { seed, eventCount, ratePerSecond, outputDirectory } = parseArguments(args);
  const alerts = env
    .fromSource(
      generatorSource<ConnectionEvent>({
        generate: (position) => eventAt(seed, position),
        splits: SPLIT_COUNT,
        ...(eventCount !== undefined && { count: eventCount }),
        ...(ratePerSecond !== undefined && { ratePerSecond }),
      }),
      WatermarkStrategy.noWatermarks(),
      'events',
    )
    .uid('events')
    .keyBy('address')
    .process(watchConnection())
    .name('state machine')
    .uid('state-machine');
  if (outputDirectory === undefined) {
    alerts.print();
  } else {
    const sink = fileSink({ directory: outputDirectory, format: jsonLines<Alert>() });
    alerts.sinkTo(sink).name('alerts').uid('alerts');
  }
  await env.execute('State machine');
}

/** Keeps the state of one address; an illegal event does not change it. */
function watchConnection(): KeyedProcessFunction<string, ConnectionEvent, Alert> {
  let connection: ValueState<Connection, Connection>;
  return {
    open(ctx) {
      const unknown: Connection = { state: 'closed', eventCount: 0 };
      connection = ctx.getState(new ValueStateDescriptor('connection', unknown));
    },
    processElement({ address, split, index, type: event }, _ctx, out) {
      const { state, eventCount } = connection.value();
      const eventNumber = eventCount + 1;
      const next = transition(state, event);
      if (next === undefined) out.collect({ address, split, index, state, event, eventNumber });
      connection.update({ state: next ?? state, eventCount: eventNumber });
    },
  };
}
