/** Generates the functions that read a buffer's records; the bytes are in codec-text. */
import { ABSENT, CodeText, isFixed, KEY_GROUP_BYTES, NULL, TIMESTAMP_BYTES } from './codec-text.ts';
import type { Layout, LayoutField } from './layout.ts';

/** Body of `(Value, D) => (c, count, sink) => void`. */
export function readerText(layout: Layout, keyed: boolean): string {
  const text = new CodeText();
  text.add(`const ts = d.getFloat64(${text.take(TIMESTAMP_BYTES)}, true);`);
  if (keyed) text.add(`const kg = d.getUint16(${text.take(KEY_GROUP_BYTES)}, true);`);
  const value = new Reader(text).value(layout);
  text.settle();
  return [
    'return function read(c, count, sink) {',
    'const d = c.view, t = c.text; let p = c.position, q = c.textPosition;',
    'for (let r = 0; r < count; r++) {',
    ...text.lines,
    `sink.record(${value}, ts, ${keyed ? 'kg' : '-1'});`,
    '}',
    'c.position = p; c.textPosition = q;',
    '};',
  ].join('\n');
}

class Reader {
  readonly #text: CodeText;

  constructor(text: CodeText) {
    this.#text = text;
  }

  /** Adds what reads the value and answers the name it is bound to. */
  value(layout: Layout): string {
    const text = this.#text;
    switch (layout.kind) {
      case 'nothing':
        return 'undefined';
      case 'int':
        return this.#bind(`d.getInt32(${text.take(4)}, true)`);
      case 'long':
      case 'double':
        return this.#bind(`d.getFloat64(${text.take(8)}, true)`);
      case 'boolean':
        return this.#bind(`d.getUint8(${text.take(1)}) === 1`);
      case 'string':
        return this.#bind(`t.substring(q, q += d.getUint32(${text.take(4)}, true))`);
      case 'date':
        return this.#bind(`new D(d.getFloat64(${text.take(8)}, true))`);
      case 'bigint': {
        const form = text.take(1);
        const at = text.take(8);
        const big = `BigInt(t.substring(q, q += d.getUint32(${at}, true)))`;
        return this.#bind(`d.getUint8(${form}) === 0 ? d.getBigInt64(${at}, true) : ${big}`);
      }
      case 'bytes': {
        const n = this.#bind(`d.getUint32(${text.take(4)}, true)`);
        text.settle();
        const x = this.#bind(`new Uint8Array(c.bytes.subarray(p, p + ${n}))`);
        text.add(`p += ${n};`);
        return x;
      }
      case 'any': {
        text.settle();
        text.add('c.position = p; c.textPosition = q;');
        const x = this.#bind('Value.read(c)');
        text.add('p = c.position; q = c.textPosition;');
        return x;
      }
      case 'nullable':
        return this.#nullable(layout.inner).value;
      case 'array':
        return this.#array(layout.element);
      case 'tuple':
        return this.#tuple(layout.elements);
      case 'row':
        return this.#row(layout.fields);
    }
  }

  #bind(expression: string): string {
    const name = this.#text.name('x');
    this.#text.add(`const ${name} = ${expression};`);
    return name;
  }

  #nullable(inner: Layout): { readonly value: string; readonly state: string } {
    const text = this.#text;
    const state = this.#bind(`d.getUint8(${text.take(1)})`);
    const value = text.name('x');
    if (!isFixed(inner)) text.settle();
    text.add(`let ${value};`, `if (${state} === 0) {`);
    text.add(`${value} = ${this.value(inner)};`);
    if (!isFixed(inner)) text.settle();
    text.add(`} else if (${state} === ${NULL}) ${value} = null;`);
    return { value, state };
  }

  /** An element of an array or tuple, with the state that tells a hole. */
  #element(layout: Layout): { readonly value: string; readonly state?: string } {
    return layout.kind === 'nullable'
      ? this.#nullable(layout.inner)
      : { value: this.value(layout) };
  }

  #array(layout: Layout): string {
    const text = this.#text;
    const n = this.#bind(`d.getUint32(${text.take(4)}, true)`);
    const array = this.#bind('[]');
    const i = text.name('i');
    text.settle();
    text.add(`for (let ${i} = 0; ${i} < ${n}; ${i}++) {`);
    const { value, state } = this.#element(layout);
    text.settle();
    const push = `${array}.push(${value});`;
    if (state === undefined) text.add(push);
    else text.add(`if (${state} === ${ABSENT}) ${array}.length = ${i} + 1; else ${push}`);
    text.add('}');
    return array;
  }

  #tuple(layouts: readonly Layout[]): string {
    const elements = layouts.map((layout) => this.#element(layout));
    const array = this.#bind(`[${elements.map(({ value }) => value).join(', ')}]`);
    elements.forEach(({ state }, i) => {
      if (state !== undefined) {
        this.#text.add(`if (${state} === ${ABSENT}) delete ${array}[${i}];`);
      }
    });
    return array;
  }

  /** One literal when every field is there, else one assignment a field, in order. */
  #row(layouts: readonly LayoutField[]): string {
    const text = this.#text;
    const fields = layouts.map(({ name, type }) => ({
      name: JSON.stringify(name),
      ...this.#element(type),
    }));
    const literal = `{ ${fields.map(({ name, value }) => `${name}: ${value}`).join(', ')} }`;
    const states = fields.flatMap(({ state }) => (state === undefined ? [] : [state]));
    if (states.length === 0) return this.#bind(literal);
    const row = text.name('o');
    const complete = states.map((state) => `${state} !== ${ABSENT}`).join(' && ');
    text.add(`let ${row};`, `if (${complete}) ${row} = ${literal};`, 'else {', `${row} = {};`);
    for (const { name, value, state } of fields) {
      const condition = state === undefined ? '' : `if (${state} !== ${ABSENT}) `;
      text.add(`${condition}${row}[${name}] = ${value};`);
    }
    text.add('}');
    return row;
  }
}
