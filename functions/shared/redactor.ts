/** Takes out of a line of the log what nobody may read there. */
import { isSecretName, maskText } from '../../runtime/core/index.ts';

const CREDENTIAL_VARIABLES = [
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_ACCESS_KEY_ID',
] as const;
const MASK = '***';
/** A shorter value would be found in harmless text. */
const MIN_SECRET_CHARS = 8;
const MAX_DEPTH = 6;

export class Redactor {
  readonly #values: readonly string[];

  /** @param environment of the process; its credentials are taken out wherever they appear. */
  constructor(environment: Readonly<Record<string, string | undefined>>) {
    this.#values = CREDENTIAL_VARIABLES.flatMap((name) => {
      const value = environment[name];
      return value === undefined || value.length < MIN_SECRET_CHARS ? [] : [value];
    });
  }

  text(text: string): string {
    return maskText(this.#values.reduce((masked, value) => masked.replaceAll(value, MASK), text));
  }

  /** Fields whose name says that they are secret are left out, at any depth. */
  fields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return this.#object(fields, 0);
  }

  #object(fields: object, depth: number): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(fields)
        .filter(([name]) => !isSecretName(name) && !/cookie/i.test(name))
        .map(([name, value]) => [name, this.#value(value, depth + 1)]),
    );
  }

  #value(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object' || value === null) return value;
    if (depth > MAX_DEPTH) return MASK;
    if (Array.isArray(value)) return value.map((one) => this.#value(one, depth + 1));
    if (value instanceof Error) {
      const { name, message, stack = '' } = value;
      return { name, message: this.text(message), stack: this.text(stack) };
    }
    return this.#object(value, depth);
  }
}
