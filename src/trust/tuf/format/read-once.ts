import type { Signed, Targets } from '../model.ts';
import type { Format } from './format.ts';

/**
 * The format, reading the same targets file once. For as long as one state is restored, where a file is a floor and in
 * the view as well: 20 MB cost more than a second each time. Known by the array itself, never by what a row says of it.
 */
export function readOnce(format: Format): Format {
  const known = new WeakMap<Uint8Array, { readonly role: string; readonly signed: Signed<Targets> }>();
  return {
    ...format,
    targets(name, role, bytes, crypto) {
      const before = known.get(bytes);
      if (before?.role === role) return before.signed;
      const signed = format.targets(name, role, bytes, crypto);
      known.set(bytes, { role, signed });
      return signed;
    },
  };
}
