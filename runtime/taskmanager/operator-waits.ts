import type { ChainLink } from './operator-chain.ts';
import type { SortedInputs } from './sorted-inputs.ts';
import type { TaskParts } from './task-parts.ts';
import { named, type TaskPlace } from './task-place.ts';

/** What the operators of a task wait for. */
export class OperatorWaits {
  readonly #place: TaskPlace;
  readonly #suspendable: readonly ChainLink[];
  readonly #filling: readonly ChainLink[];
  readonly #working: readonly ChainLink[];

  readonly #sorted: SortedInputs | undefined;

  constructor(place: TaskPlace & Pick<TaskParts, 'sorted'>, links: readonly ChainLink[]) {
    this.#sorted = place.sorted;
    this.#place = place;
    this.#suspendable = links.filter(({ operator }) => operator.suspension !== undefined);
    this.#filling = links.filter(({ operator }) => operator.hasRoom !== undefined);
    this.#working = links.filter(({ operator }) => operator.isBusy !== undefined);
  }

  /** All of them want more input. */
  get hasRoom(): boolean {
    if (this.#sorted?.hasRoom === false) return false;
    return this.#filling.every(({ operator }) => operator.hasRoom?.() !== false);
  }

  /** One of them has results to come. */
  get isBusy(): boolean {
    if (this.#sorted !== undefined) return true;
    return this.#working.some(({ operator }) => operator.isBusy?.() === true);
  }

  /** What the first operator that waits waits for; what it throws or rejects with is named. */
  suspension(): Promise<void> | undefined {
    for (const link of this.#suspendable) {
      const promise = this.#suspensionOf(link);
      if (promise === undefined) continue;
      return promise.catch((thrown: unknown) => {
        throw named(this.#place, link, 'asynchronous work', thrown);
      });
    }
    return undefined;
  }

  #suspensionOf(link: ChainLink): Promise<void> | undefined {
    try {
      return link.operator.suspension?.();
    } catch (thrown) {
      throw named(this.#place, link, 'asynchronous work', thrown);
    }
  }
}
