import { beforeAll, describe, expect, it } from 'vitest';
import { PassThrough } from 'node:stream';
import { openSigner } from '../../src/approvals/keys/open-signer.ts';
import { Passphrases } from '../../src/approvals/keys/passphrase.ts';
import type { Signer } from '../../src/approvals/keys/signer.ts';
import { codeOf, messageOf } from '../../src/errors.ts';
import { signerContract } from '../contract/signer.ts';
import { stories } from './real/needs.ts';
import { SoftHsm, type Token, TOKENS } from './real/softhsm.ts';
import { Workspace } from './real/workspace.ts';

/** Keys in PKCS#11 tokens: SoftHSM2, through OpenSC's pkcs11-tool. */
stories('keys in tokens', TOKENS, () => {
  const space = new Workspace();
  const hsm = new SoftHsm(space);
  let token: Token;

  beforeAll(async () => {
    token = await hsm.token('team a', '4711');
    await token.generate('EC:prime256v1', 'root key', '01');
    await token.generate('EC:edwards25519', 'edwards', '02');
    await token.generate('rsa:2048', 'rsa', '03');
    return () => space.close();
  });

  function open(reference: string, pin = '4711'): Promise<Signer> {
    const env = space.env({ ...hsm.env, TOKEN_PIN: pin });
    const passphrases = new Passphrases({ env, keyboard: new PassThrough(), say: () => undefined });
    return openSigner(reference, { env, passphrases });
  }

  describe('P-256, by id', () => {
    signerContract({ keytype: 'ecdsa', open: () => open(token.uri('id=%01')) });
  });

  describe('P-256, by label', () => {
    signerContract({ keytype: 'ecdsa', open: () => open(token.uri('object=root%20key')) });
  });

  describe('Ed25519', () => {
    signerContract({ keytype: 'ed25519', open: () => open(token.uri('object=edwards')), most: 1_024 });
  });

  it('signs alike, named either way', async () => {
    const { keyId } = await open(token.uri('id=%01'));
    expect((await open(token.uri('object=root%20key;id=%01'))).keyId).toBe(keyId);
    expect(await open(token.uri('object=edwards;id=%01')).catch(messageOf)).toContain('object not found');
  });

  it('says what is wrong', async () => {
    const signed = async (uri: string, message: Buffer, pin?: string): Promise<unknown> =>
      (await open(uri, pin)).sign(message);
    const nobody = token.uri('id=%01').replace('team%20a', 'nobody');
    const cases: readonly (readonly [() => Promise<unknown>, string])[] = [
      [() => open(token.uri('id=%09')), 'object not found'],
      [() => open(token.uri('id=%03')), 'its algorithm is rsa'],
      [() => open(nobody), 'No slot with token named "nobody" found'],
      [() => signed(token.uri('id=%01'), Buffer.from('m'), '9999'), 'CKR_PIN_INCORRECT'],
      [() => signed(token.uri('id=%02'), Buffer.alloc(2_000)), 'use a P-256 key'],
    ];
    for (const [work, why] of cases) {
      const error: unknown = await work().catch((thrown: unknown) => thrown);
      expect([codeOf(error), messageOf(error)]).toEqual(['approvals.key', expect.stringContaining(why)]);
    }
  });

  it('makes nothing with a private key that is another one’s', async () => {
    const other = await hsm.token('team b', '1147');
    await other.generate('EC:prime256v1', 'one', '01');
    await other.generate('EC:prime256v1', 'two', '02');
    const signer = await open(other.uri('object=one;id=%01'), '1147');
    await other.mislabel('02', '01');
    expect(await signer.sign(Buffer.from('m')).catch(messageOf)).toContain('does not verify');
  });
});
