import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { oid, sequence, tlv } from '../../test/der.ts';
import { readCertificate } from './certificate.ts';
import type { Certificate } from './tuf/crypto-port.ts';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const VERSION_3 = tlv(0xa0, tlv(0x02, Buffer.of(2)));
const TRUE = tlv(0x01, Buffer.of(0xff));
const FALSE = tlv(0x01, Buffer.of(0));
const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const SUBJECT_ALT_NAME = '2.5.29.17';
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';

interface Parts {
  readonly version?: Buffer;
  readonly issuer?: Buffer;
  readonly subject?: Buffer;
  readonly times?: readonly [Buffer, Buffer];
  readonly spki?: Buffer;
  /** What follows the key: unique ids, and extensions as `extensions` makes them. */
  readonly optional?: readonly Buffer[];
  readonly algorithm?: Buffer;
  readonly signer?: KeyObject;
}

const utc = (text: string): Buffer => tlv(0x17, Buffer.from(text, 'latin1'));
const long = (text: string): Buffer => tlv(0x18, Buffer.from(text, 'latin1'));
const attribute = (type: string, value: Buffer): Buffer => tlv(0x31, sequence(oid(type), value));
const commonName = (text: string): Buffer => attribute('2.5.4.3', tlv(0x0c, Buffer.from(text)));
const extension = (name: string, ...rest: readonly Buffer[]): Buffer =>
  sequence(oid(name), ...rest.slice(0, -1), tlv(0x04, rest.at(-1) ?? Buffer.of()));
const extensions = (...list: readonly Buffer[]): Buffer => tlv(0xa3, sequence(...list));

function certificate(parts: Parts = {}): Certificate {
  const algorithm = parts.algorithm ?? ECDSA_SHA256;
  const tbs = sequence(
    parts.version ?? VERSION_3,
    tlv(0x02, Buffer.of(1)),
    algorithm,
    parts.issuer ?? sequence(commonName('ca')),
    sequence(...(parts.times ?? [utc('260101000000Z'), utc('270101000000Z')])),
    parts.subject ?? sequence(commonName('leaf')),
    parts.spki ?? publicKey.export({ type: 'spki', format: 'der' }),
    ...(parts.optional ?? []),
  );
  const signature = sign('sha256', tbs, parts.signer ?? privateKey);
  return readCertificate(sequence(tbs, algorithm, tlv(0x03, Buffer.of(0), signature)));
}

const withExtensions = (...list: readonly Buffer[]): Certificate => certificate({ optional: [extensions(...list)] });

describe('the times of a certificate', () => {
  test.each([
    [utc('491231235958Z'), '2049-12-31T23:59:58.000Z'],
    [utc('500102030405Z'), '1950-01-02T03:04:05.000Z'],
    [utc('260228101112Z'), '2026-02-28T10:11:12.000Z'],
    [long('20600228101112Z'), '2060-02-28T10:11:12.000Z'],
    [long('00500228101112Z'), '0050-02-28T10:11:12.000Z'],
  ])('%# are read in both forms, UTCTime with the years 1950 to 2049', (time, expected) => {
    const { notBefore, notAfter } = certificate({ times: [time, long('99991231235959Z')] });
    expect(new Date(notBefore).toISOString()).toBe(expected);
    expect(new Date(notAfter).toISOString()).toBe('9999-12-31T23:59:59.000Z');
  });

  test.each([
    utc('2601010000Z'),
    utc('260101000000+0000'),
    utc('20260101000000Z'),
    utc('260101000000Z0'),
    utc('26010100000 Z'),
    long('260101000000Z'),
    long('120260101000000Z'),
    long('20260101000000Z0'),
    long('20260101000000.5Z'),
  ])('%# in any other form make it none', (time) => {
    expect(() => certificate({ times: [time, long('99991231235959Z')] })).toThrow();
    expect(() => certificate({ times: [utc('260101000000Z'), time] })).toThrow();
  });
});

describe('the signature algorithm of a certificate', () => {
  const weak = (algorithm: Buffer): boolean => certificate({ algorithm }).weakSignature;
  const hashOf = (name: string): Buffer => tlv(0xa0, sequence(oid(name)));
  const pss = (...parameters: readonly Buffer[]): Buffer => sequence(oid('1.2.840.113549.1.1.10'), ...parameters);
  const salt = tlv(0xa2, tlv(0x02, Buffer.of(32)));

  test.each([
    ['MD2 with RSA', '1.2.840.113549.1.1.2'],
    ['MD4 with RSA', '1.2.840.113549.1.1.3'],
    ['MD5 with RSA', '1.2.840.113549.1.1.4'],
    ['SHA-1 with RSA', '1.2.840.113549.1.1.5'],
    ['SHA-1 with RSA, as OIW names it', '1.3.14.3.2.29'],
    ['SHA with RSA, as OIW names it', '1.3.14.3.2.15'],
    ['SHA-1 with DSA', '1.2.840.10040.4.3'],
    ['SHA-1 with DSA, as OIW names it', '1.3.14.3.2.27'],
    ['SHA-1 with ECDSA', '1.2.840.10045.4.1'],
  ])('is weak: %s', (_, name) => {
    expect(weak(sequence(oid(name)))).toBe(true);
  });

  test.each(['1.2.840.113549.1.1.11', '1.2.840.10045.4.3.2', '1.3.101.112'])('is not weak: %s', (name) => {
    expect(weak(sequence(oid(name)))).toBe(false);
  });

  test.each(['2.16.840.1.101.3.4.2.1', '2.16.840.1.101.3.4.2.2', '2.16.840.1.101.3.4.2.3'])(
    'is not weak: RSA-PSS that names SHA-2 as %s',
    (name) => {
      expect(weak(pss(sequence(hashOf(name), salt)))).toBe(false);
    },
  );

  test('is weak: RSA-PSS that names SHA-1, or names nothing and so means it', () => {
    expect(weak(pss(sequence(hashOf('1.3.14.3.2.26'), salt)))).toBe(true);
    expect(weak(pss(sequence(salt)))).toBe(true);
    expect(weak(pss(sequence(tlv(0xa0))))).toBe(true);
    expect(weak(pss(sequence()))).toBe(true);
    expect(weak(pss())).toBe(true);
  });
});

describe('the extensions of a certificate', () => {
  const EMPTY = sequence();

  test('may be absent: it is no CA, and nothing restricts its key', () => {
    const first = certificate({ version: Buffer.of() });
    expect(first).toMatchObject({ isCa: false, mayCertify: true, unknownCritical: false });
    expect(first).not.toHaveProperty('pathLength');
    expect(first).not.toHaveProperty('extendedKeyUsages');
  });

  test('stand behind unique ids', () => {
    const uniqueIds = [tlv(0x81, Buffer.of(0, 1)), tlv(0x82, Buffer.of(0, 1))];
    const ca = certificate({ optional: [...uniqueIds, extensions(extension(BASIC_CONSTRAINTS, sequence(TRUE)))] });
    expect(ca.isCa).toBe(true);
  });

  test('make a CA of it only when they say so', () => {
    const constrained = (...parts: readonly Buffer[]): Certificate =>
      withExtensions(extension(BASIC_CONSTRAINTS, TRUE, sequence(...parts)));
    expect(constrained(TRUE)).toMatchObject({ isCa: true });
    expect(constrained(TRUE)).not.toHaveProperty('pathLength');
    expect(constrained(FALSE).isCa).toBe(false);
    expect(constrained().isCa).toBe(false);
    expect(constrained(TRUE, tlv(0x02, Buffer.of(1, 3)))).toMatchObject({ isCa: true, pathLength: 259 });
  });

  test('let it certify by bit 5 of the key usage', () => {
    const used = (...bits: readonly number[]): Certificate =>
      withExtensions(extension(KEY_USAGE, TRUE, tlv(0x03, Buffer.from(bits))));
    expect(used(2, 0x04).mayCertify).toBe(true);
    expect(used(1, 0xfb).mayCertify).toBe(false);
    expect(used(0).mayCertify).toBe(false);
  });

  test('list what the key is for', () => {
    const usages = sequence(oid(CODE_SIGNING), oid('1.3.6.1.5.5.7.3.1'));
    expect(withExtensions(extension(EXTENDED_KEY_USAGE, usages)).extendedKeyUsages).toEqual([
      CODE_SIGNING,
      '1.3.6.1.5.5.7.3.1',
    ]);
  });

  test.each([
    [BASIC_CONSTRAINTS, sequence(TRUE)],
    [KEY_USAGE, tlv(0x03, Buffer.of(2, 0x04))],
    [EXTENDED_KEY_USAGE, sequence(oid(CODE_SIGNING))],
    [SUBJECT_ALT_NAME, EMPTY],
  ])('are known when critical: %s', (name, value) => {
    expect(withExtensions(extension(name, TRUE, value)).unknownCritical).toBe(false);
  });

  test('are counted when they are critical and nobody here knows them', () => {
    const known = extension(SUBJECT_ALT_NAME, TRUE, EMPTY);
    expect(withExtensions(known, extension('1.3.6.1.4.1.99999.1', TRUE, EMPTY)).unknownCritical).toBe(true);
    expect(withExtensions(known, extension('1.3.6.1.4.1.99999.1', FALSE, EMPTY)).unknownCritical).toBe(false);
    expect(withExtensions(known, extension('1.3.6.1.4.1.99999.1', EMPTY)).unknownCritical).toBe(false);
  });

  test('stand once: the second would hide the first', () => {
    const once = extension(BASIC_CONSTRAINTS, sequence(TRUE));
    expect(() => withExtensions(once, extension(BASIC_CONSTRAINTS, EMPTY))).toThrow();
  });
});

describe('the common names of a certificate', () => {
  const named = (...attributes: readonly Buffer[]): readonly string[] =>
    certificate({ subject: sequence(...attributes) }).commonNames;

  test('are the attributes of that type, in order', () => {
    expect(named(attribute('2.5.4.10', tlv(0x0c, Buffer.from('org'))), commonName('a'), commonName('b'))).toEqual([
      'a',
      'b',
    ]);
    expect(named()).toEqual([]);
  });

  test('are read as UTF-8, PrintableString and IA5String; any other matches no name', () => {
    for (const tag of [0x0c, 0x13, 0x16])
      expect(named(attribute('2.5.4.3', tlv(tag, Buffer.from('a/b'))))).toEqual(['a/b']);
    expect(named(attribute('2.5.4.3', tlv(0x1e, Buffer.from('\0a\0b'))))).toEqual(['']);
    expect(named(attribute('2.5.4.3', tlv(0x14, Buffer.from('a'))))).toEqual(['']);
  });

  test('are not repaired: no other bytes become the same name', () => {
    expect(named(commonName('\ufeffa'))).toEqual(['\ufeffa']);
    expect(() => named(attribute('2.5.4.3', tlv(0x0c, Buffer.of(0x61, 0xff))))).toThrow();
  });
});

describe('who issued a certificate', () => {
  const ca = certificate({ subject: sequence(commonName('ca')) });
  const leaf = certificate();

  test('is who has the name of its issuer and the key that signed it', () => {
    expect(leaf.issuedBy(ca)).toBe(true);
    expect(certificate({ signer: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }).issuedBy(ca)).toBe(
      false,
    );
    expect(certificate({ issuer: sequence(commonName('other')) }).issuedBy(ca)).toBe(false);
  });

  test('is nobody whose key cannot be read', () => {
    const spki = Buffer.from(publicKey.export({ type: 'spki', format: 'der' }));
    spki[26] = 0x05;
    expect(leaf.issuedBy(certificate({ subject: sequence(commonName('ca')), spki }))).toBe(false);
  });

  test('is no certificate that was not read here', () => {
    expect(leaf.issuedBy({ ...ca })).toBe(false);
  });
});
