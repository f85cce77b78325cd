import { describe, expect, test } from 'vitest';
import { TufgateError } from '../../src/errors.ts';
import { JsonError } from '../../src/json/read.ts';
import { inputFrom, randomFrom } from './inputs.ts';
import { honest, type Parser, PARSERS } from './parsers.ts';

/**
 * Every parser of something from outside, against inputs that are nearly right: a value or a coded error, nothing else,
 * and no input costs more than 50 ms of CPU on three tries (the operator's own configuration, which is read once: 250 ms). `npm run test:fuzz` runs a million inputs in all;
 * `FUZZ_INPUTS` (a parser) and `FUZZ_SEED` choose others.
 */
const INPUTS = Number(process.env['FUZZ_INPUTS'] ?? 400);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const MOST_MS = 50;
/** Inputs between two turns of the event loop. */
const TURN = 1_000;

test('the samples are good', () => {
  expect(honest).not.toThrow();
});

describe.each(PARSERS)('$name', (parser) => {
  test('takes its samples', () => {
    for (const sample of parser.samples) expect(outcomeOf(parser, sample)).toBe('accepted');
  });

  test(`gives a value or a coded error, in time, for ${INPUTS} inputs`, { timeout: 3_600_000 }, async () => {
    const random = randomFrom(SEED ^ hash(parser.name));
    for (let i = 0; i < INPUTS; i++) {
      if (i % TURN === TURN - 1) await new Promise((resolve) => setImmediate(resolve));
      check(parser, inputFrom(parser.samples, random), i);
    }
  });
});

function check(parser: Parser, input: Uint8Array, i: number): void {
  const { outcome, ms } = attempt(parser, input);
  const known: readonly string[] = ['accepted', ...parser.codes];
  if (!known.includes(outcome)) expect.fail(`input ${i} of seed ${SEED}: ${outcome}; ${shown(input)}`);
  const { mostMs = MOST_MS } = parser;
  const slow = ms > mostMs && attempt(parser, input).ms > mostMs && attempt(parser, input).ms > mostMs;
  if (slow) expect.fail(`input ${i} of seed ${SEED} costs over ${mostMs} ms, three times; ${shown(input)}`);
}

/** CPU of this process, so that a busy machine does not count. */
function attempt(parser: Parser, input: Uint8Array): { outcome: string; ms: number } {
  const before = process.cpuUsage();
  const outcome = outcomeOf(parser, input);
  const { user, system } = process.cpuUsage(before);
  return { outcome, ms: (user + system) / 1_000 };
}

function outcomeOf(parser: Parser, input: Uint8Array): string {
  try {
    parser.parse(input);
    return 'accepted';
  } catch (error) {
    if (error instanceof TufgateError) return error.code;
    return error instanceof JsonError ? error.name : `not coded: ${String(error)}`;
  }
}

function shown(input: Uint8Array): string {
  return `${input.length} bytes, in base64 ${Buffer.from(input.subarray(0, 1_500)).toString('base64')}`;
}

function hash(name: string): number {
  return Buffer.from(name).reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 7);
}
