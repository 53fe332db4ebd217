import type { TypeInformation } from '../core/index.ts';
import {
  checkMaxParallelism,
  checkParallelism,
  graphError,
  type MutableStreamNode,
} from '../graph/index.ts';
import { checkText } from './arguments.ts';
import { checkOpen, type JobProgram } from './job-program.ts';
import { nameRefusals } from './name-refusals.ts';
import { checkTypeInformation } from './types.ts';

/**
 * The settings of one operator of a program; what `SingleOutputStreamOperator` and
 * `DataStreamSink` have in common.
 */
export class OperatorSettings {
  readonly #program: JobProgram;
  readonly #node: MutableStreamNode;

  constructor(program: JobProgram, node: MutableStreamNode) {
    this.#program = program;
    this.#node = node;
    OperatorSettings.#nameRefusals();
  }

  /** Sources and sinks keep what stands before the colon: `Source: orders`. */
  name(name: string): void {
    checkText(name, 'the name of an operator');
    const prefix = /^(?:Source|Sink): /.exec(this.#node.name)?.[0] ?? '';
    this.#open().name = `${prefix}${name}`;
  }

  uid(uid: string): void {
    checkText(uid, 'a uid');
    this.#open().uid = uid;
  }

  parallelism(parallelism: number): void {
    checkParallelism(parallelism, `operator '${this.#node.name}'`);
    if (this.#node.nonParallel && parallelism !== 1) {
      throw graphError(
        'NON_PARALLEL_OPERATOR',
        `operator '${this.#node.name}' only works with parallelism 1: leave it at 1, or key the ` +
          `stream first parallelism=${parallelism}`,
        { operator: this.#node.name, parallelism },
      );
    }
    this.#open().parallelism = parallelism;
  }

  maxParallelism(maxParallelism: number): void {
    checkMaxParallelism(maxParallelism, `operator '${this.#node.name}'`);
    this.#open().maxParallelism = maxParallelism;
  }

  chaining(chaining: MutableStreamNode['chaining']): void {
    this.#open().chaining = chaining;
  }

  slotSharingGroup(group: string): void {
    checkText(group, 'the name of a slot sharing group');
    this.#open().slotSharingGroup = group;
  }

  outputType(type: TypeInformation<unknown>): void {
    checkTypeInformation(type, 'returns');
    this.#open().outputType = type;
  }

  #open(): MutableStreamNode {
    checkOpen(this.#program);
    return this.#node;
  }

  static #nameRefusals(): void {
    const name = (settings: OperatorSettings): string => settings.#node.name;
    nameRefusals(OperatorSettings.prototype, () => [], {
      ...{ name, uid: name, parallelism: name, maxParallelism: name },
      ...{ slotSharingGroup: name, outputType: name },
    });
  }
}
