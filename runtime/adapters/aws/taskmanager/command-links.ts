/**
 * Commands of the coordinator to the slots of a TaskManager. Queues lose nothing and the
 * coordinator keeps nothing, so a command is not acknowledged: it is taken once, in order, by this
 * lease or the next.
 *
 * - I1: once commands are held back none is given to a slot; they are left to the successor. A
 *   cancel is told at once all the same: who leaves may wait for a peer that is gone.
 */
import { type LinkIdentity, LinkReceiver } from '../../../exchange/index.ts';
import type { LinkPosition, SlotCommand } from '../../../protocol/index.ts';
import type { InboxItem } from '../inbox/index.ts';

/** However many come, none is refused. */
const UNBOUNDED_FRAMES = 2 ** 40;

export interface CommandLinksParts {
  readonly slotIndexes: readonly number[];
  readonly identity: LinkIdentity;
  /** Of the lease before, by {@link commandsName}. */
  readonly links: Readonly<Record<string, LinkPosition>>;
  readonly onCommand: (slotIndex: number, command: SlotCommand) => void;
  /** A cancel has come that is held back: it is not only for the successor, of which there is none. */
  readonly onCancelHeld: (slotIndex: number) => void;
}

/** As a leave record names the commands to a slot. */
export function commandsName(slotIndex: number): string {
  return `commands/${slotIndex}`;
}

export class CommandLinks {
  readonly #parts: CommandLinksParts;
  readonly #links: ReadonlyMap<number, LinkReceiver<SlotCommand>>;
  #isHolding = false;

  constructor(parts: CommandLinksParts) {
    this.#parts = parts;
    this.#links = new Map(
      parts.slotIndexes.map((slotIndex) => {
        const resume = parts.links[commandsName(slotIndex)];
        return [slotIndex, new LinkReceiver(parts.identity, UNBOUNDED_FRAMES, resume)];
      }),
    );
  }

  /** @returns what is wrong with a command that is not for this TaskManager. */
  take(item: Extract<InboxItem, { readonly type: 'command' }>): string | undefined {
    const { job, attempt } = this.#parts.identity;
    const { slotIndex, lease, sequence, command: payload } = item;
    const link = this.#links.get(slotIndex);
    if (link === undefined) return `slot ${slotIndex} is not here`;
    link.onFrame({ job, attempt, lease, sequence, payload });
    this.#pass(slotIndex, link);
    if (this.#isHolding && payload.type === 'cancel') this.#parts.onCancelHeld(slotIndex);
    return undefined;
  }

  /** I1. */
  hold(): void {
    this.#isHolding = true;
  }

  letGo(): void {
    this.#isHolding = false;
    for (const [slotIndex, link] of this.#links) this.#pass(slotIndex, link);
  }

  /** As `AwsExchange.leave`. */
  leave(): {
    readonly links: Readonly<Record<string, LinkPosition>>;
    readonly items: readonly InboxItem[];
  } {
    const links: Record<string, LinkPosition> = {};
    const items: InboxItem[] = [];
    for (const [slotIndex, link] of this.#links) {
      links[commandsName(slotIndex)] = link.position;
      for (const { lease, sequence, payload: command } of link.leftover()) {
        if (command !== undefined) {
          items.push({ type: 'command', slotIndex, lease, sequence, command });
        }
      }
    }
    return { links, items };
  }

  #pass(slotIndex: number, link: LinkReceiver<SlotCommand>): void {
    while (!this.#isHolding) {
      const command = link.take();
      if (command === undefined) return;
      this.#parts.onCommand(slotIndex, command);
    }
  }
}
