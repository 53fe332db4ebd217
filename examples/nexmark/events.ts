/**
 * The Nexmark event model: people register, put items up for auction and bid on them. Field names
 * and order are those of the Nexmark project; times are epoch milliseconds, prices are cents.
 */

export interface Person {
  readonly id: number;
  readonly name: string;
  readonly emailAddress: string;
  readonly creditCard: string;
  readonly city: string;
  readonly state: string;
  readonly dateTime: number;
  readonly extra: string;
}

export interface Auction {
  readonly id: number;
  readonly itemName: string;
  readonly description: string;
  readonly initialBid: number;
  readonly reserve: number;
  readonly dateTime: number;
  /** Epoch ms; a bid at exactly this time still counts. */
  readonly expires: number;
  readonly seller: number;
  readonly category: number;
  readonly extra: string;
}

export interface Bid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly url: string;
  readonly dateTime: number;
  readonly extra: string;
}

export const PERSON = 0;
export const AUCTION = 1;
export const BID = 2;

/** One line of an event file: only the member that `event_type` names is there. */
export type NexmarkEvent =
  | { readonly event_type: typeof PERSON; readonly person: Person }
  | { readonly event_type: typeof AUCTION; readonly auction: Auction }
  | { readonly event_type: typeof BID; readonly bid: Bid };

/** Event time of any event, in epoch ms. */
export function dateTimeOf(event: NexmarkEvent): number {
  switch (event.event_type) {
    case BID:
      return event.bid.dateTime;
    case AUCTION:
      return event.auction.dateTime;
    case PERSON:
      return event.person.dateTime;
  }
}

/**
 * Checks the shape of a parsed line: what no query can do without.
 *
 * @throws {TypeError} when `event_type` is not 0, 1 or 2, its member is missing, or the member's
 * `dateTime` is not a whole number.
 */
export function asNexmarkEvent(line: unknown): NexmarkEvent {
  const event = line as Record<string, unknown> | null;
  const member = MEMBERS[Number(event?.event_type)];
  if (typeof event !== 'object' || event === null || member === undefined) {
    throw new TypeError('not a nexmark event: event_type must be 0, 1 or 2');
  }
  const body = event[member] as Record<string, unknown> | null | undefined;
  if (typeof body !== 'object' || body === null || !Number.isSafeInteger(body.dateTime)) {
    throw new TypeError(
      `not a nexmark event: its member ${member} must have a dateTime in epoch ms`,
    );
  }
  return event as unknown as NexmarkEvent;
}

const MEMBERS: readonly string[] = ['person', 'auction', 'bid'];
