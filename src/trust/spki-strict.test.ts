import { describe, expect, test } from 'vitest';
import { oid, sequence, tlv } from '../../test/der.ts';
import { newKeyPair } from '../simulator/notary-certificate.ts';
import { readSpki } from './spki.ts';

const EC = oid('1.2.840.10045.2.1');
const P256 = oid('1.2.840.10045.3.1.7');
const RSA = oid('1.2.840.113549.1.1.1');
const NULL = tlv(0x05);
const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const bits = (...parts: readonly Buffer[]): Buffer => tlv(0x03, Buffer.of(0), ...parts);
const POINT = newKeyPair().publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);

describe('a point is refused', () => {
  const onP256 = (point: Buffer): Buffer => sequence(sequence(EC, P256), bits(point));

  test('unless it is uncompressed, and as long as its curve has it', () => {
    expect(readSpki(onP256(POINT))).toBeDefined();
    expect(readSpki(onP256(POINT.subarray(0, 64)))).toBeUndefined();
    expect(readSpki(onP256(Buffer.concat([POINT, Buffer.of(0)])))).toBeUndefined();
    for (const form of [2, 3, 6, 7])
      expect(readSpki(onP256(Buffer.concat([Buffer.of(form), POINT.subarray(1)])))).toBeUndefined();
  });

  test('without a curve, or with one that is no name', () => {
    expect(readSpki(sequence(sequence(EC), bits(POINT)))).toBeUndefined();
    expect(readSpki(sequence(sequence(EC, NULL), bits(POINT)))).toBeUndefined();
  });

  test('with anything behind the curve or the key: it would be the same key in other bytes', () => {
    expect(readSpki(sequence(sequence(EC, P256, NULL), bits(POINT)))).toBeUndefined();
    expect(readSpki(sequence(sequence(EC, P256), bits(POINT), NULL))).toBeUndefined();
  });
});

describe('an RSA key', () => {
  const rsa = (n: string, e: string): ReturnType<typeof readSpki> =>
    readSpki(sequence(sequence(RSA, NULL), bits(sequence(tlv(0x02, hex(n)), tlv(0x02, hex(e))))));

  test.each(['03', '11', '010001', '7fffffff'])('may have the exponent %s', (e) => {
    expect(rsa('0080000001', e)).toMatchObject({ algorithm: 'rsa', bits: 32 });
  });

  test.each(['00', '01', '02', '0080000000', '00ffffffff', '0100000001', `01${'00'.repeat(200)}01`])(
    'may not have the exponent %s',
    (e) => {
      expect(rsa('0080000001', e)).toBeUndefined();
    },
  );

  test('has its size from the first bit of its modulus', () => {
    expect(rsa('7f0001', '03')).toMatchObject({ bits: 23 });
    expect(rsa('00ff0001', '03')).toMatchObject({ bits: 24 });
    expect(rsa('01000001', '03')).toMatchObject({ bits: 25 });
  });
});

test('a key of an algorithm that nobody here knows is none', () => {
  expect(readSpki(sequence(sequence(oid('1.2.840.10040.4.1'), P256), bits(POINT)))).toBeUndefined();
});
