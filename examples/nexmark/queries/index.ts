import type { DataStream, Sink } from 'sluice';
import type { NexmarkEvent } from '../events.ts';
import { q0 } from './q0.ts';
import { q1 } from './q1.ts';
import { q2 } from './q2.ts';
import { q3 } from './q3.ts';
import { q4 } from './q4.ts';
import { q5 } from './q5.ts';
import { q7 } from './q7.ts';
import { q8 } from './q8.ts';
import { q9 } from './q9.ts';
import { q11 } from './q11.ts';

/** Builds a query behind the events, its rows going into the sink. */
export type Query = <CommittableT>(
  events: DataStream<NexmarkEvent>,
  sink: Sink<object, CommittableT>,
) => void;

/** By name. q6 cannot be said in Flink SQL; q10, q12 and those beyond need what comes later. */
export const QUERIES = {
  q0: writing(q0),
  q1: writing(q1),
  q2: writing(q2),
  q3: writing(q3),
  q4: writing(q4),
  q5: writing(q5),
  q7: writing(q7),
  q8: writing(q8),
  q9: writing(q9),
  q11: writing(q11),
} as const satisfies Readonly<Record<string, Query>>;

export type QueryName = keyof typeof QUERIES;

function writing<RowT extends object>(
  build: (events: DataStream<NexmarkEvent>) => DataStream<RowT>,
): Query {
  return (events, sink) => void build(events).sinkTo(sink).name('rows').uid('rows');
}
