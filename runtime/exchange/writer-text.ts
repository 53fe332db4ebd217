/** Generates the functions that write records; the bytes and I1-I3 are in codec-text. */
import {
  ABSENT,
  CodeText,
  fixedBytes,
  isFixed,
  KEY_GROUP_BYTES,
  NULL,
  TIMESTAMP_BYTES,
  UNDEFINED,
} from './codec-text.ts';
import type { Layout, LayoutField } from './layout.ts';

/** Body of `(Value, D) => (b, v, ts, kg) => boolean`; D is Date. */
export function writerText(layout: Layout, keyed: boolean): string {
  const text = new CodeText();
  const tail = TIMESTAMP_BYTES + KEY_GROUP_BYTES + fixedBytes(layout);
  const writer = new Writer(text, tail);
  text.add(`d.setFloat64(${text.take(TIMESTAMP_BYTES)}, ts, true);`);
  if (keyed) text.add(`d.setUint16(${text.take(KEY_GROUP_BYTES)}, kg, true);`);
  writer.value(layout, 'v', 'false');
  text.settle();
  return [
    ...text.constants,
    'return function write(b, v, ts, kg) {',
    'const s0 = b.text; let s = s0, d = b.view, p = b.position;',
    `if (p + ${tail} > b.capacity) d = b.grow(p + ${tail});`,
    ...text.lines,
    'b.position = p; b.text = s; return true;',
    '};',
  ].join('\n');
}

class Writer {
  readonly #text: CodeText;
  readonly #tail: number;

  constructor(text: CodeText, tail: number) {
    this.#text = text;
    this.#tail = tail;
  }

  /** @param absent expression: is the place itself missing, given that it reads as undefined? */
  value(layout: Layout, v: string, absent: string): void {
    const text = this.#text;
    switch (layout.kind) {
      case 'nothing':
        text.add('return b.fail(s0);');
        break;
      case 'int':
        this.#require(`typeof ${v} === 'number' && (${v} | 0) === ${v}`);
        text.add(`d.setInt32(${text.take(4)}, ${v}, true);`);
        break;
      case 'long':
        this.#require(`Number.isSafeInteger(${v})`);
        text.add(`d.setFloat64(${text.take(8)}, ${v}, true);`);
        break;
      case 'double':
        this.#require(`typeof ${v} === 'number'`);
        text.add(`d.setFloat64(${text.take(8)}, ${v}, true);`);
        break;
      case 'boolean':
        this.#require(`typeof ${v} === 'boolean'`);
        text.add(`d.setUint8(${text.take(1)}, ${v} ? 1 : 0);`);
        break;
      case 'string':
        this.#require(`typeof ${v} === 'string'`);
        text.add(`s += ${v}; d.setUint32(${text.take(4)}, ${v}.length, true);`);
        break;
      case 'date':
        this.#require(`${v} instanceof D && Object.getPrototypeOf(${v}) === D.prototype`);
        text.add(`d.setFloat64(${text.take(8)}, ${v}.getTime(), true);`);
        break;
      case 'bigint':
        this.#bigint(v);
        break;
      case 'bytes':
        this.#bytes(v);
        break;
      case 'any':
        // Absence is no value: it needs a nullable layout.
        if (absent !== 'false') this.#require(`${v} !== undefined || !${absent}`);
        text.settle();
        text.add('b.text = s;', `p = Value.write(b, ${v}, p, 0);`);
        text.add('if (p < 0) return b.fail(s0);', 's = b.text;');
        this.#room(`${this.#tail}`);
        break;
      default:
        this.#composite(layout, v, absent);
    }
  }

  #composite(layout: Layout, v: string, absent: string): void {
    switch (layout.kind) {
      case 'nullable':
        this.#nullable(layout.inner, v, absent);
        break;
      case 'array':
        this.#array(layout.element, v);
        break;
      case 'tuple':
        this.#requireArray(v, ` && ${v}.length === ${layout.elements.length}`);
        layout.elements.forEach((element, i) => {
          const e = this.#text.name('e');
          this.#text.add(`const ${e} = ${v}[${i}];`);
          this.value(element, e, `!(${i} in ${v})`);
        });
        break;
      case 'row':
        this.#row(layout.fields, v);
    }
  }

  #require(condition: string): void {
    this.#text.add(`if (!(${condition})) return b.fail(s0);`);
  }

  #requireArray(v: string, more: string): void {
    this.#require(`Array.isArray(${v}) && Object.getPrototypeOf(${v}) === Array.prototype${more}`);
  }

  /** I3 again, after something of variable size. */
  #room(bytes: string): void {
    this.#text.add('d = b.view;', `if (p + ${bytes} > b.capacity) d = b.grow(p + ${bytes});`);
  }

  #bigint(v: string): void {
    const text = this.#text;
    const form = text.take(1);
    const at = text.take(8);
    this.#require(`typeof ${v} === 'bigint'`);
    text.add(
      `if (BigInt.asIntN(64, ${v}) === ${v}) {`,
      `d.setUint8(${form}, 0); d.setBigInt64(${at}, ${v}, true);`,
      '} else {',
      `const big = ${v}.toString(); s += big;`,
      `d.setUint8(${form}, 1); d.setUint32(${at}, big.length, true);`,
      '}',
    );
  }

  #bytes(v: string): void {
    const text = this.#text;
    this.#require(
      `typeof ${v} === 'object' && ${v} !== null && ` +
        `Object.getPrototypeOf(${v}) === Uint8Array.prototype`,
    );
    text.add(`d.setUint32(${text.take(4)}, ${v}.length, true);`);
    text.settle();
    this.#room(`${v}.length + ${this.#tail}`);
    text.add(`b.bytes.set(${v}, p); p += ${v}.length;`);
  }

  #nullable(inner: Layout, v: string, absent: string): void {
    const text = this.#text;
    const state = text.name('n');
    const missing = absent === 'false' ? `${UNDEFINED}` : `${absent} ? ${ABSENT} : ${UNDEFINED}`;
    text.add(
      `const ${state} = ${v} === null ? ${NULL} : ${v} === undefined ? (${missing}) : 0;`,
      `d.setUint8(${text.take(1)}, ${state});`,
    );
    if (!isFixed(inner)) text.settle();
    text.add(`if (${state} === 0) {`);
    this.value(inner, v, 'false');
    if (!isFixed(inner)) text.settle();
    text.add('}');
  }

  #array(element: Layout, v: string): void {
    const text = this.#text;
    const i = text.name('i');
    const e = text.name('e');
    const elementBytes = fixedBytes(element);
    this.#requireArray(v, '');
    text.add(`d.setUint32(${text.take(4)}, ${v}.length, true);`);
    text.settle();
    this.#room(`${v}.length * ${isFixed(element) ? elementBytes : 0} + ${this.#tail}`);
    text.add(`for (let ${i} = 0; ${i} < ${v}.length; ${i}++) {`, `const ${e} = ${v}[${i}];`);
    if (!isFixed(element)) this.#room(`${elementBytes + this.#tail}`);
    this.value(element, e, `!(${i} in ${v})`);
    text.settle();
    text.add('}');
  }

  #row(fields: readonly LayoutField[], v: string): void {
    const text = this.#text;
    this.#require(`typeof ${v} === 'object' && ${v} !== null`);
    const locals = fields.map(({ name }) => {
      const local = text.name('f');
      text.add(`const ${local} = ${v}[${JSON.stringify(name)}];`);
      return local;
    });
    this.#require(`Object.getPrototypeOf(${v}) === Object.prototype`);
    this.#fieldOrder(fields, v);
    fields.forEach(({ name, type }, i) => {
      this.value(type, locals[i] ?? 'undefined', `!(${JSON.stringify(name)} in ${v})`);
    });
  }

  /** The value's own fields must be a subsequence of the layout's. */
  #fieldOrder(fields: readonly LayoutField[], v: string): void {
    const text = this.#text;
    const names = text.name('N');
    const i = text.name('i');
    const k = text.name('k');
    text.constants.push(`const ${names} = ${JSON.stringify(fields.map(({ name }) => name))};`);
    text.add(
      `let ${i} = 0;`,
      `for (const ${k} in ${v}) {`,
      `while (${names}[${i}] !== ${k}) {`,
      `if (${i} === ${fields.length}) return b.fail(s0);`,
      `${i}++;`,
      '}',
      `${i}++;`,
      '}',
    );
  }
}
