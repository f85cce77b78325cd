import type { Reason } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';

/** Where the trust in a collection begins. */
export type AnchorKind = 'root-file' | 'keys' | 'ca' | 'first-use';

/** What one trust source said of one tag, and all that it rested on. */
export interface SourceVerdict {
  readonly source: string;
  readonly kind: 'notary' | 'tuf';
  readonly outcome: 'signed' | 'refused';
  readonly reason?: Reason;
  readonly message?: string;
  readonly digest?: Digest;
  /** Bytes of the manifest. */
  readonly length?: number;
  /** The roles whose word was believed, and the ids of the keys whose signatures on them verified. */
  readonly roles: readonly string[];
  readonly signers: readonly string[];
  readonly root?: { readonly version: number; readonly keys: readonly string[]; readonly anchor: AnchorKind };
  readonly versions: ReadonlyMap<string, number>;
  /** Epoch milliseconds. */
  readonly expires: ReadonlyMap<string, number>;
  /** When the approval ends, epoch milliseconds; absent when it does not. */
  readonly until?: number;
  /** When the source last confirmed what is believed, epoch milliseconds. */
  readonly checkedAt?: number;
  /** What it revokes later might not be noticed: good now, and never the past of a tag. */
  readonly untracked?: true;
  /** Why it could not confirm that just now; for operators: it may name hosts. */
  readonly failure?: { readonly reason: Reason; readonly message: string };
}

/** One line of the decision log. */
export interface Decision {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly event: 'pull' | 'integrity' | 'alarm';
  readonly client: { readonly address: string; readonly userAgent: string };
  readonly request: 'manifest' | 'blob' | 'tags' | 'resolve';
  readonly method: string;
  /** Of an alarm: the trust source that it came from. */
  readonly source?: string;
  /** `registry/repository`, normalised; as it was sent when it was refused before it had a meaning. */
  readonly repository: string;
  /** What was asked for: a tag, or a digest. */
  readonly tag?: string;
  readonly asked?: Digest;
  readonly verdict: 'allow' | 'deny';
  readonly mode: 'enforce' | 'observe';
  /** In observe mode: served, but enforcing would have refused. */
  readonly wouldDeny: boolean;
  readonly reason?: Reason;
  readonly message?: string;
  /** `rule 2 (ghcr.io/acme/**)` */
  readonly rule?: string;
  /** The digest that was served or would be. */
  readonly digest?: Digest;
  readonly sources: readonly SourceVerdict[];
}

/** What a record has in common that no request led to: an alarm, or damage that was found. It never says that anything was let through. */
export const UNASKED = {
  client: { address: '', userAgent: '' },
  method: '',
  verdict: 'deny',
  mode: 'enforce',
  wouldDeny: false,
  sources: [],
} as const satisfies Partial<Decision>;
