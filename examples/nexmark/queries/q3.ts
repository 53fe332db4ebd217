import {
  type DataStream,
  type KeyedCoProcessFunction,
  type ListState,
  ListStateDescriptor,
} from 'sluice';
import type { NexmarkEvent, Person } from '../events.ts';
import { auctionsOf, personsOf } from '../streams.ts';

export interface LocalItemRow {
  readonly name: string;
  readonly city: string;
  readonly state: string;
  /** The auction's. */
  readonly id: number;
}

type Item = { readonly id: number; readonly seller: number; readonly category: number };
type Seller = Pick<Person, 'id' | 'name' | 'city' | 'state'>;

const CATEGORY = 10;
const STATES: ReadonlySet<string> = new Set(['OR', 'ID', 'CA']);

/** Local items: what people from Oregon, Idaho and California sell in category 10. */
export function q3(events: DataStream<NexmarkEvent>): DataStream<LocalItemRow> {
  const items = auctionsOf(
    events,
    ({ id, seller, category }): Item => ({ id, seller, category }),
  ).filter((item) => item.category === CATEGORY);
  const sellers = personsOf(
    events,
    ({ id, name, city, state }): Seller => ({ id, name, city, state }),
  ).filter((seller) => STATES.has(seller.state));
  return items
    .connect(sellers)
    .keyBy('seller', 'id')
    .process(itemsOfSellers())
    .name('items of sellers')
    .uid('q3-join');
}

/** A join without an end: each side waits in state for the other, whichever comes first. */
function itemsOfSellers(): KeyedCoProcessFunction<number, Item, Seller, LocalItemRow> {
  let itemIds: ListState<number>;
  let sellers: ListState<Seller>;
  return {
    open(ctx) {
      itemIds = ctx.getListState(new ListStateDescriptor<number>('items'));
      sellers = ctx.getListState(new ListStateDescriptor<Seller>('sellers'));
    },
    processElement1(item, _ctx, out) {
      itemIds.add(item.id);
      for (const seller of sellers.get()) out.collect(toRow(seller, item.id));
    },
    processElement2(seller, _ctx, out) {
      sellers.add(seller);
      for (const id of itemIds.get()) out.collect(toRow(seller, id));
    },
  };
}

function toRow({ name, city, state }: Seller, id: number): LocalItemRow {
  return { name, city, state, id };
}
