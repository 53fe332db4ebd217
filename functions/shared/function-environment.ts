import { StreamError } from '../../runtime/core/index.ts';

/** What a stack gives its functions, read and checked. */
export class FunctionEnvironment {
  readonly #values: Readonly<Record<string, string | undefined>>;

  constructor(values: Readonly<Record<string, string | undefined>>) {
    this.#values = values;
  }

  /** @throws {StreamError} `ENVIRONMENT_INCOMPLETE` */
  text(name: string): string {
    const value = this.optional(name);
    if (value !== undefined) return value;
    throw refused(name, 'a function lacks a variable that its stack gives it: deploy again');
  }

  /** Undefined also when it is empty. */
  optional(name: string): string | undefined {
    const value = this.#values[name];
    return value === '' ? undefined : value;
  }

  /** @throws {StreamError} `ENVIRONMENT_INCOMPLETE` */
  count(name: string): number {
    const value = Number(this.text(name));
    if (Number.isSafeInteger(value) && value > 0) return value;
    throw refused(name, 'a variable of a function is no count: deploy again');
  }
}

function refused(variable: string, text: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'ENVIRONMENT_INCOMPLETE',
    message: `${text} variable=${variable}`,
    details: { variable },
  });
}
