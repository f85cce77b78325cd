import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import * as ed25519 from '@noble/ed25519';
import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto.ts';
import type { Crypto } from '../crypto-port.ts';
import { edwardsKey, spkiKey } from './raw-key.ts';

const der = (key: KeyObject): Uint8Array => key.export({ type: 'spki', format: 'der' });
const curve = (namedCurve: string): Uint8Array => der(generateKeyPairSync('ec', { namedCurve }).publicKey);
const raw = (): Uint8Array =>
  Buffer.from(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');

describe('an Ed25519 key', () => {
  test('is 32 bytes, and its own identity', () => {
    const bytes = raw();
    expect(edwardsKey(bytes)).toEqual({
      algorithm: 'ed25519',
      bytes,
      identity: `ed25519:${Buffer.from(bytes).toString('hex')}`,
    });
    expect(edwardsKey(bytes.subarray(1))).toBeUndefined();
    expect(edwardsKey(Buffer.concat([bytes, Buffer.alloc(1)]))).toBeUndefined();
  });

  test('is a point of the curve, in its one form, and not of small order', () => {
    expect(edwardsKey(new Uint8Array(32).fill(0xff))).toBeUndefined();
    expect(edwardsKey(ed25519.Point.ZERO.toBytes())).toBeUndefined();
    expect(edwardsKey(new Uint8Array(32))).toBeUndefined();
    const offCurve = Uint8Array.of(2, ...new Uint8Array(31));
    expect(edwardsKey(offCurve)).toBeUndefined();
  });
});

describe('a key in SubjectPublicKeyInfo', () => {
  const p256 = curve('P-256');

  test('is of the algorithm that was asked for', () => {
    expect(spkiKey('ecdsa', p256, nodeCrypto)).toEqual({
      algorithm: 'ecdsa',
      bytes: p256,
      identity: nodeCrypto.readKey(p256)?.identity,
    });
    expect(spkiKey('rsa', p256, nodeCrypto)).toBeUndefined();
    expect(spkiKey('ecdsa', new Uint8Array(), nodeCrypto)).toBeUndefined();
  });

  test('is on the one curve, when that was asked for', () => {
    expect(spkiKey('ecdsa', p256, nodeCrypto, 256)).toBeDefined();
    expect(spkiKey('ecdsa', p256, nodeCrypto, 384)).toBeUndefined();
    expect(spkiKey('ecdsa', curve('P-384'), nodeCrypto)).toBeDefined();
  });

  test.each([
    [2_047, false],
    [2_048, true],
    [8_192, true],
    [8_193, false],
  ])('of RSA with %i bits: %s', (bits, expected) => {
    const crypto: Crypto = { ...nodeCrypto, readKey: () => ({ algorithm: 'rsa', bits, identity: 'rsa:x' }) };
    expect(spkiKey('rsa', new Uint8Array(), crypto) !== undefined).toBe(expected);
  });
});
