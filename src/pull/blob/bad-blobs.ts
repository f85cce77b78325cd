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
  readonly #known = new Map<string, { readonly error: TufgateError; readonly until: number }>();

  constructor(now: () => number, forMs: number) {
    this.#now = now;
    this.#forMs = forMs;
  }

  /** @param error the integrity.* that was found */
  remember(request: BlobRequest, error: TufgateError): void {
    const oldest = this.#known.keys().next();
    if (this.#known.size >= MAX_REMEMBERED && !oldest.done) this.#known.delete(oldest.value);
    this.#known.set(keyOf(request), { error, until: this.#now() + this.#forMs });
  }

  /** @throws integrity.*, what was found when it was last fetched */
  check(request: BlobRequest): void {
    const known = this.#known.get(keyOf(request));
    if (known === undefined) return;
    if (this.#now() < known.until) throw new TufgateError(known.error.code, known.error.message, known.error);
    this.#known.delete(keyOf(request));
  }
}
