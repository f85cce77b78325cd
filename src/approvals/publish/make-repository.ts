import { join } from 'node:path';
import type { Env } from '../keys/env.ts';
import { openSigner } from '../keys/open-signer.ts';
import type { Passphrases } from '../keys/passphrase.ts';
import type { PublicKey } from '../keys/public-key.ts';
import type { KeyQuorum } from '../edit/change.ts';
import { signProposal } from '../proposal/signatures.ts';
import { FIRST_KEY_FILES, firstKeys } from './first-keys.ts';
import type { OwnRepository } from './own-repository.ts';

/**
 * A repository of approvals with one signer, whose keys are made beside it. More signers, and keys on tokens, come later: every key
 * can be replaced.
 * @throws usage: nobody can be asked for a passphrase · approvals.key
 */
export async function makeRepository(
  own: OwnRepository,
  { env, passphrases }: { readonly env: Env; readonly passphrases: Passphrases },
): Promise<void> {
  const { keys } = own.source.publish;
  const { root, signer, online } = await firstKeys(keys, passphrases);
  const [top, people, gate] = [alone(root), alone(signer), alone(online)];
  let made = await own.propose([
    { kind: 'create', root: top, targets: people, bulk: people, snapshot: gate, timestamp: gate },
  ]);
  for (const name of [FIRST_KEY_FILES.root, FIRST_KEY_FILES.signer]) {
    const { proposal } = await signProposal(made, await openSigner(join(keys, name), { env, passphrases }));
    made = { ...made, proposal };
  }
  await own.publish(made);
}

function alone({ entry }: PublicKey): KeyQuorum {
  return { keys: [entry], threshold: 1 };
}
