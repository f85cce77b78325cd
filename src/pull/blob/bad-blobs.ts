import { TufgateError } from '../../errors.ts';
import { type BlobRequest, keyOf } from './request.ts';

const MAX_REMEMBERED = 1_000;

/**
 * Remembers for some seconds which origin lied about which blob. Clients resume a broken blob up to five times, and
 * each of these would be another full download of the same lie.
 */
export class BadBlobs {
  readonly #now: () => number;
  readonly #forMs: number;
  readonly #known = new Map<string, { readonly error: TufgateError; readonly at: number }>();

  constructor(now: () => number, forMs: number) {
    this.#now = now;
    this.#forMs = forMs;
  }

  /** @param error the integrity.* that was found */
  remember(request: BlobRequest, error: TufgateError): void {
    const oldest = this.#known.keys().next();
    if (this.#known.size >= MAX_REMEMBERED && !oldest.done) this.#known.delete(oldest.value);
    this.#known.set(keyOf(request), { error, at: this.#now() });
  }

  /** @throws integrity.*, what was found when it was last fetched */
  check(request: BlobRequest): void {
    const known = this.#known.get(keyOf(request));
    if (known === undefined) return;
    // A clock that was set back must not make a lie of then one of now.
    const ago = this.#now() - known.at;
    if (ago >= 0 && ago < this.#forMs) throw new TufgateError(known.error.code, known.error.message, known.error);
    this.#known.delete(keyOf(request));
  }
}
