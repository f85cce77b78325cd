import { describe, expect, test } from 'vitest';
import { plainKey } from '../../simulator/notary-key.ts';
import type { Crypto } from './crypto-port.ts';
import type { KeyMaterial } from './model.ts';
import { verifies } from './signature.ts';

const MESSAGE = Buffer.from('message');

/** A signature is good when it reads `method by key`. */
const crypto: Crypto = {
  verify: (key, method, message, signature) =>
    message === MESSAGE && String(Buffer.from(signature)) === `${method} by ${String(Buffer.from(key))}`,
  readKey: () => undefined,
  readCertificates: () => undefined,
};

const ANNA: KeyMaterial = { algorithm: 'ecdsa', bytes: Buffer.from('anna'), identity: 'anna' };

describe('a signature is bound to the type of its key', () => {
  const good = (over: Partial<KeyMaterial>, method: string, signed = method): boolean => {
    const bytes = Buffer.from(`${signed} by anna`);
    return verifies(crypto, { ...ANNA, ...over }, { keyId: '1', method, bytes }, MESSAGE);
  };

  test.each(['ecdsa', 'rsapss', 'rsapkcs1v15', 'eddsa', ''])('in Notary: %s', (method) => {
    expect(good({ algorithm: 'ecdsa' }, method)).toBe(method === 'ecdsa');
    expect(good({ algorithm: 'rsa' }, method)).toBe(method.startsWith('rsa'));
    expect(good({ algorithm: 'ed25519' }, method)).toBe(false);
  });

  test('in Notary: no method at all is none, also to a verifier that would take it', () => {
    expect(good({ algorithm: 'rsa' }, 'none', 'undefined')).toBe(false);
  });

  test('in TUF 1.0: the scheme of the key, whatever the file says', () => {
    const scheme = 'rsassa-pss-sha256';
    expect(good({ algorithm: 'rsa', scheme }, '', scheme)).toBe(true);
    expect(good({ algorithm: 'rsa', scheme }, 'rsapss')).toBe(false);
    expect(good({ algorithm: 'rsa', scheme: 'eddsa' }, '', 'eddsa')).toBe(false);
  });

  test('and no method of a later format verifies in Notary', () => {
    expect(good({ algorithm: 'rsa' }, 'rsassa-pss-sha256')).toBe(false);
    expect(good({ algorithm: 'ecdsa' }, 'ecdsa-sha2-nistp256')).toBe(false);
  });
});

describe('Ed25519', () => {
  const key = plainKey('ed25519');
  const bytes = key.pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const good = key.sign(MESSAGE);
  const verified = (signature: Uint8Array, over: Partial<KeyMaterial> = {}, method = 'eddsa'): boolean =>
    verifies(
      crypto,
      { algorithm: 'ed25519', bytes, identity: 'anna', ...over },
      { keyId: '1', method, bytes: signature },
      MESSAGE,
    );

  test('is verified here, in both formats', () => {
    expect(verified(good)).toBe(true);
    expect(verified(good, { scheme: 'eddsa' }, '')).toBe(true);
    expect(verified(good, {}, 'ecdsa')).toBe(false);
    expect(verified(good, { algorithm: 'ecdsa', scheme: 'eddsa' })).toBe(false);
  });

  test('has 64 bytes, and those of this message', () => {
    for (const bad of [good.subarray(1), Buffer.concat([good, Buffer.alloc(1)]), new Uint8Array(), new Uint8Array(64)])
      expect(verified(bad)).toBe(false);
    expect(verified(key.sign(Buffer.from('other')))).toBe(false);
  });

  test('never throws for a key that is no point', () => {
    expect(verified(good, { bytes: Buffer.alloc(32, 0xff) })).toBe(false);
    expect(verified(good, { bytes: Buffer.alloc(31) })).toBe(false);
  });
});
