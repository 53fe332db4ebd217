import {
  type AggregateFunction,
  type Collector,
  type DataStream,
  TumblingEventTimeWindows,
} from 'sluice';
import { AUCTION, type NexmarkEvent, PERSON } from '../events.ts';
import { timestamp } from '../rows.ts';
import { pickFrom } from '../streams.ts';

export interface NewSellerRow {
  readonly id: number;
  readonly name: string;
  /** Start of the window. */
  readonly stime: string;
}

/** That someone registered (with a name), or opened an auction (without). */
interface Activity {
  readonly id: number;
  readonly name: string | null;
}

/** Of one person in one window. */
interface Activities {
  /** Distinct; a person may be registered again under another name. */
  readonly names: string[];
  hasSold: boolean;
}

const WINDOW_MS = 10_000;

/**
 * New users: who registered and opened an auction in the same 10 s. Both kinds of activity come
 * out of one operator and through one channel: a union of two would mix their watermarks, and what
 * is late would depend on which of the channels is ahead.
 */
export function q8(events: DataStream<NexmarkEvent>): DataStream<NewSellerRow> {
  return pickFrom(events, 'activities', activityOf)
    .keyBy('id')
    .window(TumblingEventTimeWindows.of(WINDOW_MS))
    .aggregate(gathering(), (id, { window }, [activities], out: Collector<NewSellerRow>) => {
      if (activities?.hasSold !== true) return;
      const stime = timestamp(window.start);
      for (const name of activities.names) out.collect({ id, name, stime });
    })
    .name('new sellers')
    .uid('q8');
}

function activityOf(event: NexmarkEvent): Activity | undefined {
  if (event.event_type === PERSON) return { id: event.person.id, name: event.person.name };
  if (event.event_type === AUCTION) return { id: event.auction.seller, name: null };
  return undefined;
}

function gathering(): AggregateFunction<Activity, Activities, Activities> {
  return {
    createAccumulator: () => ({ names: [], hasSold: false }),
    add({ name }, activities) {
      if (name === null) activities.hasSold = true;
      else if (!activities.names.includes(name)) activities.names.push(name);
      return activities;
    },
    getResult: (activities) => activities,
    merge: (left, right) => ({
      names: [...new Set([...left.names, ...right.names])],
      hasSold: left.hasSold || right.hasSold,
    }),
  };
}
