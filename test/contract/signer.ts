import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { isSignatureOf, type Signer } from '../../src/approvals/keys/signer.ts';
import { canonicalOf } from '../../src/simulator/tuf-document.ts';
import { nodeCrypto } from '../../src/trust/crypto.ts';
import { readTufKey } from '../../src/trust/tuf/format/tuf-key.ts';
import { canonicalJson } from '../../src/json/canonical.ts';
import { readJson } from '../../src/json/read.ts';

export interface SignerUnderTest {
  readonly keytype: 'ed25519' | 'ecdsa';
  readonly open: () => Promise<Signer>;
  /** Bytes that it can sign; 100,000, as a large role's file, when absent. */
  readonly most?: number;
}

/** What each kind of signer must do, wherever its private half is. */
export function signerContract({ keytype, open, most = 100_000 }: SignerUnderTest): void {
  test('its entry is one that our own reader takes, under the id of its canonical JSON', async () => {
    const { entry, keyId } = await open();
    expect(entry.keytype).toBe(keytype);
    const text = JSON.stringify(entry);
    expect(keyId).toBe(createHash('sha256').update(canonicalOf(text)).digest('hex'));
    const limits = { depth: 4, values: 10, integersOnly: true };
    const read = readTufKey('it', keyId, readJson(Buffer.from(text), limits), nodeCrypto);
    expect(read.material?.algorithm).toBe(keytype);
    expect(canonicalJson(readJson(Buffer.from(text), limits))).toEqual(canonicalOf(text));
  });

  test('the key is the same one whenever it is opened', async () => {
    const [one, other] = [await open(), await open()];
    expect(other.keyId).toBe(one.keyId);
    expect(isSignatureOf(one.entry, Buffer.from('m'), await other.sign(Buffer.from('m')))).toBe(true);
  });

  test('what it signs verifies as a gate verifies it, and for this message alone', async () => {
    const signer = await open();
    for (const message of [Buffer.from('{}'), Buffer.alloc(most, 'x')]) {
      const signature = await signer.sign(message);
      if (keytype === 'ed25519') expect(signature).toHaveLength(64);
      expect(isSignatureOf(signer.entry, message, signature)).toBe(true);
      expect(isSignatureOf(signer.entry, Buffer.concat([message, Buffer.of(0)]), signature)).toBe(false);
    }
  });
}
