import { TufgateError } from '../../errors.ts';
import { nodeCrypto } from '../../trust/crypto.ts';
import { readTufKey } from '../../trust/tuf/format/tuf-key.ts';
import { verifies } from '../../trust/tuf/signature.ts';
import type { KeyEntry } from '../document/documents.ts';
import { keyJson, type WrittenSignature } from '../document/write-document.ts';
import type { Made } from './make-proposal.ts';
import type { Part, Proposal } from './proposal.ts';
import { type Needed, quorumsOf } from './quorums.ts';

/** What signs: a key that somebody holds. */
export interface Signs {
  readonly keyId: string;
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/**
 * Adds the signatures of one key to all files that it may sign.
 * @param progress told after each @returns the proposal with them, and how many were added
 * @throws approvals.key: it may sign none of them, or cannot
 */
export async function signProposal(
  { proposal, draft, documents }: Made,
  signer: Signs,
  progress: (done: number, of: number) => void = () => undefined,
): Promise<{ readonly proposal: Proposal; readonly added: number }> {
  const mine: string[] = [];
  for (const { role } of proposal.parts) if (await maySign(draft, role, signer.keyId)) mine.push(role);
  if (mine.length === 0) {
    const why = `the key ${signer.keyId} may sign none of the files of this proposal`;
    throw new TufgateError('approvals.key', `${why}: see who has to with tufgate approvals show`);
  }
  let added = 0;
  const parts: Part[] = [];
  for (const part of proposal.parts) {
    const made = documents.get(part.role);
    if (made === undefined || !mine.includes(part.role) || (await hasSigned(draft, part, made.message, signer.keyId))) {
      parts.push(part);
      continue;
    }
    const signature = { keyId: signer.keyId, bytes: await signer.sign(made.message) };
    // In place of what somebody else wrote under this key: it would keep its holder from signing.
    const others = part.signatures.filter(({ keyId }) => keyId !== signer.keyId);
    parts.push({ ...part, signatures: [...others, signature] });
    progress(++added, mine.length);
  }
  return { proposal: { ...proposal, parts }, added };
}

async function hasSigned(draft: Made['draft'], part: Part, message: Uint8Array, keyId: string): Promise<boolean> {
  const quorums = await quorumsOf(draft, part.role);
  return quorums.some((needed) => signedFor(needed, part.signatures, message).includes(keyId));
}

async function maySign(draft: Made['draft'], role: string, keyId: string): Promise<boolean> {
  return (await quorumsOf(draft, role)).some(({ keyIds }) => keyIds.includes(keyId));
}

/** How far the signing of one file has come, for each quorum that it needs. */
export interface Signing {
  readonly role: string;
  readonly quorums: readonly (Needed & { readonly signed: readonly string[] })[];
}

/** Signatures that do not verify do not count. */
export async function signingOf({ proposal, draft, documents }: Made): Promise<readonly Signing[]> {
  const found: Signing[] = [];
  for (const { role, signatures } of proposal.parts) {
    const message = documents.get(role)?.message ?? new Uint8Array();
    const quorums = (await quorumsOf(draft, role)).map((needed) => ({
      ...needed,
      signed: signedFor(needed, signatures, message),
    }));
    found.push({ role, quorums });
  }
  return found;
}

export function isComplete({ quorums }: Signing): boolean {
  return quorums.every(({ signed, threshold }) => signed.length >= threshold);
}

/** Each key once, however often its signature stands there. */
function signedFor(
  { keys, keyIds }: Needed,
  signatures: readonly WrittenSignature[],
  message: Uint8Array,
): readonly string[] {
  const signed = signatures.flatMap((signature) => {
    const key = keyIds.includes(signature.keyId) ? keys.get(signature.keyId) : undefined;
    return key !== undefined && verifiesWith(key, signature, message) ? [signature.keyId] : [];
  });
  return [...new Set(signed)];
}

/**
 * The signatures that count, each key's once: what is published. Others make a file that some clients refuse, and anybody can add them
 * to a proposal.
 */
export async function countedSignatures(
  { draft, documents }: Made,
  { role, signatures }: Part,
): Promise<readonly WrittenSignature[]> {
  const message = documents.get(role)?.message ?? new Uint8Array();
  const counted = new Map<string, WrittenSignature>();
  for (const needed of await quorumsOf(draft, role))
    for (const signature of signatures)
      if (signedFor(needed, [signature], message).length > 0) counted.set(signature.keyId, signature);
  return [...counted.values()];
}

function verifiesWith(key: KeyEntry, { keyId, bytes }: WrittenSignature, message: Uint8Array): boolean {
  const { material } = readTufKey('a signature', keyId, keyJson(key), nodeCrypto);
  return material !== undefined && verifies(nodeCrypto, material, { keyId, method: '', bytes }, message);
}
