/** Seeded inputs that look like what a parser expects and are wrong somewhere: a run can be repeated by its seed. */
export type Random = () => number;

/** Uniform in [0, 1): mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What has hurt parsers before: numbers, names, nesting, encodings, and what means something in some grammar. */
const PIECES = [
  'null',
  'true',
  '{}',
  '[]',
  '""',
  '-1',
  '0',
  '1e309',
  '1.0',
  '9007199254740993',
  '"__proto__":{}',
  '"constructor":1,',
  '{"a":{"a":{"a":',
  '[[[[[[[[[[[[[[[[',
  '"\\ud800"',
  '\\u0000',
  '\ufeff',
  '\u202e',
  '\u0130',
  '..',
  '//',
  '%2f',
  '%00',
  '@sha256:',
  '*',
  '?',
  '[!a-',
  '\\',
  '"',
  '\r\n',
  '&a *a',
  '<<: *a',
  '!!js/function',
  '2026-02-30T25:61:61Z',
  '-----BEGIN CERTIFICATE-----\n',
  '\x30\x82\xff\xff',
  '\x00',
  '\xff\xfe',
] as const;
const MOST = 32_768;

/** @param samples good inputs; several small changes of one of them, spliced with another, or noise */
export function inputFrom(samples: readonly Uint8Array[], random: Random): Uint8Array {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  let bytes: Buffer = Buffer.from(pick(samples));
  if (random() < 0.02) bytes = Buffer.from(Array.from({ length: Math.floor(random() * 200) }, () => random() * 256));
  for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes--)
    bytes = changed(bytes, pick, samples, random);
  return bytes.subarray(0, MOST);
}

function changed(
  bytes: Buffer,
  pick: <T>(of: readonly T[]) => T,
  samples: readonly Uint8Array[],
  random: Random,
): Buffer {
  const at = Math.floor(random() * (bytes.length + 1));
  const to = Math.min(bytes.length, at + Math.floor(random() ** 3 * bytes.length));
  const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  switch (Math.floor(random() * 7)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      return flipped;
    }
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, middle, middle, after]);
    case 3:
      return Buffer.concat([before, Buffer.from(pick(PIECES), random() < 0.8 ? 'utf8' : 'latin1'), after]);
    case 4: {
      const times = 1 + Math.floor(random() ** 4 * 4_000);
      return Buffer.concat([before, Buffer.from(pick(PIECES).repeat(times)).subarray(0, MOST), after]);
    }
    case 5: {
      const other = Buffer.from(pick(samples));
      return Buffer.concat([before, other.subarray(Math.floor(random() * other.length))]);
    }
    default:
      return Buffer.concat([before, Buffer.from([Math.floor(random() * 256)]), middle, after]);
  }
}
