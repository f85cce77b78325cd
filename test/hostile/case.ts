import type { PinAnchor } from '../../src/config/config.ts';
import type { Code } from '../../src/errors.ts';
import type { Digest } from '../../src/oci/digest.ts';
import type { StoredTrust } from '../../src/state/store.ts';

/**
 * The hostile corpus: attacks that must be refused, and odd but legal metadata that must pass. Each case is a small
 * story; told, it becomes a scene of files and instants that knows nothing of tufgate, so that any other client can be
 * shown the same.
 */
export type Format = 'notary' | 'tuf';

export interface HostileCase {
  readonly format: Format;
  /** What is attacked. */
  readonly group: string;
  readonly name: string;
  /** What the attacker does, one sentence. */
  readonly move: string;
  /** What would come through, were the check missing. */
  readonly lets: string;
  /** Where it is written that this must be refused. */
  readonly anchor: string;
  readonly expect: Code;
  /** What verifies before the refusal, and may be stored: `floor timestamp`, `root 2`, `view`, `withdrawn`. */
  readonly learns: readonly string[];
  /** No digest comes out: what was known before must not go on either. */
  readonly silences?: true;
  /** The last step is the attack. */
  tell(): Scene;
}

export interface ValidCase {
  readonly format: Format;
  readonly group: string;
  readonly name: string;
  /** What is odd about it, one sentence. */
  readonly odd: string;
  /** Where it is written that this is legal. */
  readonly anchor: string;
  /** Every step must pass. */
  tell(): Scene;
}

export interface Scene {
  readonly registry: string;
  readonly repository: string;
  readonly steps: readonly Step[];
}

/** The client is started, its clock set, and it asks for one tag. */
export interface Step {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly tag: string;
  /** Asked for by its own name instead of the tag: is this very digest signed? */
  readonly byDigest?: Digest;
  /** What the tag must resolve to; absent in the attack. */
  readonly digest?: string;
  /** By path below the URL of the trust source; whatever is not there is a 404. */
  readonly answers: ReadonlyMap<string, Answer>;
  readonly settings: Settings;
  /** The attacker can write to the client's disk; such a step cannot be shown to other clients. */
  readonly tamper?: (stored: StoredTrust) => StoredTrust;
}

/** How the client is configured. */
export interface Settings {
  /** Absent: nothing anchors the collection. */
  readonly pin?: PinAnchor;
  readonly firstUse: 'refuse' | 'remember';
  readonly releases: 'strict' | 'docker';
  readonly signers?: { readonly atLeast: number; readonly of: readonly string[] };
}

export type Answer =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Begins the right answer, then falls silent. */
  | { readonly kind: 'stall'; readonly bytes: Uint8Array }
  /** Begins the right answer and never ends it. */
  | { readonly kind: 'endless'; readonly bytes: Uint8Array }
  /** Promises more than it sends, and closes. */
  | { readonly kind: 'cut'; readonly bytes: Uint8Array };

export function idOf({ format, group, name }: Pick<HostileCase, 'format' | 'group' | 'name'>): string {
  return `${format}-${group}-${name}`;
}
