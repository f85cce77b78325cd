/** A program that asks as the commands do: `confirm`, then the passphrase of the key file it is given. */
import { register } from 'node:module';

register('./load-typescript.js', import.meta.url);
const { confirm } = await import('../../src/cli/ask.ts');
const { createOutput } = await import('../../src/cli/output.ts');
const { createKeyFile } = await import('../../src/approvals/keys/key-file.ts');
const { openSigner } = await import('../../src/approvals/keys/open-signer.ts');
const { Passphrases } = await import('../../src/approvals/keys/passphrase.ts');

const [verb, file] = process.argv.slice(2);
const out = createOutput(false);
const { env, stdin } = process;
const passphrases = new Passphrases({ env, keyboard: stdin, say: (line) => out.message(line) });

try {
  await confirm({ out, stdin }, {}, `${verb} ${file}?`);
  if (verb === 'create') await createKeyFile(file, 'ed25519', await passphrases.create(file));
  const signer = await openSigner(file, { env, passphrases });
  await signer.sign(Buffer.from('message'));
  out.fact(`key ${signer.keyId}`);
} catch (error) {
  out.failed(error);
  process.exitCode = 1;
}
