import { type Env, envForOthers } from './env.ts';
import { readPublicKey } from './public-key.ts';
import { runProgram } from './run-program.ts';
import { checkedSigner, type Signer } from './signer.ts';

/**
 * A signer that is another program, so that any KMS can be used without its SDK in here:
 *
 * - `COMMAND public` prints the public key, PEM SubjectPublicKeyInfo;
 * - `COMMAND sign` reads the message on stdin, to its end, and prints the raw signature: Ed25519 64 bytes, ECDSA on P-256
 *   DER over the SHA-256 of the message (the program hashes).
 *
 * It has a minute for each, prints nothing else on stdout, and ends with 0; otherwise the first line of its stderr is said.
 * @throws approvals.key
 */
export async function openProgramSigner(
  { program, args }: { readonly program: string; readonly args: readonly string[] },
  world: Env,
): Promise<Signer> {
  const env = envForOthers(world);
  const run = (verb: string, input: Uint8Array): Promise<Buffer> =>
    runProgram({ program, args: [...args, verb], env, input });
  const pem = await run('public', new Uint8Array());
  const publicKey = readPublicKey(`what ${program} public prints`, pem.toString('latin1'));
  return checkedSigner(program, publicKey, (message) => run('sign', message));
}
