import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStreamError, type StreamError } from '../../core/index.ts';
import { ConnectorWorld } from '../connector-world.conformance.ts';
import { readSource } from '../source-run.conformance.ts';
import { csv } from './csv.ts';
import { FileSource } from './file-source.ts';

type Options = Parameters<typeof FileSource.forCsv>[1];

async function read(text: string | Uint8Array, options?: Options) {
  const world = new ConnectorWorld();
  world.fileSystem.put('a.csv', text);
  const run = await readSource(FileSource.forCsv('a.csv', options), world);
  return { values: run.values, side: run.side, counters: world.counters };
}

async function failureOf(text: string, options?: Options): Promise<StreamError> {
  const error: unknown = await read(text, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(isStreamError(error), 'expected a StreamError');
  return error;
}

describe('csv, reading', () => {
  it('takes the columns of the header as strings', async () => {
    const { values } = await read('\uFEFFid,name\n1,Ada\n2,"Gr,ace"\n');
    assert.deepEqual(values, [
      { id: '1', name: 'Ada' },
      { id: '2', name: 'Gr,ace' },
    ]);
  });

  it('converts columns by their types; empty fields are null but for strings', async () => {
    const types = { i: 'int', l: 'long', d: 'double', b: 'boolean', n: 'bigint' } as const;
    const text =
      'i,l,d,b,n,s\n-2147483648,9007199254740991,1.5e3,TRUE,12345678901234567890,x\n,,,,,\n';
    const { values } = await read(text, { types });
    assert.deepEqual(values, [
      { i: -(2 ** 31), l: 2 ** 53 - 1, d: 1500, b: true, n: 12345678901234567890n, s: 'x' },
      { i: null, l: null, d: null, b: null, n: null, s: '' },
    ]);
  });

  it('reads without a header, with other delimiters and quotes', async () => {
    const options = { header: false, columns: ['a', 'b'], delimiter: '\t', quote: "'" } as const;
    const { values } = await read("1\t'it''s\t'\n", options);
    assert.deepEqual(values, [{ a: '1', b: "it's\t" }]);
  });

  it('fails on a malformed row with file and first line of the row', async () => {
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ['id,n\n1,"a\nb"\n2\n', 'MALFORMED_CSV', /expected 2 columns, found 1;.* line=4 text=2$/],
      ['id,n\n1,5" pipe\n', 'MALFORMED_CSV', /line=2 text=1,5" pipe$/],
      ['id,n\n1,"a"b\n', 'MALFORMED_CSV', /line=2/],
      ['id,n\n1,"open\n2,b\n', 'MALFORMED_CSV', /line=2/],
      ['id,n\nx,b\n', 'MALFORMED_CSV', /column 'id' holds no long: "x".* line=2/],
      ['id,n\n9007199254740993,b\n', 'PRECISION_LOST', /column 'id' the type bigint.* line=2/],
    ];
    for (const [text, code, message] of cases) {
      const error = await failureOf(text, { types: { id: 'long' } });
      assert.deepEqual([error.kind, error.code], ['user', code], text);
      assert.match(error.message, message);
      assert.match(error.message, /file=a\.csv/);
    }
  });

  it('loses only the malformed row when it is skipped', async () => {
    const { values, counters } = await read('id,n\n1,a\n2,5" pipe\n3,c,d\n4,d\n', {
      onError: 'skip',
    });
    assert.deepEqual(values, [
      { id: '1', n: 'a' },
      { id: '4', n: 'd' },
    ]);
    assert.equal(counters.get('numRecordsSkipped'), 2);
  });

  it('sends a malformed row to a side output', async () => {
    const { side } = await read('id,n\n1\n', { onError: { sideOutput: 'bad' } });
    const value = { file: 'a.csv', line: 2, text: '1', error: 'expected 2 columns, found 1' };
    assert.deepEqual(side, [{ tagId: 'bad', value }]);
  });

  it('fails on a header that cannot be, also when malformed rows are skipped', async () => {
    const twice = await failureOf('id,id\n1,2\n', { onError: 'skip' });
    assert.match(twice.message, /names column 'id' twice; .* line=1/);
    const missing = await failureOf('id\n1\n', { columns: ['name'], onError: 'skip' });
    assert.match(missing.message, /no column 'name' in the header: id; .* line=1/);
  });

  it('fails on a row that is not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('id\n1\n'), Buffer.from([0xff, 10])]);
    await assert.rejects(read(bytes), { code: 'MALFORMED_TEXT' });
  });

  it('refuses options that cannot be', () => {
    const bad: readonly Options[] = [
      { delimiter: ';;' },
      { delimiter: '"' },
      { quote: 'é' },
      { header: false },
      { columns: [] },
      { columns: ['a', 'a'] },
      { columns: ['a'], types: { b: 'int' } },
      { types: { a: 'float' as 'double' } },
    ];
    for (const options of bad) {
      assert.throws(() => csv(options), { code: 'BAD_CSV_OPTIONS', kind: 'invalid' });
    }
  });
});

describe('csv, writing', () => {
  const write = (values: readonly unknown[], options?: Parameters<typeof csv>[0]) => {
    const encoder = csv<unknown>(options).createEncoder();
    return encoder.fileHeader(values[0]) + values.map((value) => encoder.encode(value)).join('');
  };

  it('quotes what must be quoted', () => {
    const value = { a: 'x,y', b: 'say "hi"\n', c: ' ', d: '', e: null, f: 1n, g: new Date(0) };
    assert.equal(
      write([value]),
      'a,b,c,d,e,f,g\n"x,y","say ""hi""\n"," ","",,1,1970-01-01T00:00:00.000Z\n',
    );
  });

  it('writes the columns given, and no header when there is to be none', () => {
    assert.equal(write([{ a: 1, b: true }], { columns: ['b', 'c'], header: false }), 'true,\n');
  });

  it('never writes a lone empty field as a blank line', () => {
    assert.equal(write([{ a: null }]), 'a\n""\n');
  });

  it('refuses what it would lose', () => {
    const refused = { code: 'VALUE_NOT_ENCODABLE', kind: 'user' };
    assert.throws(() => write(['text']), refused);
    assert.throws(() => write([{ a: { b: 1 } }]), refused);
    assert.throws(() => write([{ a: 1 }, { a: 1, b: 2 }]), refused);
    assert.throws(() => write([{ a: Number.NaN }]), { code: 'PRECISION_LOST' });
  });
});
