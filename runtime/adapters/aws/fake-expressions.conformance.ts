/** The part of DynamoDB's expressions that the adapters use, and a little more. */
import type { Item } from './row-item.ts';

type Value = Item[string];
type Values = Readonly<Record<string, Value>>;

/** Whether an item, or none, meets a condition. */
export function meets(item: Item | undefined, expression: string, values: Values): boolean {
  const parser = new Parser(expression, item, values);
  const result = parser.disjunction();
  parser.end();
  return result;
}

/** The item after `SET a = …, b = … REMOVE c, d`. */
export function updated(item: Item, expression: string, values: Values): Item {
  const match = /^SET (.*?)(?: REMOVE (.*))?$/.exec(expression);
  if (match === null) throw new SyntaxError(`an update expression: ${expression}`);
  const [, sets = '', removes = ''] = match;
  const next: Item = { ...item };
  for (const set of sets.split(/,\s*(?![^(]*\))/)) {
    const [name = '', term = ''] = set.split(/ = (.*)/);
    next[name] = sum(term, item, values);
  }
  for (const name of removes.split(', ')) delete next[name];
  return next;
}

function sum(text: string, item: Item, values: Values): Value {
  const terms = text.split(' + ').map((term) => termValue(term, item, values));
  if (terms.length === 1) return terms[0] as Value;
  return { N: String(terms.reduce((total, term) => total + Number(term.N), 0)) };
}

function termValue(term: string, item: Item, values: Values): Value {
  const fallback = /^if_not_exists\((\w+), (:\w+)\)$/.exec(term);
  const value =
    fallback === null
      ? (values[term] ?? item[term])
      : (item[fallback[1] ?? ''] ?? values[fallback[2] ?? '']);
  if (value === undefined) throw new SyntaxError(`no value for ${term}`);
  return value;
}

/** Of conditions: OR, AND, comparisons and functions. */
class Parser {
  readonly #tokens: string[];
  readonly #item: Item | undefined;
  readonly #values: Values;

  constructor(expression: string, item: Item | undefined, values: Values) {
    this.#tokens = expression.match(/<>|<=|[=(),]|:?\w+/g) ?? [];
    this.#item = item;
    this.#values = values;
  }

  disjunction(): boolean {
    let result = this.#conjunction();
    while (this.#take('OR')) result = this.#conjunction() || result;
    return result;
  }

  end(): void {
    if (this.#tokens.length > 0) throw new SyntaxError(`unexpected ${this.#tokens.join(' ')}`);
  }

  #conjunction(): boolean {
    let result = this.#condition();
    while (this.#take('AND')) result = this.#condition() && result;
    return result;
  }

  #condition(): boolean {
    const name = this.#tokens.shift() ?? '';
    if (!this.#take('(')) {
      const operator = this.#tokens.shift();
      const right = this.#operand(this.#tokens.shift() ?? '');
      if (operator === '<=') return Number(this.#operand(name)?.N) <= Number(right?.N);
      const isEqual = JSON.stringify(this.#operand(name)) === JSON.stringify(right);
      return operator === '=' ? isEqual : this.#operand(name) !== undefined && !isEqual;
    }
    const left = this.#operand(this.#tokens.shift() ?? '');
    const right = this.#take(',') ? this.#operand(this.#tokens.shift() ?? '') : undefined;
    if (!this.#take(')')) throw new SyntaxError('a ) is missing');
    if (name === 'attribute_not_exists') return left === undefined;
    if (name === 'attribute_exists') return left !== undefined;
    if (name === 'begins_with') return left?.S?.startsWith(right?.S ?? '') === true;
    throw new SyntaxError(`unknown function ${name}`);
  }

  #operand(token: string): Value | undefined {
    if (!token.startsWith(':')) return this.#item?.[token];
    const value = this.#values[token];
    if (value === undefined) throw new SyntaxError(`no value for ${token}`);
    return value;
  }

  #take(token: string): boolean {
    if (this.#tokens[0] !== token) return false;
    this.#tokens.shift();
    return true;
  }
}
