import { openSigner } from '../../approvals/keys/open-signer.ts';
import { keyFilesIn } from '../../approvals/keys/key-files.ts';
import type { Made } from '../../approvals/proposal/make-proposal.ts';
import { isComplete, type Signing, signingOf, signProposal } from '../../approvals/proposal/signatures.ts';
import { TufgateError } from '../../errors.ts';
import type { OwnContext } from './own-context.ts';

/** Signs with the keys that are named; or with those in the folder of keys that are still needed. @throws approvals.key · usage */
export async function signWith(
  the: Pick<OwnContext, 'approvals' | 'context'>,
  made: Made,
  references: readonly string[],
  folder: string,
): Promise<Made> {
  const { env, passphrases } = the.approvals;
  let signed = made;
  for (const reference of references.length > 0 ? references : await neededIn(folder, made)) {
    const signer = await openSigner(reference, { env, passphrases });
    const progress = (done: number, of: number): void => {
      if (of > 20) the.context.out.progress(`signing: ${done} of ${of} files`);
    };
    const { proposal } = await signProposal(signed, signer, progress);
    signed = { ...signed, proposal };
  }
  return signed;
}

/** Key files whose public half may sign something that lacks signatures, as few as it takes. */
async function neededIn(folder: string, made: Made): Promise<readonly string[]> {
  const wanted = (await signingOf(made)).filter((each) => !isComplete(each));
  const quorums = wanted.flatMap((each) => each.quorums);
  const left = new Map(quorums.map((quorum) => [quorum, quorum.threshold - quorum.signed.length]));
  const found: string[] = [];
  for (const { file, keyId } of keyFilesIn(folder)) {
    const mine = [...left].filter(
      ([{ keyIds, signed }, count]) => count > 0 && keyIds.includes(keyId) && !signed.includes(keyId),
    );
    if (mine.length === 0) continue;
    for (const [quorum, count] of mine) left.set(quorum, count - 1);
    found.push(file);
  }
  if (found.length > 0 || wanted.length === 0) return found;
  throw new TufgateError(
    'approvals.key',
    `no key in ${folder} may sign this: name one with --key, or hand it on with --propose FILE`,
  );
}

/** Who still has to sign, one line a quorum. */
export function lackingLines(signing: readonly Signing[]): readonly string[] {
  const lines = new Map<string, string>();
  for (const { quorums } of signing)
    for (const { whose, signed, threshold, keyIds } of quorums) {
      if (signed.length >= threshold) continue;
      const others = keyIds.filter((id) => !signed.includes(id));
      lines.set(
        whose,
        `${whose}: ${signed.length} of ${threshold} have signed; missing are ${threshold - signed.length} of ${others.join(', ')}`,
      );
    }
  return [...lines.values()];
}
