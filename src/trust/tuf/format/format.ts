import type { Crypto } from '../crypto-port.ts';
import type { Root, Signed, Snapshot, Targets, Timestamp } from '../model.ts';

/**
 * A wire format: bytes → the common model, and the few rules in which Notary v1 and TUF 1.0 differ by design. All checks
 * beyond the shape of a file are made on the model, for both formats by the same code.
 *
 * `name` begins every message: the GUN in Notary, the trust source in TUF 1.0. Each function throws `trust.malformed`,
 * or `trust.too-large` for what has too many parts.
 */
export interface Format {
  readonly kind: 'notary' | 'tuf';
  root(name: string, bytes: Uint8Array, crypto: Crypto): Signed<Root>;
  timestamp(name: string, bytes: Uint8Array, crypto: Crypto): Signed<Timestamp>;
  snapshot(name: string, bytes: Uint8Array, crypto: Crypto): Signed<Snapshot>;
  /** @param role `targets` or a delegated role */
  targets(name: string, role: string, bytes: Uint8Array, crypto: Crypto): Signed<Targets>;
}
