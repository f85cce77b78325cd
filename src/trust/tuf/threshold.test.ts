import { describe, expect, test } from 'vitest';
import type { Crypto } from './crypto-port.ts';
import type { Key, Signature, Signed, Timestamp } from './model.ts';
import { shortOfThreshold, signedBy } from './threshold.ts';

const MESSAGE = Buffer.from('message');
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** A signature is good when it reads `method by key`; every key is its own public key. */
const crypto: Crypto = {
  verify: (key, method, message, signature) => message === MESSAGE && text(signature) === `${method} by ${text(key)}`,
  readKey: () => undefined,
  readCertificates: () => undefined,
};

const key = (keyId: string, name: string): Key => ({
  keyId,
  material: { algorithm: 'ecdsa', bytes: Buffer.from(name), identity: name },
});
const by = (keyId: string, name: string): Signature => ({
  keyId,
  method: 'ecdsa',
  bytes: Buffer.from(`ecdsa by ${name}`),
});

function file(...signatures: readonly Signature[]): Signed<Timestamp> {
  return {
    model: { type: 'timestamp', version: 1, expires: 0, snapshot: { hashes: {} } },
    signatures,
    message: MESSAGE,
  };
}

describe('who signed', () => {
  const keys = [key('1', 'anna'), key('2', 'bert'), key('3', 'anna'), { keyId: '4' }];
  const who = (...signatures: readonly Signature[]) => signedBy(crypto, keys, file(...signatures));

  test('are the keys whose signatures verify, in the order of the signatures', () => {
    expect(who(by('2', 'bert'), by('1', 'anna'))).toEqual({ signers: ['2', '1'], signerKeys: ['bert', 'anna'] });
    expect(who()).toEqual({ signers: [], signerKeys: [] });
  });

  test('are passed over when they are unknown, have no usable key, or did not sign this', () => {
    expect(who(by('9', 'anna'), by('4', 'anna'), by('2', 'anna'), by('1', 'anna'))).toEqual({
      signers: ['1'],
      signerKeys: ['anna'],
    });
  });

  test('count once by key id, and once by public key', () => {
    expect(who(by('1', 'anna'), by('1', 'anna'))).toEqual({ signers: ['1'], signerKeys: ['anna'] });
    expect(who(by('1', 'anna'), by('3', 'anna'))).toEqual({ signers: ['1', '3'], signerKeys: ['anna'] });
  });

  test('count by a second signature when the first was bad', () => {
    expect(who(by('1', 'bert'), by('1', 'anna')).signers).toEqual(['1']);
  });

  test('verify each key id once: a file full of signatures costs no more than its keys', () => {
    let verified = 0;
    const counting = {
      ...crypto,
      verify: (...of: Parameters<Crypto['verify']>) => ((verified += 1), crypto.verify(...of)),
    };
    signedBy(counting, keys, file(by('1', 'anna'), by('1', 'anna'), by('1', 'anna')));
    expect(verified).toBe(1);
    signedBy(counting, keys, file(by('1', 'anna'), by('1', 'anna'), by('1', 'anna')), () => false);
    expect(verified).toBe(2);
  });

  test('may be judged further: each once, after its signature, and nobody who did not sign', () => {
    const asked: string[] = [];
    const notAnna = ({ keyId }: Key): boolean => (asked.push(keyId), keyId !== '1');
    const signatures = [by('3', 'bert'), by('1', 'anna'), by('1', 'anna'), by('2', 'bert'), by('9', 'bert')];
    expect(signedBy(crypto, keys, file(...signatures), notAnna)).toEqual({ signers: ['2'], signerKeys: ['bert'] });
    expect(asked).toEqual(['1', '2']);
  });
});

describe('a threshold', () => {
  const short = (signerKeys: readonly string[], threshold: number) =>
    shortOfThreshold('root of app', { signers: ['1', '2', '3'], signerKeys }, threshold);

  test('is met by as many distinct public keys', () => {
    expect(short(['anna', 'bert'], 2)).toBeUndefined();
    expect(short(['anna', 'bert'], 1)).toBeUndefined();
  });

  test('is missed by fewer, whatever the number of key ids', () => {
    expect(short(['anna'], 2)).toMatchObject({ code: 'trust.threshold', detail: { count: 1, threshold: 2 } });
    expect(short(['anna'], 2)?.message).toBe('root of app is signed by 1 of the 2 distinct keys that it needs');
    expect(short([], 2)).toMatchObject({
      code: 'trust.signature',
      message: 'root of app carries no valid signature of a key that may sign it',
    });
  });
});
