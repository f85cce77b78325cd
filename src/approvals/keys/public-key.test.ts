import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { code, message } from '../../../test/thrown.ts';
import { TufJsClient } from '../../../test/tuf-js.ts';
import type { TufKey } from '../../simulator/tuf-key.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { signerOf } from './private-key.ts';
import { publicKeyOf, publicPem, readPublicKey, readPublicKeyDer } from './public-key.ts';
import type { Signer } from './signer.ts';

/** Made by securesystemslib 1.4.0, which computes the ids for python-tuf. */
const PYTHON = [
  {
    keyId: '5ab851bcb38188662021bab5ac9c99e9bac46160118bef9382c205494ed1e133',
    pem: '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESgMYI4K/cdWqZc0RZkWuFxEvlXSM\ntR/e7KKs16k9SlNui2fi+F5F1j9EBd46h4NIXLEwXY4GyxnMXEohwMwIoQ==\n-----END PUBLIC KEY-----\n',
  },
  {
    keyId: '5e07a9bf46081960e0abb4ad94178d72fd1f8640488f70051314a753faefca27',
    pem: edwardsPem('c4b1a60c77726bda113ae93d2cd69e9f8b0c7b309eb2a05c77969b1ecda24004'),
  },
];

test('ids are those that python-tuf gives', () => {
  for (const { keyId, pem } of PYTHON) expect(readPublicKey('k.pub', pem).keyId).toBe(keyId);
});

test('a key goes out as the PEM that came in', () => {
  for (const { pem } of PYTHON) expect(publicPem(readPublicKey('k.pub', pem))).toBe(pem);
});

test('a compressed point is the same key', () => {
  const whole = createPublicKey(PYTHON[0]!.pem).export({ type: 'spki', format: 'der' });
  const point = whole.subarray(-64);
  const before = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex');
  const short = Buffer.concat([before, Buffer.of(2 + (point[63]! & 1)), point.subarray(0, 32)]);
  expect(readPublicKeyDer('token', short).keyId).toBe(PYTHON[0]!.keyId);
});

test.each([
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey, 'rsa'],
  ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey, 'ec on secp384r1'],
  ['secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey, 'ec on secp256k1'],
  ['X25519', generateKeyPairSync('x25519').publicKey, 'x25519'],
  ['Ed448', generateKeyPairSync('ed448').publicKey, 'ed448'],
])('%s is refused, with what it is', (_, key: KeyObject, found) => {
  expect(code(() => publicKeyOf('k.pub', key))).toBe('approvals.key');
  expect(message(() => publicKeyOf('k.pub', key))).toContain(`its algorithm is ${found}: only Ed25519`);
});

test('a point of small order, which signs everything, is refused', () => {
  for (const y of ['01'.padEnd(64, '0'), '00'.repeat(32), 'ecff'.padEnd(62, 'f') + '7f'])
    expect(message(() => readPublicKey('k.pub', edwardsPem(y)))).toContain('small order');
});

test('what is no point of the curve is refused', () => {
  expect(code(() => readPublicKey('k.pub', edwardsPem('02'.padEnd(64, '0'))))).toBe('approvals.key');
});

test('nothing but one PEM public key is read', () => {
  const { pem } = PYTHON[0]!;
  const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  for (const text of ['', key, `# mine\n${pem}`, pem + pem, pem.repeat(60), pem.replace('MFkw', 'MFkx')])
    expect(code(() => readPublicKey('k.pub', text))).toBe('approvals.key');
  expect(readPublicKey('k.pub', `\n${pem.replaceAll('\n', '\r\n')}\n`).keyId).toBe(PYTHON[0]!.keyId);
});

test('tuf-js takes our keys and our signatures', async () => {
  const now = Date.UTC(2026, 10, 27);
  vi.useFakeTimers({ now, toFake: ['Date'] });
  const signers = [
    signerOf('a', generateKeyPairSync('ed25519').privateKey),
    signerOf('b', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
  ];
  const repository = await signed(signers, (keys) =>
    new TufRepository(now, { name: 'ours' })
      .delegate('reg/app', { keys: [...keys], threshold: 2 })
      .put('reg/app:1', { digest: `sha256:${'ab'.repeat(32)}`, length: 7 }, 'reg/app')
      .publish(),
  );
  const client = new TufJsClient(repository.at('root', 1));
  expect(await client.resolve(repository.files, 'reg/app:1')).toEqual([
    { kind: 'found', sha256: 'ab'.repeat(32), length: 7 },
  ]);
  client.dispose();
  vi.useRealTimers();
});

/** The simulator signs at once, signers take their time: it is run once to hear what is to be signed, and again. */
async function signed(
  signers: readonly Signer[],
  make: (keys: readonly TufKey[]) => TufRepository,
): Promise<TufRepository> {
  const asked: { signer: Signer; bytes: Uint8Array }[] = [];
  const keysOf = (sign: (signer: Signer, bytes: Uint8Array) => Uint8Array): readonly TufKey[] =>
    signers.map((signer) => ({
      keyId: signer.keyId,
      entry: { ...signer.entry },
      sign: (bytes) => sign(signer, bytes),
    }));
  make(keysOf((signer, bytes) => (asked.push({ signer, bytes }), new Uint8Array())));
  const name = (signer: Signer, bytes: Uint8Array): string => signer.keyId + Buffer.from(bytes).toString();
  const made = new Map<string, Uint8Array>();
  for (const { signer, bytes } of asked) made.set(name(signer, bytes), await signer.sign(bytes));
  return make(keysOf((signer, bytes) => made.get(name(signer, bytes))!));
}

function edwardsPem(hex: string): string {
  const der = Buffer.from(`302a300506032b6570032100${hex}`, 'hex');
  return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`;
}
