import type { OperatorContext } from './operator.ts';

/** Says, once, that timers come too late: those that users register while a key ends, in BATCH. */
export class IgnoredTimers {
  readonly #ctx: Pick<OperatorContext, 'logger' | 'operatorName'>;
  #isSaid = false;

  constructor(ctx: Pick<OperatorContext, 'logger' | 'operatorName'>) {
    this.#ctx = ctx;
  }

  ignored(atMs: number): void {
    if (this.#isSaid) return;
    this.#isSaid = true;
    const { logger, operatorName } = this.#ctx;
    const fields = { operator: operatorName, atMs };
    logger.log('warn', 'a timer registered at the end of its key is ignored in BATCH', fields);
  }
}
