import { TufgateError } from '../errors.ts';

/** `sha256:` and 64, or `sha512:` and 128, lower-case hex digits: checked, so it is safe as a file name. */
export type Digest = string & { readonly __brand: 'Digest' };
export type Algorithm = 'sha256' | 'sha512';

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && DIGEST.test(text);
}

/** @throws request.digest when `text` is anything but a sha256 or sha512 digest in lower case. */
export function parseDigest(text: unknown): Digest {
  if (isDigest(text)) return text;
  const shown = typeof text === 'string' ? JSON.stringify(text.slice(0, 80)) : typeof text;
  throw new TufgateError(
    'request.digest',
    `${shown} is not a digest: expected sha256:<64 hex> or sha512:<128 hex>, lower case`,
  );
}

export function algorithmOf(digest: Digest): Algorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** @param bytes the 32 bytes of a sha256 sum */
export function sha256Digest(bytes: Uint8Array): Digest {
  return parseDigest(`sha256:${Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')}`);
}
