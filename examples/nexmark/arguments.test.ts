import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArguments } from './arguments.ts';
import { DEFAULT_GENERATOR_CONFIG } from './generator/config.ts';

function refuses(args: string, message: RegExp): void {
  assert.throws(() => parseArguments(args.split(' ').filter((word) => word !== '')), {
    code: 'BAD_ARGUMENTS',
    message,
  });
}

describe('parseArguments', () => {
  it('reads an event file', () => {
    assert.deepEqual(
      parseArguments(['--query', 'q4', '--events', 'e.jsonl.gz', '--output', 'out/q4']),
      {
        query: 'q4',
        input: { kind: 'file', path: 'e.jsonl.gz' },
        outputDirectory: 'out/q4',
        overwrite: false,
      },
    );
  });

  it('generates events with a rate, a seed and disorder', () => {
    const { input } = parseArguments(
      '--query q0 --count 500 --rate 20 --seed 0 --out-of-order 7 --output o'.split(' '),
    );
    const config = {
      ...DEFAULT_GENERATOR_CONFIG,
      eventsPerSecond: 20,
      seed: 0,
      outOfOrderGroupCount: 7,
    };
    assert.deepEqual(input, { kind: 'generator', count: 500, config, paced: false });
  });

  it('lists the known queries when the query is unknown or missing', () => {
    refuses(
      '--query q6 --count 1 --output o',
      /^unknown query q6, known are q0, q1, .*, q9, q11\n/,
    );
    refuses('--query toString --count 1 --output o', /^unknown query toString/);
    refuses('--count 1 --output o', /^--query is missing, one of q0, /);
  });

  it('wants one input and an output', () => {
    refuses('--query q0 --output o', /^--events <file> or --count <n> is missing\nusage: /);
    refuses('--query q0 --count 1 --events e --output o', /exclude each other/);
    refuses('--query q0 --count 1', /^--output is missing/);
  });

  it('refuses numbers that are none, and settings of the other input', () => {
    refuses(
      '--query q0 --count 1e3 --output o',
      /^--count must be a whole number from 1 on, not 1e3/,
    );
    refuses('--query q0 --count 0 --output o', /^--count must be/);
    refuses('--query q0 --count 5 --rate 0 --output o', /^--rate must be/);
    refuses('--query q0 --count 5 --seed x --output o', /^--seed must be/);
    refuses('--query q0 --events e --seed 1 --output o', /^--seed is for generated events/);
  });

  it('refuses arguments it does not know', () => {
    refuses('--query q0 --cuont 5 --output o', /--cuont/);
  });
});
